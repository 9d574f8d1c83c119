"""The law of translation: SQL finds the rows that SOQL's own two-valued logic finds."""

import operator
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.errors import ApiFault
from bridge.sandbox.org import Limits, Org, open_org
from bridge.sandbox.schema import load_schema
from bridge.sandbox.soql.parser import parse
from bridge.sandbox.soql.statement import Statement
from bridge.sandbox.soql.translate import translate
from bridge.sandbox.soql.tree import Comparison, Condition, Junction, Kind, Literal, Not, Path

# Number, net amount (unscaled), day, parent's city: with nulls, equal values and odd characters.
ROWS: list[tuple[str | None, int | None, str | None, int | None]] = [
    (number, amount, day, parent)
    for number in (None, "a1", "A2", "50%", "b_c")
    for amount in (None, -15000, 0, 12345)
    for day, parent in ((None, None), ("2026-01-31", 1), ("2026-02-01", 2))
]
CITIES = {1: "Ulm", 2: None}
Row = dict[str, object]


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    path = tmp_path_factory.mktemp("translate") / "org.db"
    made = open_org(path, load_schema(), lambda: datetime(2026, 3, 1, tzinfo=UTC), Limits())
    with made.database.writing() as connection:
        _fill(connection)
    yield made
    made.database.close()


def _fill(connection: sqlite3.Connection) -> None:
    connection.executemany(
        'INSERT INTO "Account" (_row, "Id", "IsDeleted", "BillingCity") VALUES (?, ?, 0, ?)',
        [(key, f"account{key}", city) for key, city in CITIES.items()],
    )
    connection.executemany(
        'INSERT INTO "ERP_Invoice__c" (_row, "Id", "IsDeleted", "Number__c", "Net_Amount__c",'
        ' "Issued_On__c", "Account__c") VALUES (?, ?, 0, ?, ?, ?, ?)',
        [
            (n, f"invoice{n:03}", number, amount, day, parent and f"account{parent}")
            for n, (number, amount, day, parent) in enumerate(ROWS)
        ],
    )


def run(org: Org, statement: Statement) -> list[tuple[object, ...]]:
    with org.database.reading() as connection:
        return connection.execute(*statement.rows(2000)).fetchall()


texts = st.sampled_from(["a1", "A1", "a2", "50%", "b_c", "zz"])
numbers = st.sampled_from(["-1.5", "0e999999999", "1.2345", "1.23455", "-1.50001", "1e30"])
days = st.sampled_from(["2026-01-31", "2026-02-01", "2026-03-01"])
comparisons = ["=", "!=", "<", "<=", ">", ">="]


def _of(
    path: tuple[str, ...], kind: Kind, values: st.SearchStrategy[str]
) -> st.SearchStrategy[Condition]:
    literal = values.map(lambda text: Literal(kind, text, 0))
    null = st.just(Literal(Kind.NULL, "NULL", 0))
    single = st.builds(
        lambda op, value: Comparison(Path(path, 0), op, (value,)),
        st.sampled_from(comparisons),
        literal,
    )
    against_null = st.builds(
        lambda op, value: Comparison(Path(path, 0), op, (value,)),
        st.sampled_from(["=", "!="]),
        null,
    )
    several = st.builds(
        lambda op, values: Comparison(Path(path, 0), op, tuple(values)),
        st.sampled_from(["IN", "NOT IN"]),
        st.lists(literal | null, min_size=1, max_size=3),
    )
    return single | against_null | several


leaves = (
    _of(("Number__c",), Kind.STRING, texts)
    | _of(("Net_Amount__c",), Kind.NUMBER, numbers)
    | _of(("Issued_On__c",), Kind.DATE, days)
    | _of(("Account__r", "BillingCity"), Kind.STRING, st.sampled_from(["Ulm", "ULM", "Bonn"]))
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(
            Junction,
            st.sampled_from(["AND", "OR"]),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
        )
    ),
    max_leaves=6,
)


@given(condition=conditions)
def test_sql_finds_what_the_condition_means(org: Org, condition: Condition) -> None:
    """For any condition, the rows found are those for which it holds."""
    query = replace(parse("SELECT Id FROM ERP_Invoice__c"), where=condition)
    found = {row[0] for row in run(org, translate(query, org.schema))}
    wanted = {f"invoice{n:03}" for n in range(len(ROWS)) if _holds(condition, _row(n))}
    assert found == wanted


def _row(n: int) -> Row:
    number, amount, day, parent = ROWS[n]
    return {
        "Number__c": number and number.lower(),
        "Net_Amount__c": None if amount is None else Decimal(amount).scaleb(-4),
        "Issued_On__c": day,
        "Account__r.BillingCity": str(CITIES[parent]).lower()
        if parent and CITIES[parent]
        else None,
    }


