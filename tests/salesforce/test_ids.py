"""Salesforce ids."""

import pytest

from bridge.salesforce import BadSalesforceId, normalise_id


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001000000000000", "001000000000000AAA"),
        ("00DU0000000Albh", "00DU0000000AlbhMAC"),  # as a real org told its own
        ("006A000000LbiiZ", "006A000000LbiiZIAR"),
    ],
)
def test_fifteen_characters_become_eighteen(short: str, long: str) -> None:
    """The three characters that are added tell which of the fifteen are upper case."""
    assert normalise_id(short) == long
    assert normalise_id(long) == long


@pytest.mark.parametrize(
    "text", ["", "001", "0010000000000001", "00100000000000é", "001'OR'1'='1'--"]
)
def test_refuses_what_is_no_id(text: str) -> None:
    """Anything but 15 or 18 letters and digits is refused, so an id is safe inside SOQL."""
    with pytest.raises(BadSalesforceId):
        normalise_id(text)
