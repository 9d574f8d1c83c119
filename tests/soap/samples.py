"""Records for tests: a few written out, and Hypothesis strategies derived from the catalogue."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bridge.domain.records import (
    RECORD_CLASSES,
    Customer,
    CustomerStatus,
    DocumentLine,
    DocumentStatus,
    Field,
    Invoice,
    Kind,
    Record,
    fields_of,
)

CUSTOMER = Customer(
    number="C-1",
    name="Müller & Söhne <Köln>",
    tax_number="DE123456789",
    email="office@example.com",
    billing_street="Domstraße 1\nHinterhaus",
    billing_city="Köln",
    billing_country="DE",
    currency="EUR",
    credit_limit=Decimal("12345678901.2"),
    status=CustomerStatus.ACTIVE,
)

INVOICE = Invoice(
    company_code="1000",
    number="I-1",
    customer_number="C-1",
    issued_on=date(2026, 3, 1),
    due_on=date(2026, 3, 31),
    currency="USD",
    net_amount=Decimal("11888.625"),
    tax_amount=Decimal("1.375"),
    gross_amount=Decimal("11890.00"),
    open_amount=Decimal("-0.50"),
    status=DocumentStatus.PARTIALLY_PAID,
    lines=(
        DocumentLine(
            line_number=1,
            description="größer 漢字 🚲",
            quantity=Decimal("2.5"),
            net_amount=Decimal("11888.625"),
        ),
        DocumentLine(line_number=2, quantity=Decimal(0), net_amount=Decimal(0)),
    ),
)


def records() -> st.SearchStrategy[Record]:
    """Any record that the contract's schema lets through, optional fields present or absent."""
    return st.one_of(*(st.builds(one, **_members(one)) for one in RECORD_CLASSES.values()))


def batches() -> st.SearchStrategy[list[Record]]:
    """Some records of one type."""
    return st.one_of(
        *(
            st.lists(st.builds(one, **_members(one)), min_size=1, max_size=5)
            for one in RECORD_CLASSES.values()
        )
    )


def _members(record_class: type[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: _values(field) for name, field in fields_of(record_class).items()}


def _values(field: Field) -> st.SearchStrategy[Any]:
    if field.item_type is not None:
        items = st.builds(field.item_type, **_members(field.item_type))
        return st.lists(items, max_size=3).map(tuple)
    present = _present(field)
    return present if field.required else st.none() | present


def _present(field: Field) -> st.SearchStrategy[Any]:
    match field.kind:
        case Kind.CODE:
            assert field.codes is not None
            return st.sampled_from(field.codes)
        case Kind.DATE:
            return st.dates()
        case Kind.INTEGER:
            return st.integers(-(2**31), 2**31 - 1)
        case Kind.MONEY | Kind.AMOUNT | Kind.QUANTITY:
            return st.decimals(-(10**14) + 1, 10**14 - 1, places=4)
        case _:
            return _texts(field)


def _texts(field: Field) -> st.SearchStrategy[str]:
    """All that XML can carry. An empty optional text is an absent one, so it is left out."""
    legal = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    least = 0 if field.required else 1
    return st.text(legal | st.sampled_from("\t\r\n"), min_size=least, max_size=field.max_length)
