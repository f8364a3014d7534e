// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMixinGroup} from "../interfaces/IMixinGroup.sol";
import {LaneNonces, LaneNoncesLibrary} from "../libraries/LaneNonces.sol";
import {Lanes} from "./Lanes.sol";

/// @title What the validators decide about this contract and its processes, other than messages.
/// @dev A system event is abi.encode(uint8 kind, bytes args), args abi.encode of what its kind has. One of a kind unknown
///      here, or of a form that its kind does not have, is skipped: it is certified, so refusing it would stop every app
///      on this chain for ever. Hence nothing here reverts, whatever the bytes, and nothing runs foreign code.
abstract contract SystemEvents is Lanes {
    uint256 private constant REGISTER = 1;
    uint256 private constant MOVE = 2;
    uint256 private constant CLOSE = 3;
    uint256 private constant VALIDATOR_SET = 4;
    uint256 private constant CUSTODY = 5;
    uint256 private constant ASSET_INFO = 6;
    uint256 private constant CREDIT = 7;

    /// @dev kind, offset of args (64), length of args; then args.
    uint256 private constant ARGS = 96;
    /// @dev What fits into a transaction whatever a registration says: more would stop every later outbox.
    uint32 private constant GAS_LIMIT_MAX = 2_000_000;
    uint256 private constant CUSTODY_MAX = 32 * (4 + 64);
    uint256 private constant SYMBOL_MAX = 32;
    uint256 private constant NAME_MAX = 64;

    struct Description {
        string symbol;
        string name;
    }

    mapping(bytes16 asset => Description) private _descriptions;
    /// @inheritdoc IMixinGroup
    bytes32 public override custodyHash;

    /// @inheritdoc IMixinGroup
    function assetInfo(bytes16 asset) external view override returns (string memory symbol, string memory name) {
        Description storage known = _descriptions[asset];
        return (known.symbol, known.name);
    }

    /// @return whether the event of `height` changed anything
    function _apply(bytes calldata event_, uint64 height) internal returns (bool) {
        if (event_.length < ARGS || _word(event_, 32) != 64) return false;
        (uint256 kind, uint256 length) = (_word(event_, 0), _word(event_, 64));
        if (length > event_.length || event_.length != ARGS + _padded(length)) return false;
        bytes calldata args = event_[ARGS:ARGS + length];
        if (kind == REGISTER) return args.length == 160 && _register(args);
        if (kind == MOVE) return args.length == 64 && _move(_id(args), address(uint160(_word(args, 32))));
        if (kind == CLOSE) return args.length == 32 && _close(_id(args));
        if (kind == VALIDATOR_SET) {
            return args.length == 64 && _changeValidators(uint64(_word(args, 0)), bytes32(_word(args, 32)), height);
        }
        if (kind == CUSTODY) return args.length <= CUSTODY_MAX && _publishCustody(args);
        if (kind == ASSET_INFO) return _isDescription(args) && _describe(args);
        return kind == CREDIT && args.length == 96 && _credit(_id(args), bytes16(bytes32(_word(args, 32))), _word(args, 64));
    }

    /// @dev (bytes16 process, address app, uint8 policy, uint32 gasLimit, uint64 firstNonce). A process whose address
    ///      belongs to another one gets no app. One that was closed may come back, with nonces that go on.
    function _register(bytes calldata args) private returns (bool) {
        bytes16 process = _id(args);
        address app = address(uint160(_word(args, 32)));
        Process storage lane = _processes[process];
        (LaneNonces nonces, uint64 first) = (lane.nonces, uint64(_word(args, 128)));
        if (process == 0 || lane.registered || first < nonces.next()) return false;
        if (_isOthers(app, process)) app = address(0);
        else processOf[app] = process;
        uint32 gasLimit = uint32(_word(args, 96));
        lane.app = app;
        lane.gasLimit = gasLimit < GAS_LIMIT_MAX ? gasLimit : GAS_LIMIT_MAX;
        lane.policy = uint8(_word(args, 64));
        lane.registered = true;
        lane.nonces = LaneNoncesLibrary.startAt(first).withSent(nonces.sent());
        emit Registered(process, app, lane.policy, lane.gasLimit, first);
        return true;
    }

    /// @dev (bytes16 process, address app). What waits in the lane is the new app's; `previous` begins anew.
    function _move(bytes16 process, address app) private returns (bool) {
        Process storage lane = _processes[process];
        if (!lane.registered || app == lane.app || _isOthers(app, process)) return false;
        delete processOf[lane.app];
        lane.app = app;
        lane.nonces = lane.nonces.withNoneDelivered();
        processOf[app] = process;
        emit Moved(process, app);
        return true;
    }

    /// @dev (bytes16 process). What waits in the lane can only be given back now, hence the head.
    function _close(bytes16 process) private returns (bool) {
        Process storage lane = _processes[process];
        if (!lane.registered) return false;
        delete processOf[lane.app];
        delete lane.app;
        delete lane.registered;
        lane.nonces = lane.nonces.withHead(lane.nonces.next());
        emit Closed(process);
        return true;
    }

    /// @dev (uint64 epoch, bytes16[] members, uint16 threshold): too long to be stored, so a hash stands for it.
    function _publishCustody(bytes calldata args) private returns (bool) {
        custodyHash = keccak256(args);
        emit Custody(args);
        return true;
    }

    /// @dev (bytes16 asset, string symbol, string name), as checked by {_isDescription}.
    function _describe(bytes calldata args) private returns (bool) {
        (bytes16 asset, string memory symbol, string memory name) = abi.decode(args, (bytes16, string, string));
        _descriptions[asset] = Description(symbol, name);
        emit AssetDescribed(asset, symbol, name);
        return true;
    }

    /// @dev (bytes16 process, bytes16 asset, uint256 amount): into the balance, without a message.
    function _credit(bytes16 process, bytes16 asset, uint256 amount) private returns (bool) {
        uint256 balance = _processes[process].balances[asset];
        if (amount > type(uint256).max - balance) return false;
        _processes[process].balances[asset] = balance + amount;
        emit Credited(process, asset, amount);
        return true;
    }

    /// @dev Whether `app` has said, or is known, to be of another process.
    function _isOthers(address app, bytes16 process) private view returns (bool) {
        bytes16 bound = _boundTo[app];
        bytes16 owner = bound == 0 ? processOf[app] : bound;
        return owner != 0 && owner != process;
    }

    /// @dev Whether `args` are the one encoding of an asset, a symbol and a name, of lengths within bounds.
    function _isDescription(bytes calldata args) private pure returns (bool) {
        if (args.length < 160 || uint128(_word(args, 0)) != 0 || _word(args, 32) != 96) return false;
        uint256 symbolLength = _word(args, 96);
        if (symbolLength > SYMBOL_MAX) return false;
        uint256 nameAt = 128 + _padded(symbolLength);
        if (args.length < nameAt + 32 || _word(args, 64) != nameAt) return false;
        uint256 nameLength = _word(args, nameAt);
        return nameLength <= NAME_MAX && args.length == nameAt + 32 + _padded(nameLength);
    }

    function _padded(uint256 length) private pure returns (uint256) {
        return (length + 31) & ~uint256(31);
    }

    function _id(bytes calldata args) private pure returns (bytes16) {
        return bytes16(bytes32(_word(args, 0)));
    }

    /// @dev 32 bytes from `offset` on, which the caller has checked to be there.
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
