"""Connections that have been kept: whether the database is still at their other end.

Asking PostgreSQL takes as long as a statement. One that was in use a moment ago is looked at
instead: a server that ends a connection says so, and what it said can be read.

SQLite goes on with its file when that was taken away, or another was moved to its place: what is
written then is lost as soon as the process ends.
"""

import os
import select
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

_TRUSTED_SECONDS = 1.0
_USED_AT = "bridge_used_at"


def replace_dead_connections(engine: Engine) -> None:
    """Has the engine's pool look at each connection before it is used again."""
    dialect = engine.dialect

    def rest(_connection: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def look(connection: Any, record: Any, _proxy: Any) -> None:
        used_at = record.info.pop(_USED_AT, None)
        if used_at is None or (_rested(used_at) <= _TRUSTED_SECONDS and _is_quiet(connection)):
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError(str(error)) from error  # the pool then takes another

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", look)


def keep_to_file(engine: Engine, path: Path) -> None:
    """Has the engine's pool use no connection once SQLite's file is no longer the one at this path.

    Nor a new one: that would make an empty file, or lay the journal of the old file over another.
    """
    ours = _identity(path)

    def look(*_: Any) -> None:
        if _identity(path) != ours:
            raise DisconnectionError(f"{path} is not the same file")  # the pool then connects

    def refuse(*_: Any) -> None:
        if _identity(path) != ours:
            raise sqlite3.OperationalError(
                f"{path} was taken away or exchanged: put it back, or if that is meant, restart"
            )

    event.listen(engine, "checkout", look)
    event.listen(engine, "do_connect", refuse)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _rested(used_at: float) -> float:
    return time.monotonic() - used_at


def _is_quiet(connection: Any) -> bool:
    """Whether nothing has come, an end included."""
    if connection.closed:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
