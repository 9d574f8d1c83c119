"""INSERT … ON CONFLICT, which SQLite and PostgreSQL share and SQLAlchemy keeps by dialect."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bridge.store.models import Base

T = TypeVar("T")
CHUNK = 500
"""Rows that one statement names: far below either database's limit of parameters."""


def insert_into(session: Session, model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The dialect's INSERT into a table, which knows ON CONFLICT."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(model)
    return postgresql.insert(model)


def upsert(
    session: Session, model: type[Base], rows: Sequence[dict[str, Any]], *, key: Iterable[str]
) -> None:
    """Inserts rows of equal shape; where `key` is taken, their other columns replace the old."""
    if not rows:
        return
    statement = insert_into(session, model)
    key = list(key)
    others = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=others), rows)


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
