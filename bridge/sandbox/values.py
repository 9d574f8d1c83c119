"""Values of fields: from the wire's text into SQLite, and from SQLite to the wire.

Stored are: text and ids as text, booleans and ints as integers, decimals as integers scaled by the
field's scale (never a float), dates as ``YYYY-MM-DD`` and datetimes as ``YYYY-MM-DDTHH:MM:SS.mmmZ``
in UTC, so that both sort as they should.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from bridge.sandbox import ids
from bridge.sandbox.errors import RefusedValueError
from bridge.sandbox.schema import DECIMAL_TYPES, TEXT_TYPES, Field, FieldType

Stored = str | int
LATEST_YEAR = 4000  # Salesforce keeps dates from 1700 to 4000
EARLIEST_YEAR = 1700

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,9})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,30}", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>(),;:\\\"\[\]]+@[^\s@<>(),;:\\\"\[\].]+(\.[^\s@<>(),;:\\\"\[\].]+)+")
_BOOLEANS = {"true": 1, "1": 1, "false": 0, "0": 0}


def to_stored(field: Field, text: str, *, truncate: bool = False) -> Stored:
    """What SQLite keeps for ``text``; too long texts are cut if ``truncate``.

    Raises RefusedValueError with the status code that Salesforce gives.
    """
    return _READERS[field.type](field, text, truncate)


def timestamp(moment: datetime) -> str:
    """The stored and the wire's form of a moment, to the millisecond."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def parse_datetime(text: str) -> datetime:
    """An xsd:dateTime; without a zone it is UTC. Raises ValueError."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a dateTime: {text}")
    seconds, fraction, zone = match.groups()
    micros = (fraction or "")[:6].ljust(6, "0")
    moment = datetime.fromisoformat(f"{seconds}.{micros}{zone or 'Z'}")
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise ValueError(f"year out of range: {text}")
    return moment.astimezone(UTC)


def parse_date(text: str) -> date:
    """An xsd:date; a zone is ignored. Raises ValueError."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"not a date: {text}")
    day = date.fromisoformat(match[1])
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise ValueError(f"year out of range: {text}")
    return day


def renderer(field: Field) -> Callable[[Stored], str]:
    """The function that writes a stored value as XML text."""
    if field.type in DECIMAL_TYPES:
        scale = field.scale
        return lambda value: decimal_text(int(value), scale)
    return _WRITERS.get(field.type, _as_is)


def decimal_text(scaled: int, scale: int) -> str:
    """A scaled integer as Salesforce writes numbers: as Java's Double.toString, but exact.

    ``1234567.0`` up to seven digits before the point, ``1.2345678E7`` beyond, ``1.0E-4`` below a
    thousandth (help article 000385889).
    """
    digits = str(abs(scaled)).rjust(scale + 1, "0")
    whole, fraction = (digits[:-scale], digits[-scale:].rstrip("0")) if scale else (digits, "")
    sign = "-" if scaled < 0 else ""
    if len(whole) > 7:
        return f"{sign}{_mantissa(whole + fraction)}E{len(whole) - 1}"
    if whole == "0" and fraction.startswith("000"):
        significant = fraction.lstrip("0")
        return f"{sign}{_mantissa(significant)}E-{len(fraction) - len(significant) + 1}"
    return f"{sign}{whole}.{fraction or '0'}"


def escape(text: str) -> str:
    """Text for XML content or an attribute in double quotes."""
    if "&" in text or "<" in text or ">" in text or '"' in text or "\r" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = text.replace('"', "&quot;").replace("\r", "&#xd;")
    return text


def fold(field: Field, value: Stored) -> Stored:
    """The value by which two entries of a unique field are told apart."""
    return value.lower() if isinstance(value, str) and ignores_case(field) else value


def ignores_case(field: Field) -> bool:
    """Whether the field's texts are compared without regard to case (of ASCII letters)."""
    return field.type in TEXT_TYPES and not field.case_sensitive


