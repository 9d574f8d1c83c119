"""Someone asks whether the bridge is well."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from bridge import __version__
from bridge.store.engine import glancing
from bridge.store.failures import reason_of
from bridge.store.heartbeat import beat, has_beaten
from bridge.store.runs import LastWord, last_word_of_salesforce
from bridge.wording import in_utc

OK = "OK"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the parts: "OK", or one line that says what is wrong."""

    version: str
    time: datetime
    database: str
    salesforce: str

    @property
    def ready(self) -> bool:
        """Whether submissions can be accepted: only the database is needed for that."""
        return self.database == OK


def check_health(sessions: sessionmaker[Session], *, now: datetime) -> Health:
    """Looks at the database now, and at Salesforce as the last run found it that called it.

    The database is written to, unless somebody did so in the last seconds. A call of an ERP never
    waits for Salesforce, so this does not ask it either.
    """
    try:
        with glancing(sessions) as session:
            last = last_word_of_salesforce(session)
            is_written = has_beaten(session, now=now)
    except SQLAlchemyError:
        return Health(__version__, now, "the database cannot be reached", "unknown")
    database = OK if is_written else _try_to_write(sessions, now)
    return Health(__version__, now, database, _salesforce_state(last, now))


def _try_to_write(sessions: sessionmaker[Session], now: datetime) -> str:
    try:
        beat(sessions, now=now)
    except SQLAlchemyError as error:
        log.warning("the database cannot be written", error=reason_of(error))
        return "the database cannot be written: see the log"
    return OK


def _salesforce_state(last: LastWord | None, now: datetime) -> str:
    if last is None:
        return "not asked yet"
    if last.answered:
        return OK
    if last.rests_until is not None and last.rests_until > now:
        return (
            f"left alone until {last.rests_until:%H:%M:%S}Z, since too many calls failed"
            " one after the other: see `erp-bridge job status`"
        )
    # Anyone may ask: which host, and why, is for those who may see the run.
    return f"failing since {in_utc(last.at)}: see `erp-bridge job status`"
