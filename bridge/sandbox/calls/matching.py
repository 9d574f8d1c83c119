"""What a call's rows refer to, found in the database with one statement per kind."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bridge.sandbox.calls.drafts import Draft, ParentKey
from bridge.sandbox.schema import Field, FieldType, Schema, SObject
from bridge.sandbox.values import Stored, fold


def ids_by_external_id(
    connection: sqlite3.Connection, sobject: SObject, external_id: Field, values: Iterable[Stored]
) -> dict[Stored, list[str]]:
    """The ids of the living records that hold each value, by its folded form."""
    wanted = list(dict.fromkeys(values))
    found: dict[Stored, list[str]] = defaultdict(list)
    for value, key in connection.execute(
        f'SELECT "{external_id.name}", "Id" FROM "{sobject.name}"'  # noqa: S608  (schema's names)
        f' WHERE "IsDeleted" = 0 AND "{external_id.name}" IN ({_marks(wanted)})',
        wanted,
    ):
        found[fold(external_id, value)].append(key)
    return found


def deleted_by_id(
    connection: sqlite3.Connection, sobject: SObject, keys: Iterable[str]
) -> dict[str, bool]:
    """For each id that exists, whether its record is deleted."""
    wanted = list(dict.fromkeys(keys))
    found = connection.execute(
        f'SELECT "Id", "IsDeleted" FROM "{sobject.name}"'  # noqa: S608  (schema's names)
        f' WHERE "Id" IN ({_marks(wanted)})',
        wanted,
    )
    return {key: bool(deleted) for key, deleted in found}


def resolve_parents(connection: sqlite3.Connection, rows: Sequence[Draft]) -> None:
    """Turn parents named by external id into references; refuse rows whose parent is not there."""
    kinds: dict[tuple[str, str], list[ParentKey]] = defaultdict(list)
    for row in rows:
        for parent in row.parents:
            kinds[parent.kind].append(parent)
    known = {
        kind: ids_by_external_id(
            connection, same[0].parent, same[0].external_id, [parent.value for parent in same]
        )
        for kind, same in kinds.items()
    }
    for row in rows:
        for parent in row.parents:
            _set_parent(row, parent, known[parent.kind])


def _set_parent(row: Draft, parent: ParentKey, known: Mapping[Stored, list[str]]) -> None:
    keys = known.get(fold(parent.external_id, parent.value), [])
    if len(keys) == 1:
        row.values[parent.reference.name] = keys[0]
        return
    problem = "matches several records" if keys else "not found"
    row.refuse(
        "INVALID_FIELD",
        f"Foreign key external ID: {parent.value} {problem} for field {parent.external_id.name}"
        f" in entity {parent.parent.name}",
    )


def check_references(connection: sqlite3.Connection, schema: Schema, rows: Sequence[Draft]) -> None:
    """Refuse rows that point to records which do not exist or are deleted."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for reference, key in _references(row):
            wanted[_kind(schema, reference, key)].add(key)
    known = {to: deleted_by_id(connection, schema.object(to), keys) for to, keys in wanted.items()}
    for row in rows:
        for reference, key in _references(row):
            _refuse_unless_alive(row, known[_kind(schema, reference, key)].get(key))


def check_targets(connection: sqlite3.Connection, rows: Sequence[Draft]) -> None:
    """Refuse rows that would change records which do not exist or are deleted."""
    wanted: dict[str, list[Draft]] = defaultdict(list)
    for row in rows:
        if row.id and not row.errors:
            wanted[row.sobject.name].append(row)
    for same in wanted.values():
        known = deleted_by_id(connection, same[0].sobject, [row.id for row in same])
        for row in same:
            _refuse_unless_alive(row, known.get(row.id))


def _refuse_unless_alive(row: Draft, deleted: bool | None) -> None:
    if deleted is None:
        row.refuse("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    elif deleted:
        row.refuse("ENTITY_IS_DELETED", "entity is deleted")


def _kind(schema: Schema, reference: Field, key: str) -> str:
    """The object that a reference's value belongs to; the draft has checked the key prefix."""
    owner = schema.owner_of(key)
    return owner.name if owner else reference.to


def _references(row: Draft) -> Iterable[tuple[Field, str]]:
    for name, value in row.values.items():
        reference = row.sobject.field(name)
        if reference and reference.type is FieldType.REFERENCE and value is not None:
            yield reference, str(value)


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
