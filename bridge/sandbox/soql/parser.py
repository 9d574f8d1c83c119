"""Reads SOQL text into a tree. Knows the grammar alone; ``translate`` knows objects and fields.

As in Salesforce, AND and OR do not mix without parentheses.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bridge.sandbox.errors import ApiFault
from bridge.sandbox.soql.tree import (
    ESCAPE,
    Comparison,
    Condition,
    Junction,
    Kind,
    Literal,
    Not,
    Ordering,
    Path,
    Query,
    fault_at,
)

MAX_LENGTH = 100_000
_MAX_DEPTH = 50
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)(?![\dT])
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,9})?)(?![\w.])
    | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<symbol><=|>=|!=|<>|[=<>(),])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)
_COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_RESERVED = frozenset("FROM WHERE ORDER LIMIT OFFSET WITH GROUP HAVING USING".split())


def parse(text: str) -> Query:
    """Read one query. Raises ApiFault MALFORMED_QUERY that points to the offending token."""
    if len(text) > MAX_LENGTH:
        raise ApiFault(
            "MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters."
        )
    return _Parser(text).query()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind in {"name", "symbol"} else ""


class _Parser:
    """Recursive descent over the tokens, one method per rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def query(self) -> Query:
        self._expect("SELECT")
        fields = self._fields()
        self._expect("FROM")
        sobject = self._name()
        query = Query(
            text=self._text,
            fields=fields,
            sobject=sobject.text,
            sobject_at=sobject.at,
            alias=self._alias(),
            where=self._condition() if self._take("WHERE") else None,
            order_by=self._order_by(),
            limit=self._whole_number() if self._take("LIMIT") else None,
            offset=self._whole_number() if self._take("OFFSET") else 0,
        )
        if self._peek.kind != "end":
            raise self._unexpected()
        return query

    def _fields(self) -> tuple[Path, ...]:
        if self._peek.upper == "COUNT" and self._tokens[self._next + 1].upper == "(":
            for expected in ("COUNT", "(", ")"):
                self._expect(expected)
            return ()
        fields = [self._path()]
        while self._take(","):
            fields.append(self._path())
        return tuple(fields)

    def _alias(self) -> str:
        if self._take("AS"):
            return self._name().text
        if self._peek.kind == "name" and self._peek.upper not in _RESERVED:
            return self._name().text
        return ""

    def _condition(self) -> Condition:
        first = self._operand()
        operator = self._peek.upper
        if operator not in {"AND", "OR"}:
            return first
        conditions = [first]
        while self._take(operator):
            conditions.append(self._operand())
        if self._peek.upper in {"AND", "OR"}:  # mixed without parentheses
            raise self._unexpected()
        return Junction(operator, tuple(conditions))

    def _operand(self) -> Condition:
        if self._take("NOT"):
            return Not(self._nested(self._operand))
        if self._take("("):
            condition = self._nested(self._condition)
            self._expect(")")
            return condition
        return self._comparison()

    def _nested(self, rule: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise fault_at(self._text, self._peek.at, "the conditions are nested too deeply")
        condition = rule()
        self._depth -= 1
        return condition

    def _comparison(self) -> Comparison:
        path = self._path()
        token = self._advance()
        operator = "!=" if token.text == "<>" else token.upper
        if operator == "NOT":
            self._expect("IN")
            operator = "NOT IN"
        if operator in {"IN", "NOT IN"}:
            return Comparison(path, operator, self._literals())
        if operator in _COMPARISONS or operator == "LIKE":
            return Comparison(path, operator, (self._literal(),))
        raise self._unexpected(token)

    def _literals(self) -> tuple[Literal, ...]:
        self._expect("(")
        literals = [self._literal()]
        while self._take(","):
            literals.append(self._literal())
        self._expect(")")
        return tuple(literals)

    def _literal(self) -> Literal:
        token = self._advance()
        if token.kind == "string":
            return Literal(Kind.STRING, self._checked(token), token.at)
        if token.kind in {"number", "date", "datetime"}:
            return Literal(Kind(token.kind), token.text, token.at)
        if token.upper in {"TRUE", "FALSE"}:
            return Literal(Kind.BOOLEAN, token.upper, token.at)
        if token.upper == "NULL":
            return Literal(Kind.NULL, token.upper, token.at)
        raise self._unexpected(token)

    def _checked(self, token: _Token) -> str:
        body = token.text[1:-1]
        for match in ESCAPE.finditer(body):
            if match[1][0] not in "nrtbfu\"'\\_%" or match[1] == "u":
                message = f"Illegal character sequence '{match[0]}' in string literal"
                raise fault_at(self._text, token.at, message)
        return body

    def _order_by(self) -> tuple[Ordering, ...]:
        if not self._take("ORDER"):
            return ()
        self._expect("BY")
        orderings = [self._ordering()]
        while self._take(","):
            orderings.append(self._ordering())
        return tuple(orderings)

    def _ordering(self) -> Ordering:
        path = self._path()
        descending = not self._take("ASC") and self._take("DESC")
        nulls_last = False
        if self._take("NULLS"):
            nulls_last = not self._take("FIRST")
            if nulls_last:
                self._expect("LAST")
        return Ordering(path, descending, nulls_last)

    def _whole_number(self) -> int:
        token = self._advance()
        if token.kind != "number" or not token.text.isdigit() or len(token.text) > 10:
            raise self._unexpected(token)
        return int(token.text)

    def _path(self) -> Path:
        token = self._name(dotted=True)
        return Path(tuple(token.text.split(".")), token.at)

    def _name(self, *, dotted: bool = False) -> _Token:
        token = self._advance()
        if token.kind != "name" or token.upper in _RESERVED or ("." in token.text and not dotted):
            raise self._unexpected(token)
        return token

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        token = self._peek
        if token.kind != "end":
            self._next += 1
        return token

    def _take(self, word: str) -> bool:
        if self._peek.upper == word:
            self._next += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _unexpected(self, token: _Token | None = None) -> ApiFault:
        token = token or self._peek
        return fault_at(self._text, token.at, f"unexpected token: '{token.text or '<EOF>'}'")


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while True:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            start = at + len(text[at:]) - len(text[at:].lstrip())
            raise fault_at(text, start, f"unexpected token: '{text[start : start + 20]}'")
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        if match.lastgroup == "end":
            return
        at = match.end()
