"""Whether the database can be written: asked by writing, once in a while.

A full disk, a file that was taken away and a standby of PostgreSQL all let everybody read.
"""

import sqlite3
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from bridge.store.bulk import upsert
from bridge.store.models import Heartbeat
from bridge.store.statements import table_of
from bridge.store.turns import AT_ONCE

_FRESH = timedelta(seconds=10)
_ONLY = 1
_LAST = select(table_of(Heartbeat).c.at)


def has_beaten(session: Session, *, now: datetime) -> bool:
    """Whether anybody wrote lately, in whichever process."""
    at = session.connection().execute(_LAST).scalar()
    return at is not None and abs(now - at) < _FRESH


def beat(sessions: sessionmaker[Session], *, now: datetime) -> None:
    """Writes, and waits for nobody: whoever else is writing shows it as well.

    Raises SQLAlchemyError where nothing can be written.
    """
    try:
        with sessions() as session:
            session.connection(execution_options={AT_ONCE: True})
            upsert(session, Heartbeat, [{"id": _ONLY, "at": now}], key=["id"])
            session.commit()
    except OperationalError as error:
        if not _is_busy(error):
            raise


def _is_busy(error: OperationalError) -> bool:
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the rest tells why
