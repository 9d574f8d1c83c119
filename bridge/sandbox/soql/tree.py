"""The tree of a SOQL query, and the fault that points into its text.

The subset: field lists with parent fields, COUNT(), WHERE with AND, OR, NOT, parentheses, the
comparisons, IN, NOT IN and LIKE, ORDER BY, LIMIT and OFFSET. Source: SOQL and SOSL Reference,
"SOQL SELECT Syntax".
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from bridge.sandbox.errors import ApiFault

ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class Kind(StrEnum):
    """What a literal is."""

    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    NULL = "null"
    NUMBER = "number"
    STRING = "string"


@dataclass(frozen=True)
class Literal:
    """A value as written: for a string, what stands between the quotes, escapes included."""

    kind: Kind
    text: str
    at: int

    def string(self) -> str:
        """The characters that a string literal stands for."""
        return ESCAPE.sub(lambda match: _unescaped(match[1]), self.text)

    def pattern(self) -> str:
        """The string as a pattern of SQL's LIKE whose escape character is the backslash."""
        return ESCAPE.sub(
            lambda match: match[0] if match[1] in "_%\\" else _unescaped(match[1]), self.text
        )


@dataclass(frozen=True)
class Path:
    """A field, reached through parents: ``Account__r.Owner.Name``."""

    parts: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Comparison:
    """A field against one value, or against several with IN and NOT IN."""

    path: Path
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True)
class Junction:
    """Conditions joined by AND or by OR."""

    operator: str
    conditions: tuple["Condition", ...]


Condition = Comparison | Not | Junction


@dataclass(frozen=True)
class Ordering:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True)
class Query:
    """A whole query. ``fields`` is empty for ``SELECT COUNT()``."""

    text: str
    fields: tuple[Path, ...]
    sobject: str
    sobject_at: int
    alias: str
    where: Condition | None
    order_by: tuple[Ordering, ...]
    limit: int | None
    offset: int


def fault_at(text: str, at: int, message: str, code: str = "MALFORMED_QUERY") -> ApiFault:
    """A fault that shows the place in the query, as Salesforce does."""
    row = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    start = max(at - 40, 0)
    line = " ".join(text[start : at + 40].split("\n"))
    where = f"\n{line}\n{' ' * (at - start)}^\nERROR at Row:{row}:Column:{column}\n"
    return ApiFault(code, where + message, row=row, column=column)


def _unescaped(sequence: str) -> str:
    if len(sequence) == 5:
        return chr(int(sequence[1:], 16))
    return _ESCAPES.get(sequence, sequence)
