"""Pairs by exact keys alone."""

from bridge.domain.identity import StrongKey, identity_of
from bridge.domain.records import values_of
from bridge.matching.exact import Capped, Known, exact_pairs
from tests.builders import customer


def known(known_as: str, **changes: object) -> Known:
    return Known(1, known_as, identity_of(values_of(customer(**changes))))


def test_pairs() -> None:
    """Who shares a key, by the one that nothing contradicts, with both values."""
    erp = [known("C1"), known("C2", name="Other", tax_number=None, email="a@other.example")]
    crm = [known("a", email=None, website=None), known("b", tax_number="DE987654321")]
    pairs, capped = exact_pairs(erp, crm, max_pairs_per_key=10)
    assert capped == []
    found = {(one.erp, one.crm): (one.key, one.contradiction) for one in pairs}
    assert found == {
        ("C1", "a"): (StrongKey.TAX_NUMBER, None),
        ("C1", "b"): (StrongKey.DOMAIN, "different tax numbers"),
    }
    assert [(one.field, one.erp, one.crm) for one in pairs[0].evidence] == [
        ("tax number", "DE123456789", "DE123456789"),
        ("name", "muster", "muster"),
    ]


def test_what_everybody_shares_is_no_key() -> None:
    """It is told instead of compared."""
    erp, crm = [known(f"C{n}", email=None, website=None) for n in range(4)], [known("a")] * 3
    pairs, capped = exact_pairs(erp, crm, max_pairs_per_key=11)
    assert pairs == []
    assert capped == [Capped("tax number DE123456789", 12)]
