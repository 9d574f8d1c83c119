"""What a job is given, and what it gives back."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.domain.survivorship import Rules
from bridge.matching.proposing import Matcher
from bridge.salesforce import Mapping as FieldMapping
from bridge.salesforce import SalesforceClient
from bridge.store.models import RunStatus
from jobs.settings import JobSettings


class Refused(BridgeError):
    """The run would do harm: it ends REFUSED, with this reason, and changes nothing."""


class Progress(Protocol):
    """Where long work tells how far it is."""

    def start(self, what: str, total: int | None) -> None:
        """A stretch of work begins; `total` steps, where that is known."""

    def advance(self, steps: int) -> None:
        """So many steps are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """All that jobs work with. `clock` gives aware instants in UTC."""

    engine: Engine
    sessions: sessionmaker[Session]
    salesforce: SalesforceClient
    mappings: Mapping[RecordType, FieldMapping]
    rules: Mapping[RecordType, Rules]
    settings: JobSettings
    matcher: Matcher
    clock: Callable[[], datetime]
    progress: Progress


class Scope(Protocol):
    """One run, as its job sees it."""

    dry_run: bool
    force: bool

    def transaction(self, *deciding: RecordType) -> AbstractContextManager[Session]:
        """A transaction; in a dry run it is rolled back at the end, whatever it did.

        One that decides records of some types is alone with them, and sees one moment throughout.
        """

    def run_in(self, session: Session) -> int:
        """The run's id. In a dry run, one that this transaction takes back."""

    def succeed(
        self,
        session: Session,
        summary: Any,
        *,
        until: datetime | None = None,
        settings_digest: str | None = None,
    ) -> None:
        """Ends the run in this transaction, with a summary dataclass and the watermark reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """How a run ended. `run_id` is None for a dry run; `summary` is JSON-able."""

    job: str
    run_id: int | None
    status: RunStatus
    summary: Mapping[str, Any]
    error: str | None = None
    seconds: float = 0
