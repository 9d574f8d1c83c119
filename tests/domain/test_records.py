"""Records, their keys and the catalogue of their fields."""

from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.records import (
    AMOUNT_COLUMNS,
    RECORD_CLASSES,
    TEXT_KINDS,
    BadRecordKey,
    DocumentLine,
    DocumentStatus,
    Kind,
    PaymentApplication,
    RecordKey,
    RecordType,
    field_names,
    fields_of,
    key_of,
    record_type_of,
    values_of,
)
from tests.builders import EXAMPLES, customer, invoice

COMPANY_CODES = st.text("ABCabc019_.-", min_size=1, max_size=20)
NUMBERS = st.text(min_size=1, max_size=60)
TEXTUAL = TEXT_KINDS | {Kind.COUNTRY, Kind.CURRENCY}
ALL_CLASSES = [*RECORD_CLASSES.values(), DocumentLine, PaymentApplication]


@pytest.mark.parametrize("record_class", ALL_CLASSES)
def test_the_catalogue_lists_every_attribute_in_order(record_class: type) -> None:
    """A class's catalogue names its attributes in the order in which they are written."""
    assert list(fields_of(record_class)) == [field.name for field in fields(record_class)]


@pytest.mark.parametrize("record_class", ALL_CLASSES)
def test_every_text_has_a_greatest_length(record_class: type) -> None:
    """No text is without bounds."""
    for field in fields_of(record_class).values():
        assert (field.max_length is not None) == (field.kind in TEXTUAL), field


def test_the_catalogue_tells_required_from_optional() -> None:
    """An attribute is optional exactly where it has a default."""
    catalogue = fields_of(RECORD_CLASSES[RecordType.INVOICE])
    optional = [name for name, field in catalogue.items() if not field.required]
    assert optional == ["due_on", "purchase_order", "lines"]


def test_the_catalogue_knows_codes_and_items() -> None:
    """A code names its enumeration, a repeated group the class it repeats."""
    catalogue = fields_of(RECORD_CLASSES[RecordType.INVOICE])
    assert catalogue["status"].codes is DocumentStatus
    assert catalogue["lines"].item_type is DocumentLine
    assert catalogue["number"].codes is None
    assert catalogue["number"].item_type is None


@pytest.mark.parametrize("record_type", RecordType)
def test_control_totals_add_up_amounts_that_exist(record_type: RecordType) -> None:
    """Each summed column comes from an amount of the record."""
    catalogue = fields_of(RECORD_CLASSES[record_type])
    for name in AMOUNT_COLUMNS[record_type].values():
        assert catalogue[name].kind in (Kind.MONEY, Kind.AMOUNT)


@pytest.mark.parametrize("record_type", RecordType)
def test_a_record_tells_its_type_key_and_values(record_type: RecordType) -> None:
    """Type, key and values come from the record's own attributes."""
    record = EXAMPLES[record_type]
    assert record_type_of(record) is record_type
    assert key_of(record).number == record.number
    assert key_of(record).record_type is record_type
    assert tuple(values_of(record)) == field_names(record_type)
    assert RECORD_CLASSES[record_type](**values_of(record)) == record  # type: ignore[arg-type]


def test_records_do_not_change() -> None:
    """A record is a value."""
    with pytest.raises(FrozenInstanceError):
        customer().name = "Other"  # type: ignore[misc]


def test_keys_read_as_people_write_them() -> None:
    """A customer's key is its number, a document's has the company code before it."""
    assert str(key_of(customer(number="4711"))) == "4711"
    assert str(key_of(invoice(company_code="1000", number="2026/1"))) == "1000/2026/1"


@given(number=NUMBERS)
def test_customer_keys_come_back_from_their_text(number: str) -> None:
    """Reading a written customer key gives the key, whatever the number holds."""
    key = RecordKey(RecordType.CUSTOMER, "", number)
    assert RecordKey.parse(RecordType.CUSTOMER, str(key)) == key


@given(company_code=COMPANY_CODES, number=NUMBERS)
def test_document_keys_come_back_from_their_text(company_code: str, number: str) -> None:
    """Reading a written document key gives the key, slashes in the number included."""
    key = RecordKey(RecordType.INVOICE, company_code, number)
    assert RecordKey.parse(RecordType.INVOICE, str(key)) == key


@given(
    st.lists(st.tuples(COMPANY_CODES, NUMBERS), min_size=2, max_size=2, unique=True),
)
def test_different_keys_have_different_texts(parts: list[tuple[str, str]]) -> None:
    """No two keys of one type share an external id."""
    one, other = (RecordKey(RecordType.PAYMENT, *part) for part in parts)
    assert str(one) != str(other)


@pytest.mark.parametrize(
    ("record_type", "text"),
    [
        (RecordType.CUSTOMER, ""),
        (RecordType.INVOICE, ""),
        (RecordType.INVOICE, "4711"),
        (RecordType.PAYMENT, "/4711"),
        (RecordType.CREDIT_MEMO, "1000/"),
    ],
)
def test_texts_that_are_no_key_are_refused(record_type: RecordType, text: str) -> None:
    """A text without a number, or a document's without its company code, is no key."""
    with pytest.raises(BadRecordKey, match="write COMPANY/NUMBER"):
        RecordKey.parse(record_type, text)


@pytest.mark.parametrize("text", ["1" * 61, "1" * 21 + "/I1"])
def test_texts_that_are_longer_than_any_key_are_refused(text: str) -> None:
    """No ERP can have sent them, and no database would take them."""
    record_type = RecordType.INVOICE if "/" in text else RecordType.CUSTOMER
    with pytest.raises(BadRecordKey, match="longer than any key"):
        RecordKey.parse(record_type, text)
