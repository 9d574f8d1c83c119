from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.errors import RefusedValueError
from bridge.sandbox.schema import Field, FieldType
from bridge.sandbox.values import decimal_text, escape, parse_datetime, timestamp, to_stored

AMOUNT = Field(name="Amount__c", type=FieldType.DOUBLE, label="Amount", precision=18, scale=4)
LIMIT = Field(name="Limit__c", type=FieldType.CURRENCY, label="Limit", precision=18, scale=2)
DAY = Field(name="Day__c", type=FieldType.DATE, label="Day")
MOMENT = Field(name="Moment__c", type=FieldType.DATETIME, label="Moment")
CODE = Field(name="Code__c", type=FieldType.STRING, label="Code", length=3)
STATUS = Field(name="Status__c", type=FieldType.PICKLIST, label="Status", values=("OPEN", "PAID"))
COUNT = Field(name="Count__c", type=FieldType.INT, label="Count", precision=8)
FLAG = Field(name="Flag__c", type=FieldType.BOOLEAN, label="Flag")
EMAIL = Field(name="Email", type=FieldType.EMAIL, label="Email", length=80)

amounts = st.decimals(min_value=-(10**13), max_value=10**13, places=4)


def refusal(field: Field, text: str) -> str:
    with pytest.raises(RefusedValueError) as refused:
        to_stored(field, text)
    return refused.value.status_code


@given(amounts)
def test_a_number_comes_back_as_it_was_sent(amount: Decimal) -> None:
    """No amount with four decimals changes between the wire and the wire."""
    assert Decimal(decimal_text(int(to_stored(AMOUNT, str(amount))), 4)) == amount


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=7))
def test_finer_numbers_are_rounded_half_up(amount: Decimal) -> None:
    """The field's scale is kept, halves away from zero."""
    rounded = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    assert Decimal(int(to_stored(LIMIT, str(amount)))).scaleb(-2) == rounded


@pytest.mark.parametrize(
    ("scaled", "scale", "text"),
    [
        (0, 4, "0.0"),
        (12345670000, 4, "1234567.0"),
        (123456780000, 4, "1.2345678E7"),
        (1000000000, 2, "1.0E7"),
        (-118886250, 4, "-11888.625"),
        (4, 4, "4.0E-4"),
        (10, 4, "0.001"),
        (999999999999999999, 4, "9.99999999999999999E13"),
        (350000000, 0, "3.5E8"),
        (7, 0, "7.0"),
    ],
)
def test_numbers_are_written_as_salesforce_writes_them(scaled: int, scale: int, text: str) -> None:
    """As Java's Double.toString: an exponent from eight digits on and below a thousandth."""
    assert decimal_text(scaled, scale) == text


@pytest.mark.parametrize(
    "text", ["1e400", "1E999999999", "100000000000000", "99999999999999.99995"]
)
def test_numbers_with_too_many_digits_are_outside_the_range(text: str) -> None:
    """More digits before the point than precision minus scale are refused, at no cost."""
    assert refusal(AMOUNT, text) == "NUMBER_OUTSIDE_VALID_RANGE"


def test_tiny_numbers_are_nought() -> None:
    """An exponent far below the scale costs nothing and rounds to zero, as nought itself does."""
    for text in ("1e-999999999", "0e-999999999", "0e999999999", "-0"):
        assert to_stored(AMOUNT, text) == 0


@pytest.mark.parametrize("text", ["", "1,5", "NaN", "Infinity", "0x1", "1_000", "١"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """Only xsd:double's decimal forms are numbers."""
    assert refusal(AMOUNT, text) == "INVALID_TYPE_ON_FIELD_IN_RECORD"


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-2-1", "20260201", "0001-01-01", "2026-02-01T00:00:00Z", "x"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    """Dates are ISO 8601, exist, and lie between 1700 and 4000."""
    assert refusal(DAY, text) == "INVALID_TYPE_ON_FIELD_IN_RECORD"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
        ("2026-03-01T12:00:00.1234567+02:00", "2026-03-01T10:00:00.123Z"),
        ("2026-03-01T12:00:00-0530", "2026-03-01T17:30:00.000Z"),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:00.000Z"),
    ],
)
def test_datetimes_are_kept_in_utc(text: str, stored: str) -> None:
    """Zones are converted, fractions cut to milliseconds."""
    assert to_stored(MOMENT, text) == stored
    assert timestamp(parse_datetime(stored)) == stored


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-03-01T25:00:00Z", "x"]
)
def test_what_is_no_datetime_is_refused(text: str) -> None:
    """Moments exist and lie between 1700 and 4000, whatever their zone makes of them."""
    assert refusal(MOMENT, text) == "INVALID_TYPE_ON_FIELD_IN_RECORD"


def test_texts_are_trimmed_and_measured() -> None:
    """Blanks around a text do not count; what is longer than the field is refused or cut."""
    assert to_stored(CODE, "  EUR ") == "EUR"
    assert refusal(CODE, "EURO") == "STRING_TOO_LONG"
    assert to_stored(CODE, "EURO", truncate=True) == "EUR"


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        (STATUS, "open", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (COUNT, "1.5", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        (COUNT, "100000000", "NUMBER_OUTSIDE_VALID_RANGE"),
        (FLAG, "yes", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        (EMAIL, "no address", "INVALID_EMAIL_ADDRESS"),
        (EMAIL, "a@b", "INVALID_EMAIL_ADDRESS"),
    ],
)
def test_values_that_their_type_does_not_take_are_refused(
    field: Field, text: str, code: str
) -> None:
    """Each refusal has Salesforce's status code."""
    assert refusal(field, text) == code


def test_markup_is_escaped() -> None:
    """Text cannot become markup, and carriage returns survive."""
    assert escape('<a b="c">&\r\n') == "&lt;a b=&quot;c&quot;&gt;&amp;&#xd;\n"
