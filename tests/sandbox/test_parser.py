import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.errors import ApiFault
from bridge.sandbox.soql.parser import MAX_LENGTH, parse
from bridge.sandbox.soql.tree import Comparison, Junction, Kind, Literal, Not, Path


def test_a_whole_query_is_read() -> None:
    """Every clause of the subset finds its place in the tree."""
    query = parse(
        "select Id, a.Owner.Name from Account a where Name != null"
        " and not (X > -1.5 or Y in (1, 2)) order by Name desc nulls last, Id limit 10 offset 20"
    )
    assert [path.parts for path in query.fields] == [("Id",), ("a", "Owner", "Name")]
    assert (query.sobject, query.alias, query.limit, query.offset) == ("Account", "a", 10, 20)
    assert isinstance(query.where, Junction)
    first, second = query.where.conditions
    assert isinstance(first, Comparison)
    assert first.values[0].kind is Kind.NULL
    assert isinstance(second, Not)
    assert isinstance(second.condition, Junction)
    assert [(o.path.parts, o.descending, o.nulls_last) for o in query.order_by] == [
        (("Name",), True, True),
        (("Id",), False, False),
    ]


def test_count_selects_no_fields() -> None:
    """COUNT() is a query without fields."""
    assert parse("SELECT COUNT() FROM Account").fields == ()
    assert parse("SELECT Count FROM Account").fields == (Path(("Count",), 7),)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2026-03-01", Kind.DATE),
        ("2026-03-01T12:00:00Z", Kind.DATETIME),
        ("2026-03-01T12:00:00.123+02:00", Kind.DATETIME),
        ("2026-03-01T12:00:00-0530", Kind.DATETIME),
        ("-12.50", Kind.NUMBER),
        ("1.5e3", Kind.NUMBER),
        ("TRUE", Kind.BOOLEAN),
        ("null", Kind.NULL),
    ],
)
def test_literals_are_told_apart(text: str, kind: Kind) -> None:
    """Each form of literal has its kind and keeps its text."""
    where = parse(f"SELECT Id FROM A WHERE x = {text}").where
    assert isinstance(where, Comparison)
    assert where.values[0].kind is kind


def test_strings_are_unescaped() -> None:
    r"""\n, \', \\ and \uXXXX mean what they mean in Java; \% and \_ are for LIKE alone."""
    where = parse(r"SELECT Id FROM A WHERE x = 'it\'s \\ \u00e4\n 50\%'").where
    assert isinstance(where, Comparison)
    assert where.values[0].string() == "it's \\ ä\n 50%"
    assert where.values[0].pattern() == "it's \\\\ ä\n 50\\%"


@given(st.text(max_size=40))
def test_any_text_survives_quoting(text: str) -> None:
    """A string with quotes and backslashes escaped is read back unchanged."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    where = parse(f"SELECT Id FROM A WHERE x = '{quoted}'").where
    assert isinstance(where, Comparison)
    assert where.values[0].string() == text


@pytest.mark.parametrize(
    ("soql", "column", "token"),
    [
        ("SELECT", 7, "<EOF>"),
        ("SELECT Id, FROM Account", 12, "FROM"),
        ("SELECT Id FROM Account WHERE", 29, "<EOF>"),
        ("SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3", 46, "OR"),
        ("SELECT Id FROM Account WHERE a = 'open", 34, "'open"),
        ("SELECT Id FROM Account WHERE a = 2026-1-1", 38, "-1"),
        ("SELECT Id FROM Account WHERE a ! 1", 32, "! 1"),
        ("SELECT Id FROM Account GROUP BY Name", 24, "GROUP"),
        ("SELECT COUNT(Id) FROM Account", 14, "Id"),
        ("SELECT Id FROM Account LIMIT -1", 30, "-1"),
        ("SELECT Id FROM Account LIMIT 1 garbage", 32, "garbage"),
        ("DELETE FROM Account", 1, "DELETE"),
        ("", 1, "<EOF>"),
    ],
)
def test_a_malformed_query_points_to_the_token(soql: str, column: int, token: str) -> None:
    """The fault tells row, column and token, as Salesforce's does."""
    with pytest.raises(ApiFault) as refused:
        parse(soql)
    assert refused.value.code == "MALFORMED_QUERY"
    assert f"unexpected token: '{token}" in refused.value.message
    assert (refused.value.row, refused.value.column) == (1, column)


def test_rows_are_counted() -> None:
    """The second line is row 2."""
    with pytest.raises(ApiFault) as refused:
        parse("SELECT Id\nFROM Account\n  WHERE")
    assert (refused.value.row, refused.value.column) == (3, 8)


@pytest.mark.parametrize("soql", ["(" * 200, "NOT " * 200, "x = '" + "a" * MAX_LENGTH + "'"])
def test_too_deep_and_too_long_queries_are_refused(soql: str) -> None:
    """Depth and length have limits, so that no query exhausts the server."""
    with pytest.raises(ApiFault) as refused:
        parse(f"SELECT Id FROM Account WHERE {soql}")
    assert refused.value.code == "MALFORMED_QUERY"


def outcome(soql: str) -> object:
    """The tree of a query's condition, or the code of its fault."""
    try:
        return parse(soql).where
    except ApiFault as refused:
        return refused.code


@given(st.text(max_size=80))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    """Whatever is sent, the parser answers with a tree or a fault."""
    assert outcome(f"SELECT Id FROM A WHERE {text}")


def test_a_literal_knows_where_it_stands() -> None:
    """The place serves messages about its value."""
    where = parse("SELECT Id FROM A WHERE x = 'y'").where
    assert isinstance(where, Comparison)
    assert where.values == (Literal(Kind.STRING, "y", 27),)
