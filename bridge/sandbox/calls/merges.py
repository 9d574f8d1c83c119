"""merge: up to three records become one, and the losers say who won."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from bridge.sandbox.calls.children import living_children
from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.deletes import named_row
from bridge.sandbox.calls.drafts import Draft
from bridge.sandbox.calls.matching import check_references, check_targets, resolve_parents
from bridge.sandbox.calls.recycle_bin import marks_of_deletion
from bridge.sandbox.calls.saving import RowWriter, errors_of, in_one_transaction
from bridge.sandbox.calls.writes import MOST_RECORDS, changed
from bridge.sandbox.errors import ApiFault, RowError
from bridge.sandbox.schema import Schema
from bridge.sandbox.soap.sent import check_count, read_record
from bridge.sandbox.soap.wire import PARTNER, element, texts_of

MOST_LOSERS = 2


def merge(call: Call) -> str:
    """Merge up to two records each into a winner, which takes over their children.

    A loser is deleted and names the winner in MasterRecordId; the winner itself changes only in
    the fields that were sent with it.
    """
    requests = call.body.findall(f"{{{PARTNER}}}request")
    check_count(len(requests), MOST_RECORDS)
    return "".join([_merge(call, request) for request in requests])


def _merge(call: Call, request: etree._Element) -> str:
    sent = request.find(f"{{{PARTNER}}}masterRecord")
    if sent is None:
        raise ApiFault("MISSING_ARGUMENT", "masterRecord not specified")
    winner = changed(call, read_record(sent))
    if not winner.sobject.mergeable:
        message = f"entity type {winner.sobject.name} does not support merge"
        raise ApiFault("INVALID_TYPE_FOR_OPERATION", message)
    losers = [named_row(call.org.schema, text) for text in texts_of(request, "recordToMergeIds")]
    _check_losers(winner, losers)
    related: list[str] = []

    def find(connection: sqlite3.Connection) -> None:
        check_targets(connection, [winner, *losers])
        resolve_parents(connection, [winner])
        check_references(connection, call.org.schema, [winner])
        for loser in losers:
            winner.errors += [_about_loser(error) for error in loser.errors]

    def apply(writer: RowWriter, _: Draft) -> None:
        if winner.values:
            writer.save(winner)
        for loser in losers if not winner.errors else ():
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


def _about_loser(error: RowError) -> RowError:
    bad = error.status_code == "MALFORMED_ID"
    text = error.message.replace("bad id ", "bad id in recordsToMerge: ")
    return replace(error, message=text) if bad else error


def _take_over(writer: RowWriter, schema: Schema, winner: Draft, loser: Draft) -> list[str]:
    """Give the loser's children to the winner and delete the loser; answer the children's ids."""
    moved = []
    for child in living_children(writer.connection, schema, loser.sobject, loser.id):
        parent = None if child.id == winner.id else winner.id  # nobody is its own parent
        writer.change(child.sobject, child.id, {child.reference.name: parent})
        moved.append(child.id)
    marks = {**marks_of_deletion(writer, loser.id), "MasterRecordId": winner.id}
    writer.change(loser.sobject, loser.id, marks)
    return moved


def _merge_result(winner: Draft, losers: Sequence[Draft], related: Sequence[str]) -> str:
    """The winner's id stands there even where nothing was merged, as Salesforce has it."""
    ids_of = losers if not winner.errors else []
    merged = [element("mergedRecordIds", loser.id) for loser in ids_of]
    updated = [element("updatedRelatedIds", key) for key in related]
    parts = [errors_of(winner), element("id", winner.id or None), *merged]
    parts += [element("success", not winner.errors), *updated]
    return f"<result>{''.join(parts)}</result>"
