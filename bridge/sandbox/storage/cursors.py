"""Query locators: a cursor keeps the row numbers of a result, so that every page is of one moment.

They live in the database, not in memory, and end after two days or when fifty newer ones exist.
Source: SOAP API Developer Guide, queryMore().
"""

import secrets
import sqlite3
from dataclasses import dataclass

from bridge.sandbox.errors import ApiFault
from bridge.sandbox.ids import DIGITS, with_checksum
from bridge.sandbox.soql.statement import Statement

LIFETIME_SECONDS = 2 * 24 * 3600
MOST_CURSORS = 50
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
    connection: sqlite3.Connection, statement: Statement, soql: str, user_id: str, now: int
) -> Cursor:
    """Run the statement and keep its rows' numbers; call it within a writing transaction."""
    _drop_old(connection, now)
    before = _last_position(connection)
    numbers = statement.row_numbers()
    connection.execute(f"INSERT INTO _cursor_row (row) {numbers.text}", numbers.parameters)
    cursor = Cursor(
        _new_locator(), soql, statement.all_rows, before + 1, _last_position(connection)
    )
    connection.execute(
        "INSERT INTO _cursor VALUES (?, ?, ?, ?, ?, ?, ?)",
        (cursor.locator, user_id, soql, cursor.all_rows, cursor.first, cursor.last, now),
    )
    return cursor


def find_cursor(
    connection: sqlite3.Connection, text: str, user_id: str, now: int
) -> tuple[Cursor, int]:
    """The cursor and the offset that a locator stands for. Raises ApiFault."""
    locator, _, offset = text.rpartition("-")
    found = connection.execute(
        "SELECT locator, soql, all_rows, first, last FROM _cursor"
        " WHERE locator = ? AND user_id = ? AND opened > ?",
        (locator, user_id, now - LIFETIME_SECONDS),
    ).fetchone()
    if found is None or not (offset.isdecimal() and len(offset) < 12):
        raise ApiFault("INVALID_QUERY_LOCATOR", "invalid query locator")
    locator, soql, all_rows, first, last = found
    return Cursor(locator, soql, bool(all_rows), first, last), int(offset)


def _drop_old(connection: sqlite3.Connection, now: int) -> None:
    old = connection.execute(
        "SELECT locator, first, last FROM _cursor WHERE opened <= ? OR locator NOT IN"
        " (SELECT locator FROM _cursor ORDER BY first DESC LIMIT ?)",
        (now - LIFETIME_SECONDS, MOST_CURSORS - 1),
    ).fetchall()
    for locator, first, last in old:
        connection.execute("DELETE FROM _cursor WHERE locator = ?", (locator,))
        connection.execute("DELETE FROM _cursor_row WHERE position BETWEEN ? AND ?", (first, last))


def _last_position(connection: sqlite3.Connection) -> int:
    (last,) = connection.execute(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '_cursor_row'"
    ).fetchone()
    return int(last)


def _new_locator() -> str:
    return with_checksum(_KEY_PREFIX + "".join(secrets.choice(DIGITS) for _ in range(12)))
