"""Literals of SOQL as parameters of SQL, checked against the field they are compared with."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bridge.sandbox import ids
from bridge.sandbox.errors import ApiFault, RefusedValueError
from bridge.sandbox.schema import DECIMAL_TYPES, ID_TYPES, TEXT_TYPES, Field, FieldType
from bridge.sandbox.soql.tree import Kind, Literal, fault_at
from bridge.sandbox.values import Stored, parse_date, parse_datetime, timestamp

_BEYOND = 10**18  # stored numbers have at most 18 digits
_NEVER_STORED = -(2**63)
_RANGES = frozenset({"<", "<=", ">", ">="})
_ROUNDING = {">": ROUND_FLOOR, "<=": ROUND_FLOOR, ">=": ROUND_CEILING, "<": ROUND_CEILING}


def parameter(query: str, field: Field, literal: Literal, operator: str) -> Stored | None:
    """The stored form of a literal, None for NULL and for the empty string, which is the same.

    Raises ApiFault if the field's type does not take such a literal.
    """
    if literal.kind is Kind.NULL:
        return None
    if literal.kind is Kind.STRING and field.type in TEXT_TYPES | ID_TYPES:
        return _string(query, field, literal, operator)
    if literal.kind is Kind.NUMBER and field.type in DECIMAL_TYPES | {FieldType.INT}:
        return _number(literal, field.scale, operator)
    if literal.kind is Kind.BOOLEAN and field.type is FieldType.BOOLEAN:
        return int(literal.text == "TRUE")
    try:
        if literal.kind is Kind.DATETIME and field.type is FieldType.DATETIME:
            return timestamp(parse_datetime(literal.text))
        if literal.kind is Kind.DATE and field.type is FieldType.DATE:
            return parse_date(literal.text).isoformat()
    except ValueError as error:
        raise _wrong_literal(query, field, literal) from error
    raise _wrong_literal(query, field, literal)


def _string(query: str, field: Field, literal: Literal, operator: str) -> Stored | None:
    if operator == "LIKE":
        return literal.pattern()
    text = literal.string()
    if not text:
        return text if operator in _RANGES else None
    if field.type not in ID_TYPES:
        return text
    try:
        return ids.normalise(text)
    except RefusedValueError as error:
        message = f"invalid ID field: {text}"
        raise fault_at(query, literal.at, message, "INVALID_QUERY_FILTER_OPERATOR") from error


def _number(literal: Literal, scale: int, operator: str) -> Stored:
    value = Decimal(literal.text)
    if value and value.adjusted() + scale > 18:
        scaled = Decimal(_BEYOND).copy_sign(value)
    else:
        scaled = value.scaleb(scale)
    if operator in _ROUNDING:
        return int(scaled.to_integral_value(rounding=_ROUNDING[operator]))
    return int(scaled) if scaled == scaled.to_integral_value() else _NEVER_STORED


def _wrong_literal(query: str, field: Field, literal: Literal) -> ApiFault:
    quoted = field.type in TEXT_TYPES | ID_TYPES
    message = (
        f"value of filter criterion for field '{field.name}' must be of type {field.type}"
        f" and should {'' if quoted else 'not '}be enclosed in quotes"
    )
    return fault_at(query, literal.at, message, "INVALID_FIELD")
