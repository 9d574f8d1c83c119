"""Delivery: a thread for each endpoint, so that a slow one holds up none but itself."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from bridge.sandbox.errors import ApiFault, SandboxError
from bridge.sandbox.faults import Ending
from bridge.sandbox.faults.rules import NOTIFICATIONS
from bridge.sandbox.org import Org
from bridge.sandbox.outbound.message import is_acknowledged, message
from bridge.sandbox.outbound.queue import Notification, postpone, settle, take_due, waiting
from bridge.sandbox.schema import SObject
from bridge.sandbox.storage.sessions import check_session, open_session

ANSWER_SECONDS = 60
_LOOK_SECONDS = 0.2
_STOP_SECONDS = 5
_LARGEST_ANSWER_BYTES = 1024 * 1024
_log = logging.getLogger(__name__)


class NotTaken(Exception):
    """A message that was not acknowledged, and why."""


@dataclass
class Target:
    """An object's endpoint, and how its last message fared."""

    sobject: SObject
    endpoint: str
    delivered: int = 0
    last_failure: str | None = None
    session_id: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The endpoint as anybody may read it: the rest of its address may be a secret."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class Sender:
    """Delivers what the org's changes leave in the queue, from ``start()`` to ``stop()``."""

    def __init__(self, org: Org, endpoints: Mapping[str, str], base_url: Callable[[], str]) -> None:
        """``endpoints`` are URLs by object. Raises SandboxError."""
        self._org = org
        self._base_url = base_url
        self.targets = _targets(org, endpoints)
        org.told = frozenset(target.sobject.name for target in self.targets)
        self._threads = [
            threading.Thread(target=self._serve, args=(target,), name="outbound", daemon=True)
            for target in self.targets
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait for the threads, which end when the org stops; not for an endpoint that is slow."""
        deadline = time.monotonic() + _STOP_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def report(self) -> list[Mapping[str, str | int | None]]:
        """What waits for each endpoint, and how its last message fared."""
        return [self._state(target) for target in self.targets]

    def _state(self, target: Target) -> Mapping[str, str | int | None]:
        with self._org.database.reading() as connection:
            queue = waiting(connection, target.sobject.name)
        pause = None if queue.due is None else max(0, queue.due - self._org.seconds())
        return {
            "object": target.sobject.name,
            "endpoint": target.host,
            "waiting": queue.count,
            "next_attempt_in_seconds": pause,
            "delivered": target.delivered,
            "last_failure": target.last_failure,
        }

    def _serve(self, target: Target) -> None:
        while not self._org.stopping.is_set():
            try:
                delivered = self._deliver(target)
            except Exception:
                if self._org.stopping.is_set():
                    return
                _log.exception("an outbound message could not be made")
                delivered = False
            if not delivered:
                self._org.stopping.wait(_LOOK_SECONDS)

    def _deliver(self, target: Target) -> bool:
        """Send one message, if any is due; whether it was taken."""
        org, name = self._org, target.sobject.name
        with org.database.reading() as connection:
            due = take_due(connection, name, org.seconds())
        if not due:
            return False
        try:
            self._send(target, due)
        except NotTaken as problem:
            self._fail(target, due, str(problem))
            return False
        with org.database.writing() as connection:
            settle(connection, due)
        target.delivered, target.last_failure = target.delivered + len(due), None
        return True

    def _send(self, target: Target, due: Sequence[Notification]) -> None:
        """Raises NotTaken; a fault may do so although the endpoint has taken the message."""
        fate = self._org.faults.draw(NOTIFICATIONS)
        self._org.pause(fate.latency_seconds)
        if fate.http_status or fate.refusal:
            raise NotTaken("kept back on demand")
        content = self._envelope(target, due)
        acknowledged = is_acknowledged(_post(target.endpoint, content))
        if fate.ending is not Ending.WHOLE:
            raise NotTaken("the answer was lost on demand")
        if not acknowledged:
            raise NotTaken("the answer does not say Ack = true")

    def _envelope(self, target: Target, due: Sequence[Notification]) -> bytes:
        org, session_id = self._org, self._session(target)
        with org.database.reading() as connection:
            text = message(
                org,
                connection,
                target.sobject,
                due,
                session_id=session_id,
                base_url=self._base_url(),
            )
        return text.encode()

    def _session(self, target: Target) -> str:
        try:
            check_session(self._org, target.session_id)
        except ApiFault:
            target.session_id = open_session(self._org)
        return target.session_id

    def _fail(self, target: Target, due: Sequence[Notification], reason: str) -> None:
        if target.last_failure != reason:
            _log.warning(
                "outbound message of %s to %s: %s", target.sobject.name, target.host, reason
            )
        target.last_failure = reason
        with self._org.database.writing() as connection:
            postpone(connection, due, self._org.seconds())


def _targets(org: Org, endpoints: Mapping[str, str]) -> list[Target]:
    targets = []
    for name, endpoint in endpoints.items():
        sobject = org.schema.find(name)
        if sobject is None or sobject.read_only:
            raise SandboxError(f"outbound messages of {name}: the schema has no such object")
        if not _is_url(endpoint):
            raise SandboxError(f"outbound messages of {name}: {endpoint!r} is no http(s) URL")
        targets.append(Target(sobject, endpoint))
    return targets


def _post(endpoint: str, content: bytes) -> bytes:
    """The body of a 200. Raises NotTaken; an endpoint that moved is one that does not answer."""
    parts = urlsplit(endpoint)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(str(parts.hostname), parts.port, timeout=ANSWER_SECONDS)
    path = f"{parts.path or '/'}?{parts.query}".rstrip("?")
    headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'}
    try:
        connection.request("POST", path, content, headers)
        answer = connection.getresponse()
        body = answer.read(_LARGEST_ANSWER_BYTES)
    except (OSError, HTTPException) as error:
        raise NotTaken(str(error) or "no answer") from error
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise NotTaken(f"HTTP {answer.status}")
    return body


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
