// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {StakeBook} from "./StakeBook.sol";

/// @title The way out: leave, be released by the network, unbond, withdraw.
/// @dev Unbonding starts when a checkpoint says that the network works without the seats, for a validator can sign until
///      then; no call and no later checkpoint brings a date forward. Where checkpoints stop coming altogether, stake is not
///      kept for ever: two unbonding periods after the last one every exit opens.
abstract contract Exits is StakeBook {
    /// @notice Unbonding entries that an operator can have open; what slashing and {exit} add is one more.
    uint256 public constant MAX_ENTRIES = 7;

    /// @notice Seconds that stake stays after it was released.
    uint32 public immutable UNBONDING;
    /// @notice Seconds that a jailed operator stays out at least.
    uint32 public immutable JAIL_SECONDS;
    uint256 internal immutable SLASH_PER_SEAT;

    /// @notice When the last set was frozen or checkpoint taken; 0 before the first.
    uint48 public lastCheckpointAt;
    mapping(address operator => mapping(uint32 number => Entry)) private _entries;

    constructor(uint32 unbonding, uint32 jailSeconds, uint256 slashPerSeat) {
        (UNBONDING, JAIL_SECONDS, SLASH_PER_SEAT) = (unbonding, jailSeconds, slashPerSeat);
    }

    /// @notice Takes the seats of these Mixin users out of every set from the next one on. The last seat goes by {exit}.
    /// @dev Name the users whose keys you want to be rid of: they are never used again.
    function removeSeats(bytes16[] calldata mixinIds) external override {
        Account storage account = _present(msg.sender);
        if (mixinIds.length == 0) revert SeatsOutOfRange(0);
        if (mixinIds.length >= account.seats) revert LastSeat();
        if (account.nextEntry - account.firstEntry >= MAX_ENTRIES) revert TooManyEntries(MAX_ENTRIES);
        for (uint256 i = 0; i < mixinIds.length; ++i) {
            _dropSeatUser(mixinIds[i]);
        }
        uint32 entry = _leave(msg.sender, account, uint16(mixinIds.length));
        emit SeatsRemoved(msg.sender, entry, mixinIds);
    }

    /// @notice Leaves with every seat. The validator still owes its signatures until it is released, and the same operator
    ///         address never comes back.
    function exit() external override {
        Account storage account = _present(msg.sender);
        uint16 seats = account.seats;
        emit Exited(msg.sender, _leave(msg.sender, account, seats), seats);
    }

    /// @notice Pays the caller every entry that has unbonded.
    function withdraw() external override {
        Account storage account = _accounts[msg.sender];
        (uint32 number, uint32 end) = (account.firstEntry, account.nextEntry);
        uint64 readyAt = type(uint64).max;
        uint256 seats;
        for (; number < end; ++number) {
            Entry memory entry = _entries[msg.sender][number];
            readyAt = _readyAt(entry);
            if (block.timestamp < readyAt) break;
            seats += entry.seats;
            delete _entries[msg.sender][number];
        }
        if (seats == 0) revert NotReady(readyAt);
        account.firstEntry = number;
        account.held -= uint16(seats);
        uint256 amount = seats * (account.tombstoned ? SEAT_STAKE - SLASH_PER_SEAT : SEAT_STAKE);
        emit Withdrawn(msg.sender, uint16(seats), amount);
        _pay(msg.sender, amount);
    }

    /// @notice A jailed operator asks to be counted again, from the next set on.
    function unjail() external override {
        Account storage account = _present(msg.sender);
        uint48 until = account.jailedUntil;
        if (until == 0) revert NotJailed();
        if (block.timestamp < until) revert StillJailed(until);
        account.jailedUntil = 0;
        emit Unjailed(msg.sender);
    }

    /// @notice The open unbonding entries of an operator.
    /// @return first number of the first
    /// @return entries in order
    /// @return readyAt second from which each can be withdrawn, as things stand
    function entriesOf(address operator)
        external
        view
        override
        returns (uint32 first, Entry[] memory entries, uint64[] memory readyAt)
    {
        Account storage account = _accounts[operator];
        first = account.firstEntry;
        entries = new Entry[](account.nextEntry - first);
        readyAt = new uint64[](entries.length);
        for (uint32 i = 0; i < entries.length; ++i) {
            entries[i] = _entries[operator][first + i];
            readyAt[i] = _readyAt(entries[i]);
        }
    }

    /// @dev Moves seats into a new entry. Before the first set nobody waits for a release.
    function _leave(address operator, Account storage account, uint16 seats) internal returns (uint32 number) {
        number = account.nextEntry;
        account.nextEntry = number + 1;
        account.seats -= seats;
        uint48 now_ = uint48(block.timestamp);
        bool free = lastCheckpointAt == 0;
        _entries[operator][number] = Entry(seats, now_, free ? now_ : 0);
        if (free) account.releasedEntries = number + 1;
    }

    /// @dev Entries below `end` start to unbond now; those released before keep their date.
    function _release(address operator, uint32 end) internal {
        Account storage account = _accounts[operator];
        if (end > account.nextEntry) end = account.nextEntry;
        uint32 from = account.releasedEntries;
        if (end <= from) return;
        account.releasedEntries = end;
        if (from < account.firstEntry) from = account.firstEntry; // withdrawn while checkpoints were missing
        for (; from < end; ++from) {
            _entries[operator][from].releasedAt = uint48(block.timestamp);
        }
        emit Released(operator, end);
    }

    function _jail(address operator) internal {
        Account storage account = _accounts[operator];
        if (account.seats == 0) return;
        account.jailedUntil = uint48(block.timestamp + JAIL_SECONDS);
        emit Jailed(operator, account.jailedUntil);
    }

    function _pay(address to, uint256 amount) internal {
        (bool paid,) = to.call{value: amount}("");
        if (!paid) revert TransferFailed();
    }

    function _readyAt(Entry memory entry) private view returns (uint64) {
        if (entry.releasedAt != 0) return uint64(entry.releasedAt) + UNBONDING;
        uint64 own = uint64(entry.requestedAt) + UNBONDING;
        uint64 abandoned = uint64(lastCheckpointAt) + 2 * uint64(UNBONDING);
        return own > abandoned ? own : abandoned;
    }
}
