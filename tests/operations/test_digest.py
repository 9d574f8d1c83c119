"""The digest that tells whether a repeated message id carries the same records."""

from dataclasses import replace
from decimal import Decimal

from bridge.domain.content import encode_record
from bridge.domain.records import Record
from bridge.operations.digest import payload_digest
from tests.builders import invoice

FIRST, SECOND = invoice(number="1"), invoice(number="2")


def digest_of(records: list[Record], snapshot_id: str | None = None) -> bytes:
    return payload_digest(map(encode_record, records), snapshot_id)


def test_notation_is_no_difference() -> None:
    """100.50 is 100.5; another amount is another payload, and so is another order."""
    assert digest_of([replace(FIRST, open_amount=Decimal("-0.50"))]) == digest_of(
        [replace(FIRST, open_amount=Decimal("-0.5"))]
    )
    assert digest_of([replace(FIRST, open_amount=Decimal("-0.51"))]) != digest_of(
        [replace(FIRST, open_amount=Decimal("-0.5"))]
    )
    assert digest_of([FIRST, SECOND]) != digest_of([SECOND, FIRST])


def test_the_snapshot_is_part_of_the_payload() -> None:
    """The same records told in a snapshot, in another or in none are three payloads."""
    digests = {digest_of([FIRST], snapshot_id) for snapshot_id in (None, "", "1", "2")}
    assert len(digests) == 4
    assert digest_of([FIRST], None) == digest_of([FIRST])
