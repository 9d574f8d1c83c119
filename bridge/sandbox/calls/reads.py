"""query, queryAll, queryMore and retrieve."""

from dataclasses import replace

from bridge.sandbox import ids
from bridge.sandbox.calls.context import Call
from bridge.sandbox.errors import ApiFault, RefusedValueError, unknown_type
from bridge.sandbox.soap.records import Row, record_writer
from bridge.sandbox.soap.wire import element, text_of, texts_of
from bridge.sandbox.soql.parser import parse
from bridge.sandbox.soql.statement import Statement
from bridge.sandbox.soql.translate import translate
from bridge.sandbox.soql.tree import Comparison, Kind, Literal, Path
from bridge.sandbox.storage.cursors import (
    Cursor,
    dead_locator,
    drop_cursor,
    find_cursor,
    open_cursor,
)

LARGEST_PAGE = 2000
SMALLEST_PAGE = 200
MOST_RETRIEVED = 2000
_ID = Path(("Id",), 0)


def query(call: Call) -> str:
    return _query(call, all_rows=False)


def query_all(call: Call) -> str:
    """As query, deleted records included."""
    return _query(call, all_rows=True)


def query_more(call: Call) -> str:
    """The page that a locator stands for; a locator may be used again while its cursor lives."""
    locator = text_of(call.body, "queryLocator")
    with call.org.database.reading() as connection:
        cursor, offset = find_cursor(connection, call.org, locator, call.user_id)
    if call.fate.ends_locator:
        with call.org.database.writing() as connection:
            drop_cursor(connection, cursor)
        raise dead_locator()
    statement = translate(
        parse(cursor.soql), call.org.schema, bin_at=_bin_at(call, cursor.all_rows)
    )
    return _page(call, statement, cursor, offset)


def retrieve(call: Call) -> str:
    """The records of the ids, in their order; nil for those that are not there."""
    wanted = [_id(text) for text in texts_of(call.body, "ids")]
    if len(wanted) > MOST_RETRIEVED:
        raise ApiFault(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot retrieve more than {MOST_RETRIEVED}"
        )
    statement = _retrieval(call, wanted)
    with call.org.database.reading() as connection:
        rows = connection.execute(*statement.rows(-1)).fetchall() if wanted else []
    column = statement.shape.id_column or 0
    found = {row[column]: row for row in rows}
    write = record_writer(statement.shape, "result")
    missing = element("result", None)
    return "".join([write(found[key]) if key in found else missing for key in wanted])


def _query(call: Call, *, all_rows: bool) -> str:
    soql = text_of(call.body, "queryString")
    statement = translate(parse(soql), call.org.schema, bin_at=_bin_at(call, all_rows))
    if statement.only_counts:
        return _count(call, statement)
    size = _page_size(call, statement)
    with call.org.database.reading() as connection:
        rows = connection.execute(*statement.rows(size + 1)).fetchall()
    if len(rows) <= size:
        return _result(statement, rows, None, len(rows))
    with call.org.database.writing() as connection:
        cursor = open_cursor(connection, call.org, statement, soql, call.user_id)
    return _page(call, statement, cursor, 0)


def _bin_at(call: Call, all_rows: bool) -> int | None:
    return call.org.seconds() if all_rows else None


def _count(call: Call, statement: Statement) -> str:
    with call.org.database.reading() as connection:
        (count,) = connection.execute(*statement.count()).fetchone()
    return _result(statement, [], None, count)


def _page(call: Call, statement: Statement, cursor: Cursor, offset: int) -> str:
    end = min(offset + _page_size(call, statement), cursor.size)
    with call.org.database.reading() as connection:
        positions = (cursor.first + offset, cursor.first + end - 1)
        rows = connection.execute(statement.page_of_cursor(), positions).fetchall()
    following = cursor.locator_at(end) if end < cursor.size else None
    return _result(statement, rows, following, cursor.size)


def _result(statement: Statement, rows: list[Row], following: str | None, size: int) -> str:
    write = record_writer(statement.shape, "records")
    return "".join(
        [
            '<result xsi:type="QueryResult">',
            element("done", following is None),
            element("queryLocator", following),
            *[write(row) for row in rows],
            element("size", size),
            "</result>",
        ]
    )


def _page_size(call: Call, statement: Statement) -> int:
    """A batch size is a wish: rows with two long texts or more come in the smallest pages."""
    if statement.long_texts > 1:
        return SMALLEST_PAGE
    asked = call.headers.batch_size or LARGEST_PAGE
    return max(SMALLEST_PAGE, min(asked, LARGEST_PAGE))


def _id(text: str) -> str:
    try:
        return ids.normalise(text)
    except RefusedValueError as error:
        raise ApiFault("MALFORMED_ID", f"malformed id {text}") from error


def _retrieval(call: Call, wanted: list[str]) -> Statement:
    """A query of the asked fields by Id; the Id comes along even where it was not asked for."""
    name = text_of(call.body, "sObjectType")
    sobject = call.org.schema.find(name)
    if sobject is None:
        raise unknown_type(name)
    asked = parse(f"SELECT {text_of(call.body, 'fieldList')} FROM {sobject.name}")  # noqa: S608
    named = tuple(path for path in asked.fields if not _is_id(path))
    chosen = Comparison(_ID, "IN", tuple(Literal(Kind.STRING, key, 0) for key in wanted))
    statement = translate(replace(asked, fields=(_ID, *named), where=chosen), call.org.schema)
    if len(named) == len(asked.fields):
        del statement.shape.members["Id"]
    return statement


def _is_id(path: Path) -> bool:
    return len(path.parts) == 1 and path.parts[0].lower() == "id"
