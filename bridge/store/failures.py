"""The database failing: full, locked, gone. What it says of that, in one line."""

import sqlite3

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    TimeoutError,
)


def failure_of(error: Exception) -> str | None:
    """Why the database failed, or gave no connection; None of any other error."""
    failed = isinstance(error, DBAPIError | TimeoutError) and not _was_asked_wrongly(error)
    return f"the database failed: {reason_of(error)}" if failed else None


def reason_of(error: Exception) -> str:
    """The first line that the database said, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    return said.splitlines()[0]


def _was_asked_wrongly(error: DBAPIError | TimeoutError) -> bool:
    # SQLite's SQL logic error: a table that is not there, say; to its driver that is the database.
    cause = getattr(error, "orig", None)
    is_logic_error = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return is_logic_error or isinstance(error, DataError | IntegrityError | ProgrammingError)
