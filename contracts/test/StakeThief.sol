// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title For tests: an operator that is a contract, and tries to be paid twice.
contract StakeThief {
    address private immutable _staking;
    /// 0: takes money, 1: calls {withdraw} again while it is paid, 2: takes none.
    uint256 private _mode;
    /// @notice Whether the second call went through.
    bool public again;

    error Refused();

    constructor(address staking) {
        _staking = staking;
    }

    receive() external payable {
        if (_mode == 2) revert Refused();
        if (_mode == 1) (again,) = _staking.call(abi.encodeWithSignature("withdraw()"));
    }

    function setMode(uint256 mode) external {
        _mode = mode;
    }

    function deposit(bytes calldata call_) external payable {
        _run(call_, msg.value);
    }

    function run(bytes calldata call_) external {
        _run(call_, 0);
    }

    function _run(bytes calldata call_, uint256 value) private {
        (bool ok,) = _staking.call{value: value}(call_);
        if (!ok) revert Refused();
    }
}
