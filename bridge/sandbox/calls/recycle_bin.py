"""The recycle bin: what a deletion takes along, and what can be brought back.

A deleted row bears two marks. ``_gone_with`` is the id of the record whose deletion took it along
(its own where it was deleted by itself), and nothing once the bin was emptied. ``_shown_until`` is
the second until which queryAll shows it. The table ``_unlinked`` holds the references that were
cleared.
Sources: SOAP API Developer Guide, undelete() and emptyRecycleBin().
"""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta

from bridge.sandbox.calls.children import living_children
from bridge.sandbox.calls.drafts import Draft
from bridge.sandbox.calls.saving import RowWriter
from bridge.sandbox.schema import OnDelete, Schema, SObject
from bridge.sandbox.values import Stored

KEPT = timedelta(days=15)
STILL_SHOWN = timedelta(hours=24)  # by queryAll, after the bin was emptied
_LIVING: dict[str, Stored | None] = {"IsDeleted": 0, "_gone_with": None, "_shown_until": None}


def throw_away(writer: RowWriter, schema: Schema, sobject: SObject, record_id: str) -> None:
    """Delete a record with the children that go with it; clear the references of the others."""
    _throw(writer, schema, (sobject, record_id), record_id)


def marks_of_deletion(writer: RowWriter, gone_with: str) -> dict[str, Stored | None]:
    """What a deleted row bears."""
    shown_until = writer.seconds + int(KEPT.total_seconds())
    marks: dict[str, Stored | None] = {"IsDeleted": 1, "_gone_with": gone_with}
    return {**marks, "_shown_until": shown_until, **writer.modified()}


def is_in_bin(connection: sqlite3.Connection, row: Draft, now: int) -> bool:
    """Whether the record was deleted by itself, not long ago, and not thrown out of the bin."""
    found = connection.execute(
        f'SELECT 1 FROM "{row.sobject.name}" WHERE "Id" = ?'  # noqa: S608  (schema's name)
        ' AND _gone_with = "Id" AND _shown_until > ?',
        (row.id, now),
    ).fetchone()
    return found is not None


def bring_back(writer: RowWriter, schema: Schema, row: Draft) -> None:
    """Undelete a record and what went with it, and the references that nobody has set since.

    What cannot live again, because its unique value was given away, is the row's error.
    """
    connection = writer.connection
    connection.execute("SAVEPOINT record")
    for sobject, key in list(_gone_with(connection, schema, row.sobject, row.id)):
        back = Draft(sobject, key, dict(_LIVING))
        if sobject.field("MasterRecordId"):
            back.values["MasterRecordId"] = None
        writer.save(back)
        row.errors += back.errors
    if row.errors:
        connection.execute("ROLLBACK TO record")
    else:
        _link_again(writer, schema, row.id)


def throw_out(writer: RowWriter, schema: Schema, row: Draft) -> None:
    """Empty the bin of a record and of what went with it; nothing of it can be brought back."""
    shown_until = writer.seconds + int(STILL_SHOWN.total_seconds())
    for sobject, key in list(_gone_with(writer.connection, schema, row.sobject, row.id)):
        writer.connection.execute(
            f'UPDATE "{sobject.name}" SET _gone_with = NULL,'  # noqa: S608  (schema's name)
            ' _shown_until = min(_shown_until, ?) WHERE "Id" = ?',
            (shown_until, key),
        )
    writer.connection.execute("DELETE FROM _unlinked WHERE gone_with = ?", (row.id,))


def _throw(writer: RowWriter, schema: Schema, record: tuple[SObject, str], gone_with: str) -> None:
    sobject, record_id = record
    for child in living_children(writer.connection, schema, sobject, record_id):
        if child.reference.on_delete is OnDelete.CASCADE:
            _throw(writer, schema, (child.sobject, child.id), gone_with)
        else:
            writer.change(child.sobject, child.id, {child.reference.name: None})
            writer.connection.execute(
                "INSERT INTO _unlinked VALUES (?, ?, ?, ?, ?)",
                (gone_with, record_id, child.sobject.name, child.reference.name, child.id),
            )
    writer.change(sobject, record_id, marks_of_deletion(writer, gone_with))


def _gone_with(
    connection: sqlite3.Connection, schema: Schema, sobject: SObject, record_id: str
) -> Iterator[tuple[SObject, str]]:
    for kind in _kinds_that_go_along(schema, sobject):
        found = connection.execute(
            f'SELECT "Id" FROM "{kind.name}"'  # noqa: S608  (schema's name)
            ' WHERE _gone_with = ? ORDER BY "Id"',
            (record_id,),
        )
        for (key,) in found:
            yield kind, key


def _kinds_that_go_along(schema: Schema, sobject: SObject) -> list[SObject]:
    """The object itself, and those whose records its deletions may take along."""
    kinds = [sobject]
    for kind in kinds:  # grows while it is walked through
        for child, reference in schema.children_of(kind):
            if reference.on_delete is OnDelete.CASCADE and child not in kinds:
                kinds.append(child)
    return kinds


def _link_again(writer: RowWriter, schema: Schema, gone_with: str) -> None:
    found = writer.connection.execute(
        "SELECT parent, sobject, field, child FROM _unlinked WHERE gone_with = ?", (gone_with,)
    ).fetchall()
    for parent, kind, field, child in found:
        free = writer.connection.execute(
            f'SELECT 1 FROM "{kind}"'  # noqa: S608  (schema's names)
            f' WHERE "Id" = ? AND "{field}" IS NULL AND "IsDeleted" = 0',
            (child,),
        ).fetchone()
        if free:
            writer.change(schema.object(kind), child, {field: parent})
    writer.connection.execute("DELETE FROM _unlinked WHERE gone_with = ?", (gone_with,))
