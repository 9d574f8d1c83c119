"""What SQLite and PostgreSQL can both do and SQLAlchemy keeps by dialect, for many rows at once.

INSERT … ON CONFLICT, and comparing a column with many values.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, ColumnElement, Integer, Table, Text, any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from bridge.store.models import Base

T = TypeVar("T")
CHUNK = 500
"""Rows that one statement names: far below either database's limit of parameters."""


def insert_into(session: Session, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The dialect's INSERT into a table, which knows ON CONFLICT."""
    # Not into the mapped class: SQLAlchemy would look at each row as at an object's state.
    table = cast(Table, model.__table__)
    return sqlite.insert(table) if _is_sqlite(session) else postgresql.insert(table)


def one_of(
    session: Session,
    column: InstrumentedAttribute[Any],
    values: Collection[str] | Collection[int],
) -> ColumnElement[bool]:
    """Whether a column of texts or whole numbers holds one of the values.

    They travel as one parameter, however many: naming each takes several times as long.
    """
    if _is_sqlite(session):
        each = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(each.c.value))
    # Text, because a cast to the column's own length would cut longer values to fit it.
    kind = BigInteger() if isinstance(column.type, Integer) else Text()
    return column == any_(literal(list(values), postgresql.ARRAY(kind)))


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
