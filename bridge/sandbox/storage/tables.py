"""The tables behind the objects; objects and fields new in the schema are added on start."""

import sqlite3

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.schema import DECIMAL_TYPES, Field, FieldType, Schema, SObject
from bridge.sandbox.values import ignores_case

_OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS _meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS _session (digest TEXT PRIMARY KEY, user_id TEXT NOT NULL,"
    " last_used INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS _cursor (locator TEXT PRIMARY KEY, user_id TEXT NOT NULL,"
    " soql TEXT NOT NULL, all_rows INTEGER NOT NULL, first INTEGER NOT NULL,"
    " last INTEGER NOT NULL, opened INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS _cursor_row (position INTEGER PRIMARY KEY AUTOINCREMENT,"
    " row INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS _notification (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " sobject TEXT NOT NULL, record_id TEXT NOT NULL, queued INTEGER NOT NULL,"
    " due INTEGER NOT NULL, attempts INTEGER NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS _notification_due ON _notification (sobject, due)",
    "CREATE TABLE IF NOT EXISTS _unlinked (gone_with TEXT NOT NULL, parent TEXT NOT NULL,"
    " sobject TEXT NOT NULL, field TEXT NOT NULL, child TEXT NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS _unlinked_gone_with ON _unlinked (gone_with)",
)
_MARKS = {"_gone_with": "TEXT", "_shown_until": "INTEGER"}  # of deleted rows: recycle_bin.py
_INTEGER_TYPES = DECIMAL_TYPES | {FieldType.BOOLEAN, FieldType.INT}


def create_tables(connection: sqlite3.Connection, schema: Schema) -> None:
    """Create what is missing; leave what is there. Raises SandboxError if a column changed."""
    for statement in _OWN_TABLES:
        connection.execute(statement)
    for sobject in schema.objects:
        marks = [f"{name} {kind}" for name, kind in _MARKS.items()]
        columns = ", ".join([*marks, *map(_column, sobject.fields)])
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{sobject.name}" (_row INTEGER PRIMARY KEY, {columns})'
        )
        _add_columns(connection, sobject)
        _add_indexes(connection, sobject)


def _add_columns(connection: sqlite3.Connection, sobject: SObject) -> None:
    present = dict(
        connection.execute("SELECT name, type FROM pragma_table_xinfo(?)", (sobject.name,))
    )
    for name, kind in _MARKS.items():
        if name not in present:
            connection.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN {name} {kind}')
    for field in sobject.fields:
        if field.name not in present:
            connection.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN {_column(field)}')
        elif present[field.name].split()[0] != _storage(field):
            raise SandboxError(
                f"{sobject.name}.{field.name} is stored as {present[field.name]} and the schema"
                f" now wants {_storage(field)}: start with a new database file"
            )


def _add_indexes(connection: sqlite3.Connection, sobject: SObject) -> None:
    def index(kind: str, name: str, columns: str, where: str = "") -> None:
        connection.execute(
            f'CREATE {kind} IF NOT EXISTS "{sobject.name}.{name}" ON "{sobject.name}" ({columns})'
            + where
        )

    index("UNIQUE INDEX", "Id", '"Id"')
    index("INDEX", "SystemModstamp", '"SystemModstamp", "Id", "IsDeleted"')
    index("INDEX", "_gone_with", "_gone_with", " WHERE _gone_with IS NOT NULL")
    for rule in sobject.duplicate_rules:
        index("INDEX", rule.name.replace('"', ""), ", ".join(f'"{name}"' for name in rule.fields))
    for field in sobject.fields:
        if field.unique:  # a deleted record gives its value free
            index("UNIQUE INDEX", field.name, f'"{field.name}"', ' WHERE "IsDeleted" = 0')
        elif field.external_id or (field.type is FieldType.REFERENCE and field.to != "User"):
            index("INDEX", field.name, f'"{field.name}"')


def _column(field: Field) -> str:
    definition = f'"{field.name}" {_storage(field)}'
    if ignores_case(field):
        definition += " COLLATE NOCASE"
    if field.composed_of:
        parts = " || ".join(f"coalesce(\"{part}\" || ' ', '')" for part in field.composed_of)
        definition += f" GENERATED ALWAYS AS (nullif(trim({parts}), '')) VIRTUAL"
    return definition


def _storage(field: Field) -> str:
    return "INTEGER" if field.type in _INTEGER_TYPES else "TEXT"
