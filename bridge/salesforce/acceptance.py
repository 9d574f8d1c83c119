"""What an org would refuse of a row, told before it is sent: a clear failure instead of a call.

Only what describeSObjects is sure of; validation rules, triggers and uniqueness are the org's own
to judge. The codes are those that Salesforce itself gives (SOAP API Developer Guide, "StatusCode").
"""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from bridge.salesforce.descriptions import FieldDescription, SObjectDescription
from bridge.salesforce.fitness import required_fields
from bridge.salesforce.pages import FieldValue, SObject
from bridge.salesforce.results import RowError

_NUMBERS = frozenset({"double", "currency", "percent", "int"})


def refusals(row: SObject, described: SObjectDescription, *, creates: bool) -> tuple[RowError, ...]:
    """The errors that Salesforce would answer for this row; none if it may be accepted.

    `creates` tells that the row is to become a new record.
    """
    found = [
        error
        for name, value in row.fields.items()
        for error in _of_field(name, value, described, creates=creates)
    ]
    if creates:
        found += _of_missing(row, described)
    return tuple(found)


def _of_field(
    name: str, value: FieldValue, described: SObjectDescription, *, creates: bool
) -> Iterator[RowError]:
    parent = isinstance(value, SObject)
    field = described.reference(name) if parent else described.fields.get(name)
    if field is None:
        yield RowError("INVALID_FIELD", f"{described.name} has no field {name}", (name,))
    elif not (field.createable if creates else field.updateable):
        message = f"{field.name} cannot be written by this user"
        yield RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
    elif value is None and not field.nillable:
        yield _missing(field)
    elif isinstance(value, str):
        yield from _of_text(field, value)


def _of_text(field: FieldDescription, text: str) -> Iterator[RowError]:
    if field.type in _NUMBERS:
        yield from _of_number(field, text)
    elif field.type == "picklist" and field.restricted and text not in field.choices:
        message = f"{field.name} takes none but its own values: {text!r} is not among them"
        yield RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
    elif 0 < field.length < len(text):
        message = f"{field.name} holds {field.length} characters, {text!r} has {len(text)}"
        yield RowError("STRING_TOO_LONG", message, (field.name,))


def _of_number(field: FieldDescription, text: str) -> Iterator[RowError]:
    try:
        digits = max(Decimal(text).adjusted() + 1, 0)
    except InvalidOperation:
        return
    room = field.precision - field.scale
    if field.precision and digits > room:
        message = f"{field.name} holds {room} digits before the point, {text} has {digits}"
        yield RowError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


def _of_missing(row: SObject, described: SObjectDescription) -> Iterator[RowError]:
    parents = [described.reference(name) for name in row.fields]
    given = {*row.fields, *(field.name for field in parents if field)}
    return (_missing(field) for field in required_fields(described) if field.name not in given)


def _missing(field: FieldDescription) -> RowError:
    message = f"{field.name} is required and would be empty"
    return RowError("REQUIRED_FIELD_MISSING", message, (field.name,))
