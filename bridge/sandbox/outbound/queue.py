"""Notifications that wait: each is tried until it was taken, or until it is a day old."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bridge.sandbox.ids import new_id

MOST_IN_A_MESSAGE = 100
KEPT = timedelta(hours=24)
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=2)
_KEY_PREFIX = "04l"


@dataclass(frozen=True)
class Notification:
    """One change of a record; of the record only the id is kept."""

    number: int
    record_id: str
    attempts: int

    def id(self, pod: str) -> str:
        return new_id(_KEY_PREFIX, pod, self.number)


@dataclass(frozen=True)
class Waiting:
    """How many notifications of an object wait, and when the next is due, in seconds."""

    count: int
    due: int | None


def enqueue(connection: sqlite3.Connection, sobject: str, record_id: str, now: int) -> None:
    """Have a change told; call it in the transaction of the change."""
    connection.execute(
        "INSERT INTO _notification (sobject, record_id, queued, due, attempts)"
        " VALUES (?, ?, ?, ?, 0)",
        (sobject, record_id, now, now),
    )


def take_due(connection: sqlite3.Connection, sobject: str, now: int) -> list[Notification]:
    """What is to be sent now, at most one message of it."""
    found = connection.execute(
        "SELECT number, record_id, attempts FROM _notification"
        " WHERE sobject = ? AND due <= ? ORDER BY number LIMIT ?",
        (sobject, now, MOST_IN_A_MESSAGE),
    )
    return [Notification(*row) for row in found]


def settle(connection: sqlite3.Connection, sent: Iterable[Notification]) -> None:
    """Forget what was taken."""
    connection.executemany(
        "DELETE FROM _notification WHERE number = ?", [(each.number,) for each in sent]
    )


def postpone(connection: sqlite3.Connection, refused: Sequence[Notification], now: int) -> None:
    """Try again later, each time after twice as long; drop what has waited for a day."""
    connection.executemany(
        "UPDATE _notification SET due = ?, attempts = attempts + 1 WHERE number = ?",
        [(now + _pause_seconds(each.attempts), each.number) for each in refused],
    )
    oldest = now - int(KEPT.total_seconds())
    connection.execute("DELETE FROM _notification WHERE queued <= ?", (oldest,))


def waiting(connection: sqlite3.Connection, sobject: str) -> Waiting:
    count, due = connection.execute(
        "SELECT count(*), min(due) FROM _notification WHERE sobject = ?", (sobject,)
    ).fetchone()
    return Waiting(count, due)


def _pause_seconds(attempts: int) -> int:
    doubled = FIRST_RETRY.total_seconds() * 2.0 ** min(attempts, 30)
    return int(min(doubled, LONGEST_RETRY.total_seconds()))
