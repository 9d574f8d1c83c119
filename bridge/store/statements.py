"""What SQLite and PostgreSQL can both do and SQLAlchemy keeps by dialect, for many rows at once.

INSERT … ON CONFLICT, and comparing a column with many values.

What each call of a consumer needs is a statement of a module, with parameters: building one takes
SQLAlchemy longer than all that the database does with it. Such statements are of tables, because
a mapped class costs as much again.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Executable,
    Integer,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    literal,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

from bridge.store.models import Base

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert
Column = InstrumentedAttribute[Any] | ColumnElement[Any]
CHUNK = 500
"""Rows that one statement names: far below either database's limit of parameters."""


def table_of(model: type[Base]) -> Table:
    """The table of a mapped class."""
    return cast(Table, model.__table__)


def insert_into(session: Session, model: type[Base]) -> Insert:
    """The dialect's INSERT into a table, which knows ON CONFLICT."""
    # Not into the mapped class: SQLAlchemy would look at each row as at an object's state.
    return _INSERTS[_dialect(session)](table_of(model))


class Inserting:
    """An INSERT that each dialect says in its way, made once by the dialect's `insert`."""

    def __init__(self, model: type[Base], build: Callable[[Insert], Executable]) -> None:
        self._statements = {
            dialect: build(insert(table_of(model))) for dialect, insert in _INSERTS.items()
        }

    def on(self, session: Session) -> Executable:
        """The statement for a session's database."""
        return self._statements[_dialect(session)]


_INSERTS: Mapping[str, Callable[[Table], Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


def is_sqlite(session: Session) -> bool:
    """Whether it is SQLite that the session speaks to."""
    return _dialect(session) == "sqlite"


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def one_of(column: Column, values: Collection[str] | Collection[int]) -> ColumnElement[bool]:
    """Whether a column of texts or whole numbers holds one of the values.

    They travel as one parameter, however many: naming each takes several times as long.
    """
    return _OneOf(column, literal(list(values), _Many(_kind_of(column))))


def one_of_these(column: Column, name: str) -> ColumnElement[bool]:
    """The same of a list that the statement is given by this name."""
    return _OneOf(column, bindparam(name, type_=_Many(_kind_of(column))))


def _kind_of(column: Column) -> TypeEngine[Any]:
    # Text, because a cast to the column's own length would cut longer values to fit it.
    return BigInteger() if isinstance(column.type, Integer) else Text()


class _Many(TypeDecorator[Any]):
    """A list: an array of PostgreSQL's, JSON for SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else postgresql.ARRAY(self.kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class _OneOf(FunctionElement[bool]):
    """A column, and the list that its value may stand in."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> "_OneOf":
        """Itself: else SQLAlchemy writes `… = 1` for SQLite, which then looks at every row."""
        return self


@compiles(_OneOf, "sqlite")
def _one_of_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - all compiled


@compiles(_OneOf, "postgresql")
def _one_of_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(one, **options) for one in element.clauses)
    return f"{column} = ANY ({values})"


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The items in slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