def _mantissa(digits: str) -> str:
    return f"{digits[0]}.{digits[1:].rstrip('0') or '0'}"


def _text(field: Field, text: str, truncate: bool) -> Stored:
    text = text.strip()
    if len(text) > field.length:
        if not truncate:
            raise RefusedValueError(
                "STRING_TOO_LONG",
                f"{field.label}: data value too large: {text} (max length={field.length})",
            )
        text = text[: field.length].rstrip()
    return text


def _email(field: Field, text: str, truncate: bool) -> Stored:
    address = str(_text(field, text, truncate))
    if not _EMAIL.fullmatch(address):
        raise RefusedValueError(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {address}"
        )
    return address


def _picklist(field: Field, text: str, truncate: bool) -> Stored:
    value = text.strip()
    if field.restricted and value not in field.values:
        raise RefusedValueError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {value}",
        )
    return value if field.restricted else _text(field, value, truncate)


def _boolean(field: Field, text: str, truncate: bool) -> Stored:
    value = _BOOLEANS.get(text.strip())
    if value is None:
        raise _wrong_type(field, text)
    return value


def _integer(field: Field, text: str, truncate: bool) -> Stored:
    if not _INTEGER.fullmatch(text.strip()):
        raise _wrong_type(field, text)
    value = int(text)
    if abs(value) >= 10 ** (field.precision or 9):
        raise _outside_range(field, text)
    return value


def _decimal(field: Field, text: str, truncate: bool) -> Stored:
    text = text.strip()
    if not NUMBER.fullmatch(text):
        raise _wrong_type(field, text)
    value = Decimal(text)
    if value and value.adjusted() >= field.precision - field.scale:
        raise _outside_range(field, text)
    if value.adjusted() < -field.scale - 1:
        return 0
    scaled = int(value.scaleb(field.scale).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if abs(scaled) >= 10**field.precision:
        raise _outside_range(field, text)
    return scaled


def _day(field: Field, text: str, truncate: bool) -> Stored:
    try:
        return parse_date(text.strip()).isoformat()
    except ValueError as error:
        raise _wrong_type(field, text) from error


def _moment(field: Field, text: str, truncate: bool) -> Stored:
    try:
        return timestamp(parse_datetime(text.strip()))
    except ValueError as error:
        raise _wrong_type(field, text) from error


def _id(field: Field, text: str, truncate: bool) -> Stored:
    try:
        return ids.normalise(text.strip())
    except RefusedValueError as error:
        raise RefusedValueError(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {text.strip()}"
        ) from error


def _wrong_type(field: Field, text: str) -> RefusedValueError:
    return RefusedValueError(
        "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{field.label}: value not of required type: {text}"
    )


def _outside_range(field: Field, text: str) -> RefusedValueError:
    return RefusedValueError(
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"{field.label}: value outside of valid range on numeric field: {text}",
    )


def _as_is(value: Stored) -> str:
    return str(value)


def _escaped(value: Stored) -> str:
    return escape(str(value))


def _truth(value: Stored) -> str:
    return "true" if value else "false"


_READERS: Mapping[FieldType, Callable[[Field, str, bool], Stored]] = {
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _day,
    FieldType.DATETIME: _moment,
    FieldType.EMAIL: _email,
    FieldType.ID: _id,
    FieldType.INT: _integer,
    FieldType.PICKLIST: _picklist,
    FieldType.REFERENCE: _id,
    **dict.fromkeys(DECIMAL_TYPES, _decimal),
    **dict.fromkeys((FieldType.STRING, FieldType.TEXTAREA, FieldType.PHONE, FieldType.URL), _text),
}
_WRITERS: Mapping[FieldType, Callable[[Stored], str]] = {
    FieldType.BOOLEAN: _truth,
    **dict.fromkeys(TEXT_TYPES, _escaped),
}
