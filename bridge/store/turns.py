"""Transactions on SQLite, where one writes at a time: the writers of a process wait in line.

SQLite itself lets each waiter sleep and look again, up to a tenth of a second apart, so that one of
many may look in vain for seconds while the file changes hands between the others.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

READ_ONLY = "bridge_read_only"
"""The execution option of transactions that will not write."""

AT_ONCE = "bridge_at_once"
"""The execution option of transactions that write now or not at all."""

_HELD = "bridge_write_turn"


class WriteTurns:
    """Hands the turn to write from one connection of an engine to the next.

    It ends with the transaction. Whoever has waited for `timeout_seconds` goes on without: the
    database itself then tells that it is locked.
    """

    def __init__(self, engine: Engine, timeout_seconds: float) -> None:
        self._turn = threading.Lock()
        self._timeout_seconds = timeout_seconds
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", self._end)
        event.listen(engine, "rollback", self._end)
        # Where there was no such end: BEGIN failed, nobody closed the connection, or it was thrown
        # away in the middle of a statement.
        event.listen(engine, "checkin", self._end_at_last)
        event.listen(engine, "invalidate", self._end_at_last)

    def _begin(self, connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(READ_ONLY):
            connection.exec_driver_sql("BEGIN")
        elif options.get(AT_ONCE):
            connection.info[_HELD] = self._turn.acquire(blocking=False)
            with self._impatient(connection):
                connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            self._begin_in_turn(connection)

    def _begin_in_turn(self, connection: Connection) -> None:
        connection.info[_HELD] = self._turn.acquire(timeout=self._timeout_seconds)
        # The write lock at once: a transaction that upgrades later fails with "database is locked"
        # when another wrote in between, whatever the busy timeout is.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @contextmanager
    def _impatient(self, connection: Connection) -> Iterator[None]:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            yield
        finally:
            milliseconds = round(self._timeout_seconds * 1000)
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}")

    def _end(self, connection: Connection) -> None:
        if not connection.invalidated:
            self._give_back(connection.info)

    def _end_at_last(self, _connection: Any, record: Any, _error: Any = None) -> None:
        self._give_back(record.info)

    def _give_back(self, info: dict[Any, Any]) -> None:
        if info.pop(_HELD, False):
            self._turn.release()
