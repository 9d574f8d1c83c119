"""Query locators: a cursor keeps the row numbers of a result, so that every page is of one moment.

They live in the database, not in memory, and end with age, or when their user has opened so many
newer ones. Source: SOAP API Developer Guide, queryMore().
"""

import secrets
import sqlite3
from dataclasses import dataclass

from bridge.sandbox.errors import ApiFault
from bridge.sandbox.ids import DIGITS, with_checksum
from bridge.sandbox.org import Org
from bridge.sandbox.soql.statement import Statement

_KEY_PREFIX = "01g"


@dataclass(frozen=True)
class Cursor:
    """A kept result: its rows lie at the positions ``first`` to ``last``, both included."""

    locator: str
    soql: str
    all_rows: bool
    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1

    def locator_at(self, offset: int) -> str:
        """What the client sends to get the page that starts at ``offset``."""
        return f"{self.locator}-{offset}"


def open_cursor(
    connection: sqlite3.Connection, org: Org, statement: Statement, soql: str, user_id: str
) -> Cursor:
    """Run the statement and keep its rows' numbers; call it within a writing transaction."""
    _drop_old(connection, org, user_id)
    before = _last_position(connection)
    numbers = statement.row_numbers()
    connection.execute(f"INSERT INTO _cursor_row (row) {numbers.text}", numbers.parameters)
    cursor = Cursor(
        _new_locator(), soql, statement.all_rows, before + 1, _last_position(connection)
    )
    connection.execute(
        "INSERT INTO _cursor VALUES (?, ?, ?, ?, ?, ?, ?)",
        (cursor.locator, user_id, soql, cursor.all_rows, cursor.first, cursor.last, org.seconds()),
    )
    return cursor


def find_cursor(
    connection: sqlite3.Connection, org: Org, text: str, user_id: str
) -> tuple[Cursor, int]:
    """The cursor and the offset that a locator stands for. Raises ApiFault."""
    locator, _, offset = text.rpartition("-")
    found = connection.execute(
        "SELECT locator, soql, all_rows, first, last FROM _cursor"
        " WHERE locator = ? AND user_id = ? AND opened > ?",
        (locator, user_id, _oldest_opening(org)),
    ).fetchone()
    if found is None or not (offset.isdecimal() and len(offset) < 12):
        raise dead_locator()
    locator, soql, all_rows, first, last = found
    return Cursor(locator, soql, bool(all_rows), first, last), int(offset)


def dead_locator() -> ApiFault:
    return ApiFault("INVALID_QUERY_LOCATOR", "invalid query locator")


def drop_cursor(connection: sqlite3.Connection, cursor: Cursor) -> None:
    """End a cursor before its time."""
    _drop(connection, cursor.locator, cursor.first, cursor.last)


def _drop_old(connection: sqlite3.Connection, org: Org, user_id: str) -> None:
    old = connection.execute(
        "SELECT locator, first, last FROM _cursor"
        " WHERE opened <= ? OR user_id = ? AND locator NOT IN"
        " (SELECT locator FROM _cursor WHERE user_id = ? ORDER BY first DESC LIMIT ?)",
        (_oldest_opening(org), user_id, user_id, org.limits.open_locators - 1),
    ).fetchall()
    for locator, first, last in old:
        _drop(connection, locator, first, last)


def _drop(connection: sqlite3.Connection, locator: str, first: int, last: int) -> None:
    connection.execute("DELETE FROM _cursor WHERE locator = ?", (locator,))
    connection.execute("DELETE FROM _cursor_row WHERE position BETWEEN ? AND ?", (first, last))


def _oldest_opening(org: Org) -> int:
    return org.seconds() - int(org.limits.locator_lifetime.total_seconds())


def _last_position(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '_cursor_row'"
    ).fetchone()
    return int(last)


def _new_locator() -> str:
    return with_checksum(_KEY_PREFIX + "".join(secrets.choice(DIGITS) for _ in range(12)))
