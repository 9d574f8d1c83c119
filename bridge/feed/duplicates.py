"""Keys that stand in a file more than once, found across the whole of it in constant memory."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from bridge.feed.reading import ReadRow

_LINES_NAMED = 6  # a message names so many lines of a key, and how many there are

_SCHEMA = "CREATE TABLE digests (line INTEGER PRIMARY KEY, key BLOB, content BLOB)"
_INSERT = "INSERT INTO digests VALUES (?, ?, ?)"
_INDEX = "CREATE INDEX digests_by_key ON digests (key, content)"
_REPEATED = """
    CREATE TABLE repeated (key BLOB PRIMARY KEY, times, first, differing, lines) WITHOUT ROWID
"""
_GROUP = """
    INSERT INTO repeated
    SELECT key, count(*), min(line), min(content) <> max(content), (
        SELECT group_concat(line, ' ') FROM (
            SELECT line FROM digests AS same WHERE same.key = digests.key ORDER BY line LIMIT ?))
    FROM digests WHERE key IS NOT NULL GROUP BY key HAVING count(*) > 1
"""
_AFFECTED = """
    SELECT line, times, differing, lines FROM repeated JOIN digests USING (key)
    WHERE differing OR line > first ORDER BY line
"""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A row whose key stands in the file `times` times.

    Where the rows are `differing`, none of them can be trusted; where they are equal, the first
    one counts, and is not listed as a duplicate. `lines` names the first few of them.
    """

    line: int
    times: int
    differing: bool
    lines: tuple[int, ...]


class Duplicates:
    """The duplicates of a file. Looked up in the order of their lines, each line at most once.

    The index (key and digest per row) lives in a temporary SQLite database, which spills to disk
    and disappears when closed.
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -32000"):
            self._database.execute(f"PRAGMA {setting}").close()
        for statement in (_SCHEMA, _REPEATED):
            self._database.execute(statement).close()
        self._affected: Iterator[Duplicate] = iter(())
        self._next: Duplicate | None = None

    def index(self, rows: Iterable[ReadRow]) -> int:
        """Takes in all rows of a file, once, and counts them. Rows without a key are unique."""
        self._database.execute("BEGIN")
        self._database.executemany(_INSERT, map(_digest, rows))
        self._database.execute(_INDEX)
        self._database.execute(_GROUP, (_LINES_NAMED,))
        self._database.execute("COMMIT")
        self._affected = self._read_affected()
        self._next = next(self._affected, None)
        return self._count("SELECT count(*) FROM digests")

    def at(self, line: int) -> Duplicate | None:
        """What the row on this line is a duplicate of, if it is one."""
        while self._next is not None and self._next.line < line:
            self._next = next(self._affected, None)
        found = self._next
        return found if found is not None and found.line == line else None

    def differing_keys(self) -> int:
        """How many keys stand in differing rows."""
        return self._count("SELECT count(*) FROM repeated WHERE differing")

    def close(self) -> None:
        """Drops the index."""
        self._database.close()

    def _read_affected(self) -> Iterator[Duplicate]:
        for line, times, differing, lines in self._database.execute(_AFFECTED):
            named = tuple(int(one) for one in lines.split())
            yield Duplicate(line, times, bool(differing), named)

    def _count(self, query: str) -> int:
        with closing(self._database.execute(query)) as cursor:
            return int(cursor.fetchone()[0])


def _digest(read: ReadRow) -> tuple[int, bytes | None, bytes]:
    key = None if read.key is None else str(read.key).encode(errors="surrogatepass")
    return read.row.line, key, read.content()
