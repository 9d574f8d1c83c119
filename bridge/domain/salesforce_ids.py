"""Salesforce ids: 15 characters that depend on case, or 18 that do not."""

import re
from string import ascii_uppercase

from bridge import BridgeError

_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_SUFFIX = ascii_uppercase + "012345"


class BadSalesforceId(BridgeError):
    """A text that is no Salesforce id."""


def normalise_id(text: str) -> str:
    """The 18-character form of an id of 15 or 18 characters. Raises BadSalesforceId.

    Each of the last three characters says which of five are upper case (Salesforce Help, "What are
    the differences between 15 and 18 character IDs").
    """
    if len(text) == 18 and text.isascii() and text.isalnum():
        return text
    if not _ID.fullmatch(text):
        raise BadSalesforceId(f"{text!r} is no Salesforce id: 15 or 18 letters and digits")
    return text + "".join(_suffix_of(text[start : start + 5]) for start in (0, 5, 10))


def checked_id(text: str) -> str:
    """As `normalise_id`, for an id that a stranger sent: one whose checksum is wrong is none."""
    whole = normalise_id(text[:15])
    if text not in (whole, whole[:15]):
        raise BadSalesforceId(f"{text!r} is no Salesforce id: its last three characters are wrong")
    return whole


def _suffix_of(five: str) -> str:
    return _SUFFIX[sum(1 << place for place, char in enumerate(five) if char in ascii_uppercase)]
