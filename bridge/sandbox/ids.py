"""Salesforce ids: made, checked and normalised to 18 characters.

An id is a key prefix (3), the org's pod (2), a reserved character, a number in base 62 (9), and a
checksum (3) that tells apart ids which differ in case only. Source: help article 000385585.
"""

import re

from bridge.sandbox.errors import RefusedValueError

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[0-9A-Za-z]{15}([0-9A-Za-z]{3})?")


def new_id(key_prefix: str, pod: str, number: int) -> str:
    """The 18-character id of the ``number``-th row; ids sort as their numbers do."""
    return with_checksum(f"{key_prefix}{pod}0{_base62(number, width=9)}")


def normalise(text: str) -> str:
    """The 18-character form of an id of 15 or 18 characters.

    Raises RefusedValueError (MALFORMED_ID) for anything else, a wrong checksum included.
    """
    if _ID.fullmatch(text):
        full = with_checksum(text[:15])
        if len(text) == 15 or text == full:
            return full
    raise RefusedValueError("MALFORMED_ID", f"bad id {text}")


def with_checksum(id15: str) -> str:
    return id15 + "".join(_checksum_digit(id15[i : i + 5]) for i in (0, 5, 10))


def _checksum_digit(chunk: str) -> str:
    bits = sum(1 << position for position, char in enumerate(chunk) if "A" <= char <= "Z")
    return _CHECKSUM_DIGITS[bits]


def _base62(number: int, *, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits.append(DIGITS[digit])
    return "".join(reversed(digits))
