"""Content: canonical JSON, exact both ways."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.content import (
    decode_record,
    decode_values,
    encode_record,
    encode_records,
    encode_value,
    encode_values,
)
from bridge.domain.records import (
    CustomerStatus,
    DocumentStatus,
    RecordType,
    values_of,
)
from tests.builders import EXAMPLES, customer, invoice
from tests.strategies import records

ANY_TYPE = st.sampled_from(list(RecordType))


@settings(max_examples=60)
@given(st.data(), ANY_TYPE)
def test_records_come_back(data: st.DataObject, record_type: RecordType) -> None:
    """Reading a written record gives an equal one, of the same types."""
    record = data.draw(records(record_type))
    again = decode_record(record_type, encode_record(record))
    assert again == record
    assert repr(again) == repr(decode_record(record_type, encode_record(again)))


@settings(max_examples=60)
@given(st.data(), ANY_TYPE)
def test_equal_texts_mean_equal_records(data: st.DataObject, record_type: RecordType) -> None:
    """Two records have the same text exactly where they are equal."""
    one = data.draw(records(record_type))
    changed = data.draw(st.sampled_from(list(values_of(one))))
    donor = data.draw(records(record_type))
    other = replace(one, **{changed: getattr(donor, changed)})
    assert (encode_record(one) == encode_record(other)) == (one == other)


@settings(max_examples=60)
@given(st.data(), ANY_TYPE)
def test_the_order_of_values_does_not_matter(data: st.DataObject, record_type: RecordType) -> None:
    """However the values are ordered, the text is the same."""
    values = values_of(data.draw(records(record_type)))
    names = data.draw(st.permutations(list(values)))
    assert encode_values({name: values[name] for name in names}) == encode_values(values)


@settings(max_examples=60)
@given(st.data(), ANY_TYPE)
def test_a_record_is_written_as_its_values(data: st.DataObject, record_type: RecordType) -> None:
    """The text of a whole record is that of all its values: JSON, its keys in order."""
    record = data.draw(records(record_type))
    text = encode_record(record)
    assert text == encode_values(values_of(record))
    plain = {name: encode_value(value) for name, value in values_of(record).items()}
    assert text == json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@settings(max_examples=60)
@given(st.data(), ANY_TYPE)
def test_many_are_written_as_each(data: st.DataObject, record_type: RecordType) -> None:
    """Written together, records have the texts that they have by themselves."""
    many = data.draw(st.lists(records(record_type), max_size=4))
    assert encode_records(many) == [encode_values(values_of(one)) for one in many]


@pytest.mark.parametrize("texts", [("100", "100.00"), ("1E+2", "100"), ("0", "-0.00")])
def test_equal_amounts_have_one_text(texts: tuple[str, str]) -> None:
    """How an amount was written does not matter."""
    one, other = (encode_record(invoice(net_amount=Decimal(text))) for text in texts)
    assert one == other


def test_absent_and_empty_values_stay_apart() -> None:
    """A value that was not read stays absent, one that is empty stays None."""
    text = encode_values({"name": "Muster", "phone": None})
    assert decode_values(RecordType.CUSTOMER, text) == {"name": "Muster", "phone": None}


def test_values_come_back_typed() -> None:
    """Amounts are decimals, dates are dates, codes are members of their enumeration."""
    values = decode_values(RecordType.INVOICE, encode_record(invoice()))
    assert isinstance(values["net_amount"], Decimal)
    assert values["issued_on"] == date(2026, 1, 31)
    assert values["status"] is DocumentStatus.OPEN
    assert values["lines"] == invoice().lines


def test_an_unknown_code_stays_a_text() -> None:
    """A code of Salesforce that the contract does not know is kept as it is."""
    text = encode_values({"status": "DORMANT"})
    assert decode_values(RecordType.CUSTOMER, text)["status"] == "DORMANT"
    assert not isinstance(decode_values(RecordType.CUSTOMER, text)["status"], CustomerStatus)


@pytest.mark.parametrize("record_type", RecordType)
def test_the_text_is_plain_json_without_floats(record_type: RecordType) -> None:
    """Amounts travel as strings: no JSON number of the text has a point."""
    floats: list[str] = []
    json.loads(encode_record(EXAMPLES[record_type]), parse_float=floats.append)
    assert floats == []


def test_texts_are_kept_letter_by_letter() -> None:
    """Names of people are not escaped away."""
    assert "Ærø Łódź 株式会社" in encode_record(customer(name="Ærø Łódź 株式会社"))
