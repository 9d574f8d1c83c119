"""A SOQL tree turned into parameterised SQL, and the shape of the records it answers.

SOQL has two truth values where SQL has three: a null differs from every value, so ``!=`` and
``NOT IN`` find it. Values travel as parameters only; names come from the schema.
"""

from bridge.sandbox.errors import ApiFault, unknown_type
from bridge.sandbox.schema import ALWAYS_SET, TEXT_TYPES, Field, FieldType, Schema, SObject
from bridge.sandbox.soql.literals import parameter
from bridge.sandbox.soql.statement import Leaf, Shape, Sql, Statement
from bridge.sandbox.soql.tree import (
    Comparison,
    Condition,
    Not,
    Ordering,
    Path,
    Query,
    fault_at,
)
from bridge.sandbox.values import Stored

MAX_OFFSET = 2000
_MAX_PARENTS = 5
_SORTED_AS_STORED = frozenset({FieldType.DATE, FieldType.DATETIME, FieldType.ID})
_HINT = "Please reference your WSDL or the describe call for the appropriate names."


def translate(query: Query, schema: Schema, *, bin_at: int | None = None) -> Statement:
    """SQL for a query of the living; with ``bin_at`` (seconds) of what was deleted, too.

    A deleted row shows itself until a moment of its own (calls/recycle_bin.py).
    Raises ApiFault INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY or one that names a wrong value.
    """
    return _Translation(query, schema).statement(bin_at)


