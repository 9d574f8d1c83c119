"""delete, undelete and merge: records are never lost, only marked.

A deleted record stays for queryAll and gives its unique values free. Its children are cleared,
block the deletion, or go with it, as the schema says. undelete brings back the record alone.
"""

import sqlite3
from collections.abc import Sequence

from lxml import etree

from bridge.sandbox import ids
from bridge.sandbox.calls.children import living_children
from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.drafts import Draft
from bridge.sandbox.calls.matching import (
    check_references,
    check_targets,
    deleted_by_id,
    resolve_parents,
)
from bridge.sandbox.calls.saving import RowWriter, in_one_transaction, outcome, save_result
from bridge.sandbox.calls.writes import MOST_RECORDS, changed
from bridge.sandbox.errors import ApiFault, RefusedValueError
from bridge.sandbox.schema import OnDelete, Schema, SObject
from bridge.sandbox.soap.sent import check_count, read_record
from bridge.sandbox.soap.wire import PARTNER, element, texts_of

MOST_LOSERS = 2


def delete(call: Call) -> str:
    """Mark up to 200 records as deleted."""
    rows = _named_rows(call)

    def remove(writer: RowWriter, row: Draft) -> None:
        blocking = _blocking(writer.connection, call.org.schema, row)
        if blocking:
            message = f"the record is in use by {blocking} and so cannot be deleted"
            row.refuse("DELETE_FAILED", message)
        else:
            _remove(writer, call.org.schema, row.sobject, row.id)

    in_one_transaction(call, rows, lambda connection: check_targets(connection, rows), remove)
    return "".join([save_result(row) for row in rows])


def undelete(call: Call) -> str:
    """Take up to 200 records out of the recycle bin."""
    rows = _named_rows(call)

    def find(connection: sqlite3.Connection) -> None:
        for row in rows:
            known = {} if row.errors else deleted_by_id(connection, row.sobject, [row.id])
            if not row.errors and not known.get(row.id):
                row.refuse("UNDELETE_FAILED", "Entity is not in the recycle bin")

    def restore(writer: RowWriter, row: Draft) -> None:
        row.values = {"IsDeleted": 0}
        writer.save(row)

    in_one_transaction(call, rows, find, restore)
    return "".join([save_result(row) for row in rows])


def merge(call: Call) -> str:
    """Merge up to two records each into a winner, which takes over their children.

    A loser is deleted and names the winner in MasterRecordId; the winner itself changes only in
    the fields that were sent with it.
    """
    requests = call.body.findall(f"{{{PARTNER}}}request")
    check_count(len(requests), MOST_RECORDS)
    return "".join([_merge(call, request) for request in requests])


def _named_rows(call: Call) -> list[Draft]:
    texts = texts_of(call.body, "ids")
    check_count(len(texts), MOST_RECORDS)
    return [_named_row(call.org.schema, text) for text in texts]


def _named_row(schema: Schema, text: str) -> Draft:
    try:
        key = ids.normalise(text)
    except RefusedValueError:
        key = ""
    sobject = schema.owner_of(key)
    if sobject is None:
        row = Draft(schema.objects[0])  # of no object at all: it is refused
        row.refuse("MALFORMED_ID", f"bad id {text}")
        return row
    row = Draft(sobject, key)
    if sobject.read_only:
        row.refuse("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    return row


def _blocking(connection: sqlite3.Connection, schema: Schema, row: Draft) -> str:
    """The objects whose records do not let their parent go."""
    children = living_children(connection, schema, row.sobject, row.id)
    names = {c.sobject.label for c in children if c.reference.on_delete is OnDelete.RESTRICT}
    return ", ".join(sorted(names))


def _remove(writer: RowWriter, schema: Schema, sobject: SObject, record_id: str) -> None:
    for child in living_children(writer.connection, schema, sobject, record_id):
        if child.reference.on_delete is OnDelete.CASCADE:
            _remove(writer, schema, child.sobject, child.id)
        else:
            writer.change(child.sobject, child.id, {child.reference.name: None})
    writer.change(sobject, record_id, {"IsDeleted": 1, **writer.modified()})


def _merge(call: Call, request: etree._Element) -> str:
    sent = request.find(f"{{{PARTNER}}}masterRecord")
    if sent is None:
        raise ApiFault("MISSING_ARGUMENT", "masterRecord not specified")
    winner = changed(call, read_record(sent))
    if not winner.sobject.mergeable:
        message = f"entity type {winner.sobject.name} does not support merge"
        raise ApiFault("INVALID_TYPE_FOR_OPERATION", message)
    losers = [_named_row(call.org.schema, text) for text in texts_of(request, "recordToMergeIds")]
    _check_losers(winner, losers)
    related: list[str] = []

    def find(connection: sqlite3.Connection) -> None:
        check_targets(connection, [winner, *losers])
        resolve_parents(connection, [winner])
        check_references(connection, call.org.schema, [winner])
        for loser in losers:
            winner.errors += loser.errors

    def apply(writer: RowWriter, _: Draft) -> None:
        if winner.values:
            writer.save(winner)
        for loser in losers:
            related.extend(_take_over(writer, call.org.schema, winner, loser))

    in_one_transaction(call, [winner], find, apply)
    return _merge_result(winner, losers, related)


def _check_losers(winner: Draft, losers: Sequence[Draft]) -> None:
    if not 1 <= len(losers) <= MOST_LOSERS:
        message = f"a merge takes 1 to {MOST_LOSERS} records beside the winner"
        winner.refuse("INVALID_MERGE_RECORD", message)
    for loser in losers:
        if not loser.errors and (loser.sobject is not winner.sobject or loser.id == winner.id):
            message = f"bad id in recordsToMerge: {loser.id}"
            loser.refuse("INVALID_MERGE_RECORD", message)


def _take_over(writer: RowWriter, schema: Schema, winner: Draft, loser: Draft) -> list[str]:
    """Give the loser's children to the winner and delete the loser; answer the children's ids."""
    moved = []
    for child in living_children(writer.connection, schema, loser.sobject, loser.id):
        if child.id != winner.id:
            writer.change(child.sobject, child.id, {child.reference.name: winner.id})
            moved.append(child.id)
    marks = {"IsDeleted": 1, "MasterRecordId": winner.id, **writer.modified()}
    writer.change(loser.sobject, loser.id, marks)
    return moved


def _merge_result(winner: Draft, losers: Sequence[Draft], related: Sequence[str]) -> str:
    ids_of = losers if not winner.errors else []
    merged = "".join([element("mergedRecordIds", loser.id) for loser in ids_of])
    updated = "".join([element("updatedRelatedIds", key) for key in related])
    return f"<result>{outcome(winner, after_id=merged)}{updated}</result>"
