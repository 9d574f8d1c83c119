"""Hypothesis strategies: records of every type, by the catalogue of their fields."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from bridge.domain.money import MAX_DIGITS, SCALE
from bridge.domain.records import RECORD_CLASSES, Field, Kind, RecordType, fields_of

GREATEST = 10**MAX_DIGITS - 1


def amounts(greatest: int = GREATEST) -> st.SearchStrategy[Decimal]:
    """Amounts that fit, some with needless zeros, some in exponents."""
    scaled = st.integers(-greatest, greatest).map(lambda number: Decimal(number).scaleb(-SCALE))
    return st.one_of(
        scaled,
        scaled.map(lambda amount: amount.normalize()),
        st.integers(-1000, 1000).map(lambda number: Decimal(number).quantize(Decimal("0.00"))),
    )


def values(field: Field) -> st.SearchStrategy[Any]:
    """Values of a field, None among them where it is optional."""
    match field.kind:
        case Kind.MONEY | Kind.AMOUNT | Kind.QUANTITY:
            plain: st.SearchStrategy[Any] = amounts()
        case Kind.DATE:
            plain = st.dates(date(1900, 1, 1), date(2999, 12, 31))
        case Kind.INTEGER:
            plain = st.integers(1, 99_999)
        case Kind.CURRENCY:
            plain = st.sampled_from(["EUR", "USD", "JPY", "BHD"])
        case Kind.COUNTRY:
            plain = st.sampled_from(["DE", "FR", "JP"])
        case Kind.CODE:
            assert field.codes is not None
            plain = st.sampled_from(list(field.codes))
        case Kind.ITEMS:
            plain = st.lists(built(field.item_type), max_size=3).map(tuple)
        case _:
            plain = st.text(min_size=1, max_size=field.max_length or 20)
    return plain if field.required or field.kind is Kind.ITEMS else st.none() | plain


def built(record_class: Any) -> st.SearchStrategy[Any]:
    """Instances of a record or item class."""
    return st.builds(
        record_class, **{name: values(field) for name, field in fields_of(record_class).items()}
    )


def records(record_type: RecordType) -> st.SearchStrategy[Any]:
    """Records of a type."""
    return built(RECORD_CLASSES[record_type])
