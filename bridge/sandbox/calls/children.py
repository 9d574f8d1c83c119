"""The records that refer to a record."""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from bridge.sandbox.schema import Field, Schema, SObject


class Child(NamedTuple):
    """A living record and the field by which it refers to its parent."""

    sobject: SObject
    reference: Field
    id: str


def living_children(
    connection: sqlite3.Connection, schema: Schema, parent: SObject, parent_id: str
) -> Iterator[Child]:
    """Every living record that refers to the parent by a field that may be changed."""
    for sobject, reference in schema.children_of(parent):
        if not reference.writable or reference.name == "OwnerId":
            continue
        found = connection.execute(
            f'SELECT "Id" FROM "{sobject.name}"'  # noqa: S608  (schema's names)
            f' WHERE "{reference.name}" = ? AND "IsDeleted" = 0 ORDER BY "Id"',
            (parent_id,),
        ).fetchall()
        for (key,) in found:
            yield Child(sobject, reference, key)
