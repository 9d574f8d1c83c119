"""Calling: through the gate, with a session, within the budget, and again where that helps."""

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import structlog

from bridge.salesforce.binding import Argument
from bridge.salesforce.budget import QUERIES, Meter, Usage
from bridge.salesforce.descriptions import Descriptions
from bridge.salesforce.faults import UNCERTAIN, Remedy, SalesforceError
from bridge.salesforce.gate import Gate
from bridge.salesforce.session import Session, Sessions
from bridge.salesforce.settings import SalesforceSettings
from bridge.salesforce.surroundings import Surroundings
from bridge.salesforce.wire import Answer, Wire

_WRITES = frozenset({"create", "update", "upsert", "delete"})

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Connection:
    """What all clients of one process share: wire, session, gate, what the org says of itself."""

    def __init__(self, settings: SalesforceSettings, surroundings: Surroundings) -> None:
        self.settings = settings
        self.around = surroundings
        self.wire = Wire(settings)
        self.sessions = Sessions(settings, self.wire, surroundings.now)
        self.gate = Gate(settings, surroundings)
        self.usage = Usage(surroundings)
        max_age = timedelta(seconds=settings.describe_max_age_seconds)
        self.descriptions = Descriptions(max_age, surroundings.now)


class Caller:
    """Calls operations for one run. Threads may share it."""

    def __init__(self, connection: Connection, meter: Meter) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._meter = meter

    def call(self, operation: str, arguments: Mapping[str, Argument] | None = None) -> Answer:
        """Calls, and calls again: after a pause, or with a new session, as the error demands.

        Raises SalesforceError.
        """
        return self._repeat(
            operation, lambda session: self._send(session, operation, arguments or {})
        )

    def session(self) -> Session:
        """The session, after logging in where there is none. Raises SalesforceError."""
        known = self._connection.sessions.known
        return known or self._repeat("login", lambda session: session)

    def _repeat(self, operation: str, work: Callable[[Session], T]) -> T:
        logged_in_again = False
        attempt = 1
        while True:
            session = None
            try:
                with self._connection.gate.watched():
                    session = self._connection.sessions.current()
                    return work(session)
            except SalesforceError as error:
                if session and error.remedy is Remedy.LOGIN and not logged_in_again:
                    self._connection.sessions.discard(session)
                    logged_in_again = True
                elif (
                    attempt < self._settings.attempts
                    and _may_repeat(operation, error)
                    and not self._connection.around.sleep(self._pause(attempt))
                ):
                    attempt += 1
                else:
                    raise
                self._meter.retried(error.code)

    def _send(self, session: Session, operation: str, arguments: Mapping[str, Argument]) -> Answer:
        headers = self._headers(session, operation)
        started = time.perf_counter()
        call_log = log.bind(operation=operation)
        try:
            with self._connection.gate.turn():
                self._meter.admit(operation)
                answer = self._connection.wire.send(session.endpoint, operation, headers, arguments)
        except SalesforceError as error:
            call_log.warning(
                "salesforce_call_failed",
                code=error.code,
                reason=error.message,
                remedy=error.remedy,
                duration_seconds=round(time.perf_counter() - started, 3),
            )
            raise
        self._connection.usage.note(answer.limit)
        limit = self._connection.usage.limit
        call_log.info(
            "salesforce_call",
            rows=answer.row_count(),
            duration_seconds=round(time.perf_counter() - started, 3),
            api_calls=limit and limit.current,
            api_limit=limit and limit.limit,
        )
        return answer

    def _headers(self, session: Session, operation: str) -> dict[str, dict[str, str]]:
        headers = {"SessionHeader": {"sessionId": session.session_id}}
        if operation in QUERIES:
            headers["QueryOptions"] = {"batchSize": str(self._settings.page_size)}
        if operation in _WRITES:
            headers["AllOrNoneHeader"] = {"allOrNone": "false"}
            headers["DuplicateRuleHeader"] = {
                "allowSave": "true" if self._settings.save_despite_duplicate_rules else "false",
                "includeRecordDetails": "false",
                "runAsCurrentUser": "false",
            }
        return headers

    def _pause(self, attempt: int) -> float:
        """Seconds before the next attempt: doubling, capped, and at random up to half shorter."""
        ceiling = self._settings.backoff_first_seconds * 2.0 ** (attempt - 1)
        chance = self._connection.around.random()
        return min(ceiling, self._settings.backoff_max_seconds) * (1 - chance / 2)


def _may_repeat(operation: str, error: SalesforceError) -> bool:
    """Whether the same call again is safe and may help. A second create() may create twice."""
    if operation == "create" and error.code in UNCERTAIN:
        return False
    return error.remedy is Remedy.RETRY
