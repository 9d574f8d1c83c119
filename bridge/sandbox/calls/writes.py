"""create, update and upsert."""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from bridge.sandbox import ids
from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.drafts import Draft, check_required, draft
from bridge.sandbox.calls.duplicates import check_duplicates
from bridge.sandbox.calls.matching import (
    check_references,
    check_targets,
    ids_by_external_id,
    resolve_parents,
)
from bridge.sandbox.calls.saving import RowWriter, in_one_transaction, save_result, upsert_result
from bridge.sandbox.errors import ApiFault, RefusedValueError, unknown_type
from bridge.sandbox.schema import Field, FieldType, SObject
from bridge.sandbox.soap.sent import SentRecord, read_records
from bridge.sandbox.soap.wire import text_of

MOST_RECORDS = 200


def create(call: Call) -> str:
    """Insert up to 200 records, of several types if need be."""
    rows = [_created(call, sent) for sent in read_records(call.body, most=MOST_RECORDS)]
    save(call, rows)
    return "".join([save_result(row) for row in rows])


def update(call: Call) -> str:
    """Change up to 200 records named by Id."""
    rows = [changed(call, sent) for sent in read_records(call.body, most=MOST_RECORDS)]
    _refuse_repeated_ids(rows)
    save(call, rows)
    return "".join([save_result(row) for row in rows])


def upsert(call: Call) -> str:
    """Insert or change up to 200 records of one type, named by an external id (or Id)."""
    sent = read_records(call.body, most=MOST_RECORDS)
    if not sent:
        return ""
    if len({record.type.lower() for record in sent}) > 1:
        message = "upsert takes one type of sObject per call"
        raise ApiFault("INVALID_TYPE_FOR_OPERATION", message)
    external_id = _external_id(call, writable_object(call, sent[0].type))
    if external_id.type is FieldType.ID:
        rows = [changed(call, each) if each.id else _created(call, each) for each in sent]
        _refuse_repeated_ids(rows)
        save(call, rows)
    else:
        rows = [_keyed(call, each, external_id) for each in sent]
        _refuse_repeated_keys(rows, external_id)
        save(call, rows, external_id)
    return "".join([upsert_result(row) for row in rows])


def save(call: Call, rows: Sequence[Draft], external_id: Field | None = None) -> None:
    """Save the rows that have no error, matched by ``external_id`` where there is one."""

    def find(connection: sqlite3.Connection) -> None:
        if external_id is not None:
            _match(connection, rows, external_id)
        check_targets(connection, rows)
        resolve_parents(connection, rows)
        check_references(connection, call.org.schema, rows)
        check_duplicates(call, connection, rows)
        for row in rows:
            check_required(row)

    in_one_transaction(call, rows, find, RowWriter.save)


def changed(call: Call, sent: SentRecord) -> Draft:
    """The draft of an update: a record that must name an id of its own type."""
    row = _draft(call, sent)
    if not sent.id:
        row.refuse("MISSING_ARGUMENT", "Id not specified in an update call")
        return row
    row.id = sent.id
    try:
        row.id = ids.normalise(sent.id)
    except RefusedValueError as error:
        row.refuse(error.status_code, error.message)
        return row
    if call.org.schema.owner_of(row.id) is not row.sobject:
        message = f"{row.sobject.label} ID: id value of incorrect type: {sent.id}"
        row.refuse("MALFORMED_ID", message, "Id")
    return row


def writable_object(call: Call, name: str) -> SObject:
    """The object to write to. Raises ApiFault if there is none or it is read-only."""
    sobject = call.org.schema.find(name)
    if sobject is None:
        raise unknown_type(name)
    if sobject.read_only:
        message = f"entity type {sobject.name} does not support this operation"
        raise ApiFault("INVALID_TYPE_FOR_OPERATION", message)
    return sobject


def _created(call: Call, sent: SentRecord) -> Draft:
    row = _draft(call, sent)
    if sent.id:
        message = "cannot specify Id in an insert call"
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
    return row


def _keyed(call: Call, sent: SentRecord, external_id: Field) -> Draft:
    row = _draft(call, sent)
    if sent.id:
        message = "The Id field should not be specified in the sobject data."
        row.refuse("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
    if row.key(external_id) is None and not row.errors:
        row.refuse("MISSING_ARGUMENT", f"{external_id.name} not specified")
    return row


def _draft(call: Call, sent: SentRecord) -> Draft:
    sobject = writable_object(call, sent.type)
    return draft(call.org.schema, sobject, sent, truncate=call.headers.truncate)


def _external_id(call: Call, sobject: SObject) -> Field:
    name = text_of(call.body, "externalIDFieldName")
    field = sobject.field(name)
    if field is None or not (field.external_id or field.type is FieldType.ID):
        raise ApiFault(
            "INVALID_FIELD",
            f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed"
            f" field for {sobject.name}",
        )
    return field


def _match(connection: sqlite3.Connection, rows: Sequence[Draft], external_id: Field) -> None:
    values = [value for row in rows if (value := row.values.get(external_id.name)) is not None]
    known = ids_by_external_id(connection, rows[0].sobject, external_id, values)
    for row in rows:
        keys = known.get(row.key(external_id) or "", [])
        if len(keys) > 1:
            message = (
                f"{external_id.name}: more than one record found for external id field: {keys}"
            )
            row.refuse("DUPLICATE_EXTERNAL_ID", message, external_id.name)
        elif keys:
            row.id = keys[0]


def _refuse_repeated_keys(rows: Sequence[Draft], external_id: Field) -> None:
    counts = Counter(row.key(external_id) for row in rows)
    for row in rows:
        key = row.key(external_id)
        if key is not None and counts[key] > 1:
            message = f"Duplicate external id specified: {row.values[external_id.name]}"
            row.refuse("DUPLICATE_VALUE", message, external_id.name)


def _refuse_repeated_ids(rows: Sequence[Draft]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.id and row.id in seen:
            row.refuse("DUPLICATE_VALUE", f"duplicate id specified: {row.id}", "Id")
        seen.add(row.id)
