"""The SQLite file: one table per sObject, and what the server itself remembers.

A row's number (``_row``) makes its id, so ids are never reused and sort by creation. Writers take
turns (one lock here, ``BEGIN IMMEDIATE`` in SQLite); readers see one snapshot each (WAL).
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.ids import DIGITS
from bridge.sandbox.schema import Schema
from bridge.sandbox.storage.tables import create_tables

BUSY_TIMEOUT_SECONDS = 60
_PRAGMAS = ("PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -8192")


class Database:
    """Connections to the file, one per thread. Raises SandboxError if it is no sandbox database."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self._local = threading.local()
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._open: list[sqlite3.Connection] = []
        try:
            self._prepare(schema)
        except (sqlite3.DatabaseError, OSError, SandboxError) as error:
            self.close()
            raise SandboxError(f"cannot use {path} as the sandbox's database: {error}") from error
        self.pod = self.remember("pod", "".join(secrets.choice(DIGITS) for _ in range(2)))

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot for several statements."""
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone among writers: committed at the end, rolled back on an error."""
        connection = self._connection()
        with self._turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def remember(self, key: str, value: str) -> str:
        """Keep ``value`` under ``key`` unless there is one already; answer what is kept."""
        with self.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO _meta VALUES (?, ?)", (key, value))
            (kept,) = connection.execute("SELECT value FROM _meta WHERE key = ?", (key,)).fetchone()
        return str(kept)

    def close(self) -> None:
        """Close every thread's connection; call it when no call is under way."""
        with self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def _prepare(self, schema: Schema) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection().execute("PRAGMA journal_mode = WAL")
        with self.writing() as connection:
            create_tables(connection, schema)

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self.path,
                timeout=BUSY_TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # close() closes them all
                cached_statements=512,
            )
            with self._guard:
                self._open.append(connection)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            self._local.connection = connection
        return connection
