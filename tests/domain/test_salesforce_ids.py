"""Salesforce ids."""

import pytest

from bridge.domain.salesforce_ids import BadSalesforceId, checked_id, normalise_id


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


@pytest.mark.parametrize("text", ["001000000000001AAB", "001000000000001aaa", "00100000000000BAAA"])
def test_a_wrong_checksum_tells_a_mangled_id(text: str) -> None:
    """Somebody changed its case, or made it up."""
    assert checked_id("001000000000001") == checked_id("001000000000001AAA")
    with pytest.raises(BadSalesforceId):
        checked_id(text)