class _Translation:
    """The joins and columns that pile up while a query is walked through once."""

    def __init__(self, query: Query, schema: Schema) -> None:
        sobject = schema.find(query.sobject)
        if sobject is None:
            raise unknown_type(query.sobject)
        self._query = query
        self._schema = schema
        self._root = Shape(sobject, "t")
        self._joined: dict[tuple[str, ...], tuple[SObject, str]] = {(): (sobject, "t")}
        self._joins: list[str] = []
        self._columns: list[str] = []

    def statement(self, bin_at: int | None) -> Statement:
        query = self._query
        if query.offset > MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
            raise ApiFault("NUMBER_OUTSIDE_VALID_RANGE", message)
        for path in query.fields:
            self._select(path)
        where = self._condition(query.where) if query.where else Sql("1")
        if bin_at is None:
            where = Sql(f'({where.text}) AND t."IsDeleted" = 0', where.parameters)
        else:
            shown = f'({where.text}) AND (t."IsDeleted" = 0 OR t._shown_until > ?)'
            where = Sql(shown, (*where.parameters, bin_at))
        order = self._order()
        return Statement(
            sobject=self._root.sobject,
            shape=self._root,
            columns=tuple(self._columns),
            source=f'"{self._root.sobject.name}" AS t',
            parents=" ".join(self._joins),
            where=where,
            order=order,
            limit=query.limit,
            offset=query.offset,
            all_rows=bin_at is not None,
        )

    def _select(self, path: Path) -> None:
        alias, found, names = self._locate(path)
        shape = self._shape(names)
        if found.name in shape.members:
            message = f"duplicate field selected: {'.'.join(path.parts)}"
            raise fault_at(self._query.text, path.at, message)
        column = self._column(f'{alias}."{found.name}"')
        shape.members[found.name] = Leaf(found, column)
        if found.type is FieldType.ID:
            shape.id_column, shape.shows_id = column, True

    def _shape(self, names: tuple[str, ...]) -> Shape:
        shape = self._root
        for depth, name in enumerate(names, start=1):
            member = shape.members.get(name)
            if not isinstance(member, Shape):
                sobject, alias = self._joined[names[:depth]]
                member = Shape(sobject, alias, self._column(f'{alias}."Id"'))
                shape.members[name] = member
            shape = member
        return shape

    def _column(self, sql: str) -> int:
        self._columns.append(sql)
        return len(self._columns) - 1

    def _locate(self, path: Path) -> tuple[str, Field, tuple[str, ...]]:
        names: tuple[str, ...] = ()
        for part in self._own_parts(path)[:-1]:
            names = self._join(names, part, path)
        sobject, alias = self._joined[names]
        name = path.parts[-1]
        found = sobject.field(name)
        if found is None:
            message = (
                f"No such column '{name}' on entity '{sobject.name}'. If you are attempting to use"
                " a custom field, be sure to append the '__c' after the custom field name. " + _HINT
            )
            raise fault_at(self._query.text, path.at, message, "INVALID_FIELD")
        return alias, found, names

    def _own_parts(self, path: Path) -> tuple[str, ...]:
        first = path.parts[0].lower()
        sobject = self._root.sobject
        named = {self._query.alias.lower()} if self._query.alias else {sobject.name.lower()}
        if len(path.parts) > 1 and first in named and sobject.reference(first) is None:
            return path.parts[1:]
        return path.parts

    def _join(self, names: tuple[str, ...], part: str, path: Path) -> tuple[str, ...]:
        child, child_alias = self._joined[names]
        reference = child.reference(part)
        if reference is None or len(names) == _MAX_PARENTS:
            message = (
                f"Didn't understand relationship '{part}' in field path. If you are attempting to"
                " use a custom relationship, be sure to append the '__r' after the custom"
                " relationship name. " + _HINT
            )
            raise fault_at(self._query.text, path.at, message, "INVALID_FIELD")
        names = (*names, reference.relationship)
        if names not in self._joined:
            alias = f"p{len(self._joined)}"
            self._joined[names] = (self._schema.object(reference.to), alias)
            self._joins.append(
                f'LEFT JOIN "{reference.to}" AS {alias}'
                f' ON {alias}."Id" = {child_alias}."{reference.name}"'
            )
        return names

    def _condition(self, condition: Condition) -> Sql:
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        if isinstance(condition, Not):
            inner = self._condition(condition.condition)
            return Sql(f"NOT coalesce({inner.text}, 0)", inner.parameters)
        joined = _balanced(condition.operator, [self._condition(c) for c in condition.conditions])
        if condition.operator == "OR":
            for column, value in self._lower_bounds(condition).items():
                joined = Sql(f"({column} >= ? AND {joined.text})", (value, *joined.parameters))
        return joined

    def _comparison(self, comparison: Comparison) -> Sql:
        alias, found, _ = self._locate(comparison.path)
        self._check_filterable(found, comparison)
        column = f'{alias}."{found.name}"'
        values = tuple(self._parameter(found, comparison, n) for n in range(len(comparison.values)))
        if comparison.operator in {"IN", "NOT IN"}:
            return _membership(column, comparison.operator, values)
        return _against(column, comparison.operator, values[0])

    def _parameter(self, found: Field, comparison: Comparison, index: int) -> Stored | None:
        literal = comparison.values[index]
        return parameter(self._query.text, found, literal, comparison.operator)

    def _check_filterable(self, found: Field, comparison: Comparison) -> None:
        at, operator = comparison.path.at, comparison.operator
        if not found.filterable:
            message = f"field '{found.name}' can not be filtered in a query call"
            raise fault_at(self._query.text, at, message, "INVALID_FIELD")
        ranged = operator in {"<", "<=", ">", ">="}
        if (operator == "LIKE" and found.type not in TEXT_TYPES) or (
            ranged and found.type is FieldType.BOOLEAN
        ):
            message = f"invalid operator on {found.type} field"
            raise fault_at(self._query.text, at, message, "INVALID_QUERY_FILTER_OPERATOR")

    def _lower_bounds(self, condition: Condition) -> dict[str, Stored]:
        """Bounds that every row found must meet; SQLite does not see them through an OR itself.

        They let ``(SystemModstamp = x AND Id > y) OR SystemModstamp > x`` walk one index.
        """
        if isinstance(condition, Not):
            return {}
        if isinstance(condition, Comparison):
            return self._own_bound(condition)
        several = [self._lower_bounds(part) for part in condition.conditions]
        if condition.operator == "AND":
            return {column: value for bounds in several for column, value in bounds.items()}
        shared = set(several[0]).intersection(*several[1:])
        return {column: min(str(bounds[column]) for bounds in several) for column in shared}

    def _own_bound(self, comparison: Comparison) -> dict[str, Stored]:
        alias, found, _ = self._locate(comparison.path)
        if comparison.operator not in {"=", ">", ">="} or found.type not in _SORTED_AS_STORED:
            return {}
        value = self._parameter(found, comparison, 0)
        return {} if value is None else {f'{alias}."{found.name}"': value}

    def _order(self) -> str:
        terms = [self._ordering(ordering) for ordering in self._query.order_by]
        if not terms:
            return ""
        if not any(term.startswith('t."Id"') for term in terms):
            terms.append('t."Id"')  # equal rows in one order, page after page
        return f" ORDER BY {', '.join(terms)}"

    def _ordering(self, ordering: Ordering) -> str:
        alias, found, _ = self._locate(ordering.path)
        if not found.filterable:
            message = f"field '{found.name}' can not be sorted in a query call"
            raise fault_at(self._query.text, ordering.path.at, message)
        term = f'{alias}."{found.name}"' + (" DESC" if ordering.descending else "")
        if ordering.nulls_last == ordering.descending or self._is_set(alias, found):
            return term  # as SQLite does on its own, and what an index can serve
        return term + (" NULLS LAST" if ordering.nulls_last else " NULLS FIRST")

    def _is_set(self, alias: str, found: Field) -> bool:
        return alias == self._root.alias and found.name in ALWAYS_SET


def _against(column: str, operator: str, value: Stored | None) -> Sql:
    if value is None:
        return Sql(f"{column} IS {'NOT ' if operator == '!=' else ''}NULL")
    if operator == "!=":
        return Sql(f"{column} IS NOT ?", (value,))
    if operator == "LIKE":
        return Sql(f"{column} LIKE ? ESCAPE '\\'", (value,))
    return Sql(f"{column} {operator} ?", (value,))


def _membership(column: str, operator: str, values: tuple[Stored | None, ...]) -> Sql:
    present = tuple(value for value in values if value is not None)
    listed = f"{column} IN ({', '.join('?' * len(present))})"
    if len(present) < len(values):
        listed = f"({listed} OR {column} IS NULL)"
    if operator == "NOT IN":
        return Sql(f"NOT coalesce({listed}, 0)", present)
    return Sql(listed, present)


def _balanced(operator: str, parts: list[Sql]) -> Sql:
    """Join as a tree: SQLite refuses expressions deeper than 1,000, and a chain is one."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _balanced(operator, parts[:middle]), _balanced(operator, parts[middle:])
    return Sql(f"({left.text} {operator} {right.text})", left.parameters + right.parameters)
