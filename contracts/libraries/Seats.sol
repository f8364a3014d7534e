// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Who gets how many seats.
library Seats {
    /// @dev What a Mixin multisig can hold.
    uint256 internal constant MAX_SEATS = 64;
    /// @dev With fewer validators nobody's share can be below a third.
    uint256 private constant TOLERANT_SIZE = 4;

    /// @notice Hands out up to MAX_SEATS seats, each to the candidate with the most stake per seat that it would then hold;
    ///         then nobody at or above a third, by the largest cap for which that holds. With fewer than four no cap does:
    ///         seats stay.
    /// @dev Seat by seat is the method of Jefferson and D'Hondt: power follows stake when more is staked than there are
    ///      seats, and splitting a stake over several operators gains nothing. Among equals the larger stake, then the
    ///      lower operator address comes first.
    /// @param operators all candidates, with the seats that they `wanted` (at most 64 each; none for 0)
    /// @return members ascending by operator address
    /// @return seats of each member
    function select(address[] memory operators, uint256[] memory wanted)
        internal
        pure
        returns (address[] memory members, uint16[] memory seats)
    {
        uint256[] memory ranked = _rank(operators, wanted);
        uint256[] memory held = _handOut(ranked);
        uint256 size;
        while (size < held.length && held[size] > 0) ++size; // who ranks lower holds no more
        uint256 cap = _cap(held, size);
        members = new address[](size);
        seats = new uint16[](size);
        for (uint256 i = 0; i < size; ++i) {
            address operator = address(~uint160(ranked[i]));
            uint256 place = i;
            for (; place > 0 && members[place - 1] > operator; --place) {
                members[place] = members[place - 1];
                seats[place] = seats[place - 1];
            }
            members[place] = operator;
            seats[place] = uint16(_min(held[i], cap));
        }
    }

    /// @dev The best MAX_SEATS candidates, descending: no other gets a seat before each of them has one. A candidate is
    ///      `seats ‖ ~operator`, so that one comparison ranks.
    function _rank(address[] memory operators, uint256[] memory wanted) private pure returns (uint256[] memory ranked) {
        ranked = new uint256[](_min(operators.length, MAX_SEATS));
        uint256 filled;
        for (uint256 i = 0; i < operators.length; ++i) {
            if (wanted[i] == 0) continue;
            uint256 candidate = (wanted[i] << 160) | uint160(~uint160(operators[i]));
            uint256 place = filled;
            if (filled < ranked.length) ++filled;
            else if (candidate < ranked[--place]) continue;
            for (; place > 0 && ranked[place - 1] < candidate; --place) {
                ranked[place] = ranked[place - 1];
            }
            ranked[place] = candidate;
        }
        assembly ("memory-safe") {
            mstore(ranked, filled)
        }
    }

    /// @dev Seats of each of `ranked`, MAX_SEATS in all or as many as they want. Where four or more share, nobody gets
    ///      more than the most that is below a third of all: without that bound three could take every seat.
    function _handOut(uint256[] memory ranked) private pure returns (uint256[] memory held) {
        uint256 size = ranked.length;
        uint256 most = size < TOLERANT_SIZE ? MAX_SEATS : (MAX_SEATS - 1) / 3;
        held = new uint256[](size);
        for (uint256 left = MAX_SEATS; left > 0; --left) {
            uint256 best = size;
            for (uint256 i = 0; i < size; ++i) {
                uint256 stake = ranked[i] >> 160;
                if (held[i] >= _min(stake, most)) continue;
                if (best == size || stake * (held[best] + 1) > (ranked[best] >> 160) * (held[i] + 1)) best = i;
                if (held[i] == 0) break; // nobody below has more stake per seat
            }
            if (best == size) break;
            ++held[best];
        }
    }

    /// @dev The largest c with 3·min(s, c) < Σ min(s, c) for the largest s, hence for all; no limit if there is none.
    ///      `held` descends.
    function _cap(uint256[] memory held, uint256 size) private pure returns (uint256) {
        if (size == 0) return 0;
        for (uint256 cap = held[0]; cap > 0; --cap) {
            uint256 sum;
            for (uint256 i = 0; i < size; ++i) {
                sum += _min(held[i], cap);
            }
            if (3 * cap < sum) return cap;
        }
        return MAX_SEATS;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
