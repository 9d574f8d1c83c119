"""The trail of calls: who called what, from where, and what came of it."""

import queue
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.operations.admission import share_of
from bridge.store import calls as store
from bridge.store.calls import OK, CallRow, KeptCall
from bridge.store.engine import reading
from bridge.store.failures import failure_of

__all__ = [
    "MAX_ENVELOPE_BYTES",
    "OK",
    "CallRow",
    "CallTrail",
    "KeptCall",
    "UnknownCall",
    "get_call",
    "list_calls",
]

log = structlog.get_logger(__name__)

MAX_ENVELOPE_BYTES = 128 * 1024
"""What is longer is kept up to here."""

_GATHER_SECONDS = 0.2
_BATCH = 200
_WAITING_AT_MOST = 500
_STRANGERS_A_MINUTE = 60


class UnknownCall(BridgeError):
    """No call has this id, or it is forgotten."""


class CallTrail:
    """Writes calls down, behind the callers' backs: none of them waits for the database.

    One thread stores what came in batches. While the database lets nobody write, calls gather;
    only where very many have does the next one wait. What cannot be stored is told in the log. Of
    callers that nobody recognised a few a minute are stored, shared out among the server's
    processes: a flood of them must not fill the disk.
    """

    def __init__(self, sessions: sessionmaker[Session], workers: int = 1) -> None:
        self._sessions = sessions
        self._most_strangers = share_of(_STRANGERS_A_MINUTE, workers)
        self._lock = threading.Lock()
        self._waiting: _Waiting | None = None
        self._thread = threading.Thread()
        self._strangers = (0, 0)  # of which minute, and how many so far

    def write(self, row: CallRow) -> None:
        """Takes a call, to be stored soon."""
        if row.envelope is not None:
            row = replace(row, envelope=row.envelope[:MAX_ENVELOPE_BYTES])
        with self._lock:
            if row.consumer is None and self._is_flood():
                return
            if self._waiting is None:
                self._waiting = _Waiting()
                self._thread = threading.Thread(
                    target=self._store_all, args=[self._waiting], name="calls", daemon=True
                )
                self._thread.start()
            self._waiting.put(row)

    def close(self, *, timeout_seconds: float = 8) -> None:
        """Stores what waits, as far as that can be done in time; a later call starts anew."""
        until = time.monotonic() + timeout_seconds
        with self._lock:
            waiting, self._waiting = self._waiting, None
            if waiting is None:
                return
            waiting.end(timeout_seconds=timeout_seconds)
            self._thread.join(max(0, until - time.monotonic()))
            if self._thread.is_alive():
                log.error("the last calls are not recorded: the database takes too long")

    def _is_flood(self) -> bool:
        """Counts one more of the callers that nobody recognised."""
        minute, count = int(time.monotonic() // 60), 1
        if self._strangers[0] == minute:
            count += self._strangers[1]
        self._strangers = (minute, count)
        return count > self._most_strangers

    def _store_all(self, waiting: "_Waiting") -> None:
        while batch := waiting.next_batch():
            try:
                with self._sessions.begin() as session:
                    store.add_calls(session, batch)
            except Exception as error:  # whatever it is, the next ones can be stored
                _log(error)
                for row in batch:
                    log.warning("call not recorded", **asdict(replace(row, envelope=None)))


def _log(error: Exception) -> None:
    if failure := failure_of(error):
        log.error("calls are not recorded", error=failure)
    else:
        log.exception("calls are not recorded")


def list_calls(
    sessions: sessionmaker[Session],
    *,
    consumer: str | None = None,
    since: datetime | None = None,
    failed: bool = False,
    limit: int = 100,
) -> list[KeptCall]:
    """Calls, newest first: a consumer's, since an instant, only those that ended in a fault."""
    with reading(sessions) as session:
        return store.list_calls(session, consumer=consumer, since=since, failed=failed, limit=limit)


def get_call(sessions: sessionmaker[Session], *, call_id: int) -> KeptCall:
    """One call, with its envelope where that is kept. Raises UnknownCall."""
    with reading(sessions) as session:
        found = store.find_call(session, call_id)
    if found is None:
        raise UnknownCall(f"there is no call {call_id}, or it is forgotten")
    return found


class _Waiting:
    """Calls on their way to the database, and the word that no more will come."""

    def __init__(self) -> None:
        self._rows: queue.Queue[CallRow | None] = queue.Queue(_WAITING_AT_MOST)
        self._ended = threading.Event()

    def put(self, row: CallRow) -> None:
        """Adds a call; waits where too many wait already."""
        self._rows.put(row)

    def end(self, *, timeout_seconds: float) -> None:
        """No more will come."""
        self._ended.set()
        with suppress(queue.Full):
            self._rows.put(None, timeout=timeout_seconds)

    def next_batch(self) -> list[CallRow]:
        """What comes within a moment of the first; nothing at the end."""
        batch: list[CallRow] = []
        row = self._rows.get()
        if self._rows.qsize() < _BATCH:
            # Sleeps instead of taking each as it comes: waking up for it takes the caller's time.
            self._ended.wait(_GATHER_SECONDS)
        with suppress(queue.Empty):
            while row is not None:
                batch.append(row)
                if len(batch) == _BATCH:
                    return batch
                row = self._rows.get_nowait()
        if row is None and batch:
            self._rows.put(None)  # the end comes after this batch
        return batch
