"""delete, undelete and emptyRecycleBin: records are never lost, only marked.

A deleted record stays for queryAll and gives its unique values free. Its children are cleared,
block the deletion, or go with it, as the schema says.
"""

import sqlite3
from collections.abc import Callable

from bridge.sandbox import ids
from bridge.sandbox.calls.children import living_children
from bridge.sandbox.calls.context import Call
from bridge.sandbox.calls.drafts import Draft
from bridge.sandbox.calls.matching import check_targets
from bridge.sandbox.calls.recycle_bin import bring_back, is_in_bin, throw_away, throw_out
from bridge.sandbox.calls.saving import RowWriter, in_one_transaction, save_result
from bridge.sandbox.calls.writes import MOST_RECORDS
from bridge.sandbox.errors import RefusedValueError
from bridge.sandbox.schema import OnDelete, Schema
from bridge.sandbox.soap.sent import check_count
from bridge.sandbox.soap.wire import texts_of


def delete(call: Call) -> str:
    """Mark up to 200 records as deleted."""
    rows = _named_rows(call)

    def remove(writer: RowWriter, row: Draft) -> None:
        blocking = _blocking(writer.connection, call.org.schema, row)
        if blocking:
            message = f"the record is in use by {blocking} and so cannot be deleted"
            row.refuse("DELETE_FAILED", message)
        else:
            throw_away(writer, call.org.schema, row.sobject, row.id)

    in_one_transaction(call, rows, lambda connection: check_targets(connection, rows), remove)
    return "".join([save_result(row) for row in rows])


def undelete(call: Call) -> str:
    """Take up to 200 records out of the recycle bin, with what was deleted along with them."""
    return _from_bin(call, bring_back, "UNDELETE_FAILED")


def empty_recycle_bin(call: Call) -> str:
    """Throw up to 200 records out of the recycle bin: none of them can be undeleted."""
    return _from_bin(call, throw_out, "DELETE_FAILED")


def _from_bin(
    call: Call, act: Callable[[RowWriter, Schema, Draft], None], refused_with: str
) -> str:
    rows = _named_rows(call)

    def find(connection: sqlite3.Connection) -> None:
        for row in rows:
            if not row.errors and not is_in_bin(connection, row, call.org.seconds()):
                row.refuse(refused_with, "Entity is not in the recycle bin")

    in_one_transaction(call, rows, find, lambda writer, row: act(writer, call.org.schema, row))
    return "".join([save_result(row) for row in rows])


def _named_rows(call: Call) -> list[Draft]:
    texts = texts_of(call.body, "ids")
    check_count(len(texts), MOST_RECORDS)
    return [named_row(call.org.schema, text) for text in texts]


def named_row(schema: Schema, text: str) -> Draft:
    """The draft of a record of which the id alone was sent."""
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
