"""A translated query: its SQL in the forms in which it is run, and the shape of its records."""

from dataclasses import dataclass, field
from typing import NamedTuple

from bridge.sandbox.schema import Field, SObject
from bridge.sandbox.values import Stored


class Sql(NamedTuple):
    """SQL text and its parameters."""

    text: str
    parameters: tuple[Stored | None, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """A field of a record, found in the ``column``-th column of the row."""

    field: Field
    column: int


@dataclass
class Shape:
    """What a record shows: fields and parents in the order in which they were asked for.

    ``id_column`` holds the record's Id where it was asked for, and always for a parent (it tells a
    missing one); ``shows_id`` says whether it was asked for.
    """

    sobject: SObject
    alias: str
    id_column: int | None = None
    shows_id: bool = False
    members: "dict[str, Leaf | Shape]" = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """A translated query, ready to be run whole, counted, or kept as a cursor's row numbers."""

    sobject: SObject
    shape: Shape
    columns: tuple[str, ...]
    source: str
    parents: str
    where: Sql
    order: str
    limit: int | None
    offset: int
    all_rows: bool  # deleted ones too

    @property
    def only_counts(self) -> bool:
        return not self.columns

    @property
    def long_texts(self) -> int:
        """How many long text fields a record shows, those of its parents left out."""
        return sum(
            1 for each in self.shape.members.values() if isinstance(each, Leaf) and each.field.long
        )

    def rows(self, most: int) -> Sql:
        """At most ``most`` rows of columns."""
        return self._select(", ".join(self.columns), self._limited(most))

    def row_numbers(self) -> Sql:
        """Every row's number, in order."""
        return self._select("t._row", self._limited(-1))

    def count(self) -> Sql:
        """How many rows there are, LIMIT and OFFSET considered."""
        inner = self._select("1", self._limited(-1))
        return Sql(f"SELECT count(*) FROM ({inner.text})", inner.parameters)  # noqa: S608

    def page_of_cursor(self) -> str:
        """The columns of the cursor's rows between two positions, both parameters included."""
        live = "" if self.all_rows else ' AND t."IsDeleted" = 0'
        return (
            f"SELECT {', '.join(self.columns)}"  # noqa: S608  (names of the schema)
            f" FROM _cursor_row CROSS JOIN {self.source}"
            f" ON t._row = _cursor_row.row {self.parents}"
            f" WHERE _cursor_row.position BETWEEN ? AND ?{live} ORDER BY _cursor_row.position"
        )

    def _limited(self, most: int) -> int:
        if self.limit is None or most < 0:
            return most if self.limit is None else self.limit
        return min(most, self.limit)

    def _select(self, what: str, limit: int) -> Sql:
        names = f"{what} FROM {self.source} {self.parents}"
        text = f"SELECT {names} WHERE {self.where.text}{self.order}"
        parameters = self.where.parameters
        if limit >= 0 or self.offset:
            text += " LIMIT ? OFFSET ?"
            parameters += (limit, self.offset)
        return Sql(text, parameters)