def _holds(condition: Condition, row: Row) -> bool:
    if isinstance(condition, Not):
        return not _holds(condition.condition, row)
    if isinstance(condition, Junction):
        parts = [_holds(part, row) for part in condition.conditions]
        return all(parts) if condition.operator == "AND" else any(parts)
    value = row[".".join(condition.path.parts)]
    wanted = [_value(literal) for literal in condition.values]
    if condition.operator in {"IN", "NOT IN"}:
        return (value in wanted) == (condition.operator == "IN")
    if condition.operator in {"=", "!="}:
        return (value == wanted[0]) == (condition.operator == "=")
    return value is not None and _ORDER[condition.operator](value, wanted[0])


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _value(literal: Literal) -> object:
    if literal.kind is Kind.NULL:
        return None
    return Decimal(literal.text) if literal.kind is Kind.NUMBER else literal.text.lower()


def found(org: Org, soql: str) -> list[tuple[object, ...]]:
    return run(org, translate(parse(soql), org.schema))


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("a%", {"a1", "A2"}),
        ("_1", {"a1"}),
        (r"50\%", {"50%"}),
        (r"%\%", {"50%"}),
        (r"b\_c", {"b_c"}),
        ("b_", set()),
        ("%", {"a1", "A2", "50%", "b_c"}),
    ],
)
def test_like_knows_its_wildcards(org: Org, pattern: str, numbers: set[str]) -> None:
    """% and _ match, escaped they stand for themselves, case does not matter."""
    rows = found(org, f"SELECT Number__c FROM ERP_Invoice__c WHERE Number__c LIKE '{pattern}'")
    assert {number for (number,) in rows} == numbers


def test_nulls_come_first_unless_told_otherwise(org: Org) -> None:
    """Both ways up nulls are first; NULLS LAST puts them last."""
    ordered = "SELECT Issued_On__c FROM ERP_Invoice__c ORDER BY Issued_On__c"
    assert found(org, ordered)[0] == (None,)
    assert found(org, f"{ordered} DESC")[0] == (None,)
    assert found(org, f"{ordered} NULLS LAST")[-1] == (None,)
    assert found(org, f"{ordered} DESC NULLS LAST")[0] == ("2026-02-01",)


@pytest.mark.parametrize(("bin_at", "how"), [(None, "COVERING INDEX"), (0, "INDEX")])
def test_a_keyset_window_walks_one_index(org: Org, bin_at: int | None, how: str) -> None:
    """(SystemModstamp = x AND Id > y) OR SystemModstamp > x needs neither scan nor sort."""
    statement = translate(
        parse(
            "SELECT Id FROM ERP_Invoice__c WHERE (SystemModstamp = 2026-01-01T00:00:00Z AND"
            " Id > 'a00000000000000') OR SystemModstamp > 2026-01-01T00:00:00Z"
            " ORDER BY SystemModstamp, Id"
        ),
        org.schema,
        bin_at=bin_at,
    )
    sql, parameters = statement.rows(2000)
    with org.database.reading() as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    assert [step[3] for step in plan] == [
        f"SEARCH t USING {how} ERP_Invoice__c.SystemModstamp (SystemModstamp>?)"
    ]


def test_thousands_of_alternatives_are_no_trouble(org: Org) -> None:
    """A condition as long as SOQL allows stays within SQLite's depth of expressions."""
    alternatives = " OR ".join(["Number__c = 'a1'"] * 4900)
    assert found(org, f"SELECT Id FROM ERP_Invoice__c WHERE {alternatives}")


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id FROM Nothing", "INVALID_TYPE", "sObject type 'Nothing' is not supported"),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column 'Nope' on entity 'Account'"),
        ("SELECT Owner.Nope FROM Account", "INVALID_FIELD", "on entity 'User'"),
        ("SELECT Boss__r.Name FROM Account", "INVALID_FIELD", "relationship 'Boss__r'"),
        ("SELECT Name, name FROM Account", "MALFORMED_QUERY", "duplicate field selected: name"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD", "should be enclosed in quotes"),
        (
            "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'",
            "INVALID_FIELD",
            "should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM ERP_Invoice__c WHERE Due_On__c = 2026-02-30",
            "INVALID_FIELD",
            "type date",
        ),
        (
            "SELECT Id FROM Account WHERE Id = 'x'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: x",
        ),
        (
            "SELECT Id FROM Account WHERE IsDeleted > TRUE",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator",
        ),
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            "INVALID_FIELD",
            "can not be filtered",
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "MALFORMED_QUERY",
            "can not be sorted",
        ),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
    ],
)
def test_queries_that_make_no_sense_are_refused(
    org: Org, soql: str, code: str, message: str
) -> None:
    """Each fault has Salesforce's code and names the culprit."""
    with pytest.raises(ApiFault) as refused:
        translate(parse(soql), org.schema)
    assert refused.value.code == code
    assert message in refused.value.message


def test_values_never_become_sql(org: Org) -> None:
    """A value that looks like SQL is only ever a value."""
    assert found(org, r"SELECT Id FROM Account WHERE Name = '\' OR 1=1 --'") == []
