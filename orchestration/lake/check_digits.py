"""The check digit of a SNOMED code (Verhoeff): what a spreadsheet has rounded does not pass it."""

from __future__ import annotations

# A spreadsheet keeps fifteen digits of a number, so that a shorter code cannot have lost any.
SHORTEST_ROUNDED = 16
# One turn of the scheme's permutation, and its powers.
TURN = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def powers_of_the_turn() -> list[tuple[int, ...]]:
    powers = [tuple(range(10))]
    while len(powers) < 8:
        powers.append(tuple(TURN[digit] for digit in powers[-1]))
    return powers


POWERS = powers_of_the_turn()


def product(a: int, b: int) -> int:
    """In the symmetry group of the pentagon: 0-4 are turns, 5-9 are turns and a flip."""
    flips, turns = (a >= 5) != (b >= 5), (a - b if a >= 5 else a + b) % 5
    return turns + 5 * flips


def is_verhoeff(digits: str) -> bool:
    """
    >>> [is_verhoeff(code) for code in ("2363", "1077251000000100", "1064891000000107", "1064891000000110")]
    [True, True, True, False]
    """
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = product(check, POWERS[place % 8][int(digit)])
    return check == 0


def is_rounded(code: str) -> bool:
    """
    >>> [is_rounded(code) for code in ("1077251000000100", "1064891000000110", "J181")]
    [False, True, False]
    """
    return len(code) >= SHORTEST_ROUNDED and code.isascii() and code.isdigit() and not is_verhoeff(code)
