"""Values that a person types."""

import pytest

from bridge.domain.records import Customer, Invoice, fields_of
from bridge.operations.typed_values import NegativeAmount, UnfitValue, require_plain

FIELDS = fields_of(Invoice) | {"phone": fields_of(Customer)["phone"]}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("gross_amount", "119"),
        ("gross_amount", "119.50"),
        ("gross_amount", ""),
        ("issued_on", "2026-03-01"),
        ("phone", "+49 (0) 1"),
        ("phone", "-1"),
    ],
)
def test_what_is_taken(field: str, text: str) -> None:
    """Plain numbers and dates, any text that can be seen, and nothing."""
    require_plain(FIELDS[field], text, ["1", None])


@pytest.mark.parametrize(
    ("field", "text"),
    [
        *(("gross_amount", text) for text in ("1_0", "1e3", "+1", " 1", "1.", ".5", "NaN", "٣")),
        *(("issued_on", text) for text in ("20260301", "2026-W01-1", "1.3.2026")),
        *(("phone", text) for text in ("1\n2", "\x1b[2J", "\u202e1")),
    ],
)
def test_what_is_refused(field: str, text: str) -> None:
    """What Python reads as well, and what cannot be seen."""
    with pytest.raises(UnfitValue, match=field):
        require_plain(FIELDS[field], text, ["1", "2"])


def test_a_sign_is_a_slip_where_no_side_has_it() -> None:
    """A reversal is negative on one side at least."""
    with pytest.raises(NegativeAmount, match="neither side is"):
        require_plain(FIELDS["gross_amount"], "-1", ["1", None])
    require_plain(FIELDS["gross_amount"], "-1", ["-2", None])
