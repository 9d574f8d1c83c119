"""The digest that tells whether a repeated message id carries the same records."""

from dataclasses import replace
from decimal import Decimal

from bridge.operations.digest import payload_digest
from tests.builders import invoice

FIRST, SECOND = invoice(number="1"), invoice(number="2")


def test_notation_is_no_difference() -> None:
    """100.50 is 100.5; another amount is another payload, and so is another order."""
    assert payload_digest([replace(FIRST, open_amount=Decimal("-0.50"))]) == payload_digest(
        [replace(FIRST, open_amount=Decimal("-0.5"))]
    )
    assert payload_digest([replace(FIRST, open_amount=Decimal("-0.51"))]) != payload_digest(
        [replace(FIRST, open_amount=Decimal("-0.5"))]
    )
    assert payload_digest([FIRST, SECOND]) != payload_digest([SECOND, FIRST])


def test_the_snapshot_is_part_of_the_payload() -> None:
    """The same records told in a snapshot, in another or in none are three payloads."""
    digests = {payload_digest([FIRST], snapshot_id) for snapshot_id in (None, "", "1", "2")}
    assert len(digests) == 4
    assert payload_digest([FIRST], None) == payload_digest([FIRST])
