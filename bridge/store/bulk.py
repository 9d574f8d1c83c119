"""Many rows written by one statement, their values made ready column by column.

SQLAlchemy makes values ready row by row, which for wide rows takes longer than all that the
database does with them, and psycopg sends PostgreSQL a statement for each row: here a column
travels as one array.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnDefault, CursorResult, Dialect, Table
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from bridge.domain.columns import map_distinct
from bridge.store.models import Base
from bridge.store.statements import table_of

Row = Mapping[str, Any]
"""Column -> value. A column that is left out gets its default."""


Columns = Mapping[str, Sequence[Any]]
"""The same as columns, of equal length."""


def upsert(session: Session, model: type[Base], rows: Iterable[Row], *, key: Sequence[str]) -> None:
    """Inserts rows of equal shape; where `key` is taken, their other columns replace the old.

    Of several rows with one key the last one counts.
    """
    distinct = list({tuple(row[name] for name in key): row for row in rows}.values())
    if distinct:
        upsert_columns(session, model, _columns(distinct), key=key)


def upsert_columns(
    session: Session, model: type[Base], columns: Columns, *, key: Sequence[str]
) -> None:
    """The same of rows that no two have one key, at least one of them."""
    others = [f"{name} = excluded.{name}" for name in columns if name not in key]
    replace = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(others)}"
    _insert(session, model, columns, replace)


def insert_new(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Inserts rows of equal shape, none of which may be there already."""
    if rows:
        _insert(session, model, _columns(rows), "")


def insert_missing(
    session: Session, model: type[Base], rows: Sequence[Row], *, returning: Sequence[str] = ()
) -> Sequence[Sequence[Any]]:
    """Inserts rows of equal shape; where a row is there already, it stays as it is.

    Gives these columns of the rows that are new: on PostgreSQL alone, because SQLite tells nothing
    of many rows at once.
    """
    if not rows:
        return []
    return insert_missing_columns(session, model, _columns(rows), returning=returning)


def insert_missing_columns(
    session: Session, model: type[Base], columns: Columns, *, returning: Sequence[str] = ()
) -> Sequence[Sequence[Any]]:
    """The same of at least one row."""
    tell = f"RETURNING {', '.join(returning)}" if returning else ""
    result = _insert(session, model, columns, f"ON CONFLICT DO NOTHING {tell}")
    return result.all() if returning else []


def update_columns(session: Session, model: type[Base], given: Columns, *, key: str) -> None:
    """Sets the columns in the rows that the column `key` names; the session's objects stay."""
    table, connection = table_of(model), session.connection()
    dialect = connection.dialect
    columns = {name: _ready(given[name], table.c[name].type, dialect) for name in given}
    others = [name for name in columns if name != key]
    if dialect.name == "sqlite":
        sets = ", ".join(f"{name} = ?" for name in others)
        rows = list(zip(*(columns[name] for name in (*others, key)), strict=True))
        query = f"UPDATE {table.name} SET {sets} WHERE {key} = ?"  # noqa: S608 - the model's names
        connection.exec_driver_sql(query, rows)
    else:
        sets = ", ".join(f"{name} = new.{name}" for name in others)
        arrays = ", ".join(f"{_parameter(table.c[name].type, dialect)}[]" for name in columns)
        new = f"unnest({arrays}) AS new ({', '.join(columns)})"
        where = f"{table.name}.{key} = new.{key}"
        query = f"UPDATE {table.name} SET {sets} FROM {new} WHERE {where}"  # noqa: S608 - likewise
        connection.exec_driver_sql(query, tuple(columns.values()))


def _columns(rows: Sequence[Row]) -> Columns:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _insert(
    session: Session, model: type[Base], given: Columns, on_conflict: str
) -> CursorResult[Any]:
    table, connection = table_of(model), session.connection()
    dialect = connection.dialect
    columns = {
        name: _ready(values, table.c[name].type, dialect)
        for name, values in _with_defaults(table, given).items()
    }
    into = f"INSERT INTO {table.name} ({', '.join(columns)})"
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        values = list(zip(*columns.values(), strict=True))
        return connection.exec_driver_sql(f"{into} VALUES ({marks}) {on_conflict}", values)
    marked = [_parameter(table.c[name].type, dialect) for name in columns]
    if len(next(iter(columns.values()))) == 1:  # as an array, a value takes twice as long
        only = tuple(values[0] for values in columns.values())
        return connection.exec_driver_sql(
            f"{into} VALUES ({', '.join(marked)}) {on_conflict}", only
        )
    arrays = ", ".join(f"{one}[]" for one in marked)
    select = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - all names are the model's own
    return connection.exec_driver_sql(f"{into} {select} {on_conflict}", tuple(columns.values()))


def _with_defaults(table: Table, columns: Columns) -> Columns:
    count = len(next(iter(columns.values())))
    defaults = {
        column.name: [column.default.arg] * count
        for column in table.columns
        if isinstance(column.default, ColumnDefault) and column.name not in columns
    }
    return {**columns, **defaults}


def _ready(values: Sequence[Any], kind: TypeEngine[Any], dialect: Dialect) -> list[Any]:
    process = _processor(kind, dialect)
    return list(values) if process is None else map_distinct(process, values)


@lru_cache(1000)
def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(1000)
def _parameter(kind: TypeEngine[Any], dialect: Dialect) -> str:
    """A parameter of psycopg's that travels in binary form: as text, quotes take long to escape.

    All texts are TEXT, because a cast to the column's own length would cut longer ones to fit it.
    """
    name = kind.compile(dialect)
    return f"%b::{'TEXT' if name.startswith('VARCHAR') else name}"
