"""Rows on their way into the database: each sent value checked against its field.

A draft collects what is wrong with it instead of stopping at the first error, and its neighbours
never notice.
"""

from dataclasses import dataclass, field

from bridge.sandbox.errors import RefusedValueError, RowError
from bridge.sandbox.schema import Field, FieldType, Schema, SObject
from bridge.sandbox.soap.sent import SentRecord
from bridge.sandbox.values import Stored, fold, to_stored


@dataclass(frozen=True)
class ParentKey:
    """A parent named by one of its external ids, to be found before the row is saved."""

    reference: Field
    parent: SObject
    external_id: Field
    value: Stored

    @property
    def kind(self) -> tuple[str, str]:
        return self.parent.name, self.external_id.name


@dataclass
class Draft:
    """A row to be inserted (no ``id``) or updated, as far as it is known."""

    sobject: SObject
    id: str = ""
    values: dict[str, Stored | None] = field(default_factory=dict)
    parents: list[ParentKey] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    created: bool = False

    def refuse(self, code: str, message: str, *fields: str) -> None:
        self.errors.append(RowError(code, message, fields))

    def key(self, external_id: Field) -> Stored | None:
        """The row's external id in the form by which such ids are told apart."""
        value = self.values.get(external_id.name)
        return None if value is None else fold(external_id, value)


def draft(schema: Schema, sobject: SObject, sent: SentRecord, *, truncate: bool) -> Draft:
    """Check every value of a sent record."""
    row = Draft(sobject)
    for name, value in sent.values.items():
        if isinstance(value, SentRecord):
            _add_parent(schema, row, name, value)
        else:
            _add_value(schema, row, name, value, truncate=truncate)
    for name in sent.nulls:
        _add_null(row, name)
    return row


def check_required(row: Draft) -> None:
    """Refuse a row that would stand without a required field."""
    refused = {name for error in row.errors for name in error.fields}
    missing = tuple(
        known.name
        for known in row.sobject.fields
        if known.required and known.name not in refused and _is_missing(row, known.name)
    )
    if missing:
        text = f"Required fields are missing: [{', '.join(missing)}]"
        row.refuse("REQUIRED_FIELD_MISSING", text, *missing)


def _is_missing(row: Draft, name: str) -> bool:
    return row.values.get(name) is None and (not row.id or name in row.values)


def _add_value(schema: Schema, row: Draft, name: str, text: str, *, truncate: bool) -> None:
    known = _writable_field(row, name)
    if known is None:
        return
    try:
        row.values[known.name] = to_stored(known, text, truncate=truncate)
    except RefusedValueError as error:
        row.refuse(error.status_code, error.message, known.name)
        return
    if known.type is FieldType.REFERENCE:
        _check_key_prefix(schema, row, known)


def _add_null(row: Draft, name: str) -> None:
    known = _writable_field(row, name)
    if known is not None:
        row.values[known.name] = 0 if known.type is FieldType.BOOLEAN else None


def _writable_field(row: Draft, name: str) -> Field | None:
    known = row.sobject.field(name)
    if known is None:
        _refuse_unknown(row, name)
        return None
    if not known.writable:
        row.refuse(
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            f"Unable to create/update fields: {known.name}. Please check the security settings of"
            " this field and verify that it is read/write for your profile or permission set.",
            known.name,
        )
        return None
    return known


def _refuse_unknown(row: Draft, name: str) -> None:
    row.refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {row.sobject.name}")


def _check_key_prefix(schema: Schema, row: Draft, known: Field) -> None:
    value = str(row.values[known.name])
    owner = schema.owner_of(value)
    if owner is None or known.to not in ("", owner.name):
        del row.values[known.name]
        row.refuse(
            "FIELD_INTEGRITY_EXCEPTION",
            f"{known.label}: id value of incorrect type: {value}",
            known.name,
        )


def _add_parent(schema: Schema, row: Draft, name: str, sent: SentRecord) -> None:
    reference = row.sobject.reference(name)
    if reference is None:
        _refuse_unknown(row, name)
        return
    parent = schema.object(reference.to)
    if sent.type.lower() != parent.name.lower():
        row.refuse("INVALID_FIELD", f"{name} refers to {parent.name}, not to {sent.type}", name)
        return
    named = [(parent.field(key), value) for key, value in sent.values.items()]
    external_id, value = named[0] if len(named) == 1 else (None, "")
    if external_id is None or not external_id.external_id or isinstance(value, SentRecord):
        row.refuse(
            "INVALID_FIELD",
            f"{name} must name its {parent.name} by exactly one External ID field",
            name,
        )
        return
    _add_parent_key(row, reference, parent, external_id, value)


def _add_parent_key(
    row: Draft, reference: Field, parent: SObject, external_id: Field, text: str
) -> None:
    try:
        value = to_stored(external_id, text)
    except RefusedValueError as error:
        row.refuse(error.status_code, error.message, reference.name)
        return
    row.parents.append(ParentKey(reference, parent, external_id, value))
