// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Who gets how many seats.
library Seats {
    /// @dev What a Mixin multisig can hold.
    uint256 internal constant MAX_SEATS = 64;

    /// @notice Candidates by (seats descending, operator ascending) up to MAX_SEATS seats, the last one cut; then nobody
    ///         at or above a third, by the largest cap for which that holds. With fewer than four no cap does: seats stay.
    /// @param operators all candidates, with the seats that they `wanted` (1 to 64 each)
    /// @return members ascending by operator address
    /// @return seats of each member
    function select(address[] memory operators, uint256[] memory wanted)
        internal
        pure
        returns (address[] memory members, uint16[] memory seats)
    {
        uint256[] memory ranked = _rank(operators, wanted);
        uint256 size;
        uint256 sum;
        while (size < ranked.length && sum < MAX_SEATS) {
            sum += ranked[size] >> 160;
            if (sum > MAX_SEATS) ranked[size] -= (sum - MAX_SEATS) << 160;
            ++size;
        }
        uint256 cap = _cap(ranked, size);
        members = new address[](size);
        seats = new uint16[](size);
        for (uint256 i = 0; i < size; ++i) {
            address operator = _operator(ranked[i]);
            uint256 place = i;
            for (; place > 0 && members[place - 1] > operator; --place) {
                members[place] = members[place - 1];
                seats[place] = seats[place - 1];
            }
            members[place] = operator;
            seats[place] = uint16(_min(ranked[i] >> 160, cap));
        }
    }

    /// @dev The best MAX_SEATS candidates, descending. A candidate is `seats ‖ ~operator`, so that one comparison ranks.
    function _rank(address[] memory operators, uint256[] memory wanted) private pure returns (uint256[] memory ranked) {
        ranked = new uint256[](_min(operators.length, MAX_SEATS));
        uint256 filled;
        for (uint256 i = 0; i < operators.length; ++i) {
            uint256 candidate = (wanted[i] << 160) | uint160(~uint160(operators[i]));
            uint256 place = filled;
            if (filled < ranked.length) ++filled;
            else if (candidate < ranked[--place]) continue;
            for (; place > 0 && ranked[place - 1] < candidate; --place) {
                ranked[place] = ranked[place - 1];
            }
            ranked[place] = candidate;
        }
    }

    /// @dev The largest c with 3·min(s, c) < Σ min(s, c) for the largest s, hence for all; no limit if there is none.
    function _cap(uint256[] memory ranked, uint256 size) private pure returns (uint256) {
        if (size == 0) return 0;
        for (uint256 cap = MAX_SEATS; cap > 0; --cap) {
            uint256 sum;
            for (uint256 i = 0; i < size; ++i) {
                sum += _min(ranked[i] >> 160, cap);
            }
            uint256 largest;
            for (uint256 i = 0; i < size; ++i) {
                uint256 capped = _min(ranked[i] >> 160, cap);
                if (capped > largest) largest = capped;
            }
            if (3 * largest < sum) return cap;
        }
        return MAX_SEATS;
    }

    function _operator(uint256 candidate) private pure returns (address) {
        return address(~uint160(candidate));
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
