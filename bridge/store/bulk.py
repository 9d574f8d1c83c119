"""Many rows written by one statement, their values made ready column by column.

SQLAlchemy makes values ready row by row, which for wide rows takes longer than all that the
database does with them, and psycopg sends PostgreSQL a statement for each row: here a column
travels as one array.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import ColumnDefault, Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bridge.store.models import Base

Row = Mapping[str, Any]
"""Column -> value. A column that is left out gets its default."""


def upsert(session: Session, model: type[Base], rows: Iterable[Row], *, key: Sequence[str]) -> None:
    """Inserts rows of equal shape; where `key` is taken, their other columns replace the old.

    Of several rows with one key the last one counts.
    """
    distinct = list({tuple(row[name] for name in key): row for row in rows}.values())
    if distinct:
        others = [f"{name} = excluded.{name}" for name in distinct[0] if name not in key]
        replace = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(others)}"
        _insert(session, model, distinct, replace)


def insert_missing(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows of equal shape; where a row is there already, it stays as it is."""
    if rows:
        _insert(session, model, rows, "ON CONFLICT DO NOTHING")


def _insert(session: Session, model: type[Base], rows: Sequence[Row], on_conflict: str) -> None:
    table, connection = cast(Table, model.__table__), session.connection()
    dialect = connection.dialect
    columns = {
        name: _ready(values, table.c[name].type, dialect)
        for name, values in _columns(table, rows).items()
    }
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        values = list(zip(*columns.values(), strict=True))
        connection.exec_driver_sql(f"{into} VALUES ({marks}) {on_conflict}", values)
    else:
        arrays = ", ".join(_array(table.c[name].type, dialect) for name in columns)
        select = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - all names are the model's own
        connection.exec_driver_sql(f"{into} {select} {on_conflict}", tuple(columns.values()))


def _columns(table: Table, rows: Sequence[Row]) -> dict[str, list[Any]]:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for column in table.columns:
        default = column.default
        if isinstance(default, ColumnDefault) and column.name not in columns:
            columns[column.name] = [default.arg] * len(rows)
    return columns


def _ready(values: Sequence[Any], kind: TypeEngine[Any], dialect: Dialect) -> list[Any]:
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return list(values)
    first = values[0]
    if all(value is first for value in values):  # such as the one instant of a submission
        return [process(first)] * len(values)
    return [process(value) for value in values]


def _array(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A parameter of psycopg's that travels in binary form: as text, quotes take long to escape.

    All texts are TEXT, because a cast to the column's own length would cut longer ones to fit it.
    """
    name = kind.compile(dialect)
    return f"%b::{'TEXT' if name.startswith('VARCHAR') else name}[]"
