"""Columns of texts become values, and columns of values objects."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from spyne import Boolean, Date, DateTime, Integer32, Unicode

from bridge.domain.records import DocumentLine, DocumentStatus
from bridge.soap.columns import builder, converter
from bridge.soap.contract import DOCUMENT_STATUS
from bridge.soap.elements import AMOUNT, Model, required


@pytest.mark.parametrize(
    ("model", "texts", "values"),
    [
        (Integer32, ["7", " -0 ", "+1"], [7, 0, 1]),
        (required(AMOUNT, ""), ["1.50", ".5", " -7. "], [Decimal("1.50"), Decimal("0.5"), -7]),
        (Date, ["2026-03-01", "2026-03-02Z"], [date(2026, 3, 1), date(2026, 3, 2)]),
        (DateTime, ["2026-03-01T12:00:00"], [datetime(2026, 3, 1, 12, tzinfo=UTC)]),
        (DateTime, ["2026-03-01T12:00:00+01:00"], [datetime(2026, 3, 1, 11, tzinfo=UTC)]),
        (DateTime, ["2026-03-01T12:00:00.1234567Z"], [datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)]),
        (Boolean, ["true", "0", " 1", "false"], [True, False, True, False]),
        (DOCUMENT_STATUS, ["OPEN", "VOID"], [DocumentStatus.OPEN, DocumentStatus.VOID]),
    ],
)
def test_texts_become_values(model: Model, texts: list[str], values: list[object]) -> None:
    """Each text is read by its type, whatever the others of its column look like."""
    convert = converter(model)
    assert convert is not None
    assert convert(texts) == values


def test_texts_that_are_values_need_no_converter() -> None:
    """There is nothing to do where a text is the value."""
    assert converter(Unicode) is None


def test_one_day_that_cannot_be_held() -> None:
    """It is told in words, and not by what the other texts of its column are."""
    convert = converter(Date)
    assert convert is not None
    with pytest.raises(ValueError, match="years 0001 to 9999"):
        convert(["2026-03-01", "10000-01-01"])


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "12026-01-01T00:00:00Z", "-0044-03-15T12:00:00Z"]
)
def test_an_instant_that_cannot_be_held(text: str) -> None:
    """XML Schema knows instants that no calendar here does."""
    convert = converter(DateTime)
    assert convert is not None
    with pytest.raises(ValueError, match="years 0001 to 9999"):
        convert([text])


def test_objects_are_made_of_columns() -> None:
    """They are those that their class makes of its keyword arguments."""
    columns = {
        "line_number": [1, 2],
        "product_code": ["P", None],
        "description": [None, None],
        "quantity": [Decimal(1), Decimal(2)],
        "net_amount": [Decimal(3), Decimal(4)],
    }
    lines = builder(DocumentLine)(columns, 2)
    assert lines == [
        DocumentLine(line_number=1, product_code="P", quantity=Decimal(1), net_amount=Decimal(3)),
        DocumentLine(line_number=2, quantity=Decimal(2), net_amount=Decimal(4)),
    ]
    assert builder(dict)({"number": [1, 2]}, 2) == [{"number": 1}, {"number": 2}]
    assert builder(dict)({}, 1) == [{}]
