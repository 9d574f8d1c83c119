"""The org: everything that a call may touch, and the two rows it is born with."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.sandbox.faults import FaultPlan
from bridge.sandbox.ids import new_id
from bridge.sandbox.schema import Schema, SObject
from bridge.sandbox.storage.database import Database
from bridge.sandbox.values import Stored, timestamp

Clock = Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long what the org hands out is good for.

    Sources: Salesforce Help, "Session Settings"; SOAP API Developer Guide, queryMore().
    """

    session_lifetime: timedelta = timedelta(minutes=120)  # since its last use
    locator_lifetime: timedelta = timedelta(days=2)
    open_locators: int = 10  # of one user; one more ends the oldest


class Org:
    """A schema, its database, a clock, and the ids of the organization and its one user."""

    def __init__(self, schema: Schema, database: Database, clock: Clock, limits: Limits) -> None:
        self.schema = schema
        self.database = database
        self.limits = limits
        self.calls = DailyCalls(self.now)
        self.faults = FaultPlan()
        self.told: frozenset[str] = frozenset()  # the objects whose changes are sent to somebody
        self.late_commits = LateCommits()
        self.stopping = threading.Event()
        self.id = new_id(schema.object("Organization").key_prefix, database.pod, 1)
        self.user_id = new_id(schema.object("User").key_prefix, database.pod, 1)
        self._clock = clock

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def seconds(self) -> int:
        """The moment as the server itself remembers it: in seconds since 1970."""
        return int(self.now().timestamp())

    def stamp(self) -> str:
        """The moment as SystemModstamp has it: in whole seconds."""
        return timestamp(self.now().replace(microsecond=0))

    def pause(self, seconds: float) -> None:
        """Let time pass, unless the server stops."""
        if seconds:
            self.stopping.wait(seconds)


class LateCommits:
    """The stamps of writes that wait: nothing later is covered for sure before they are seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamps: list[datetime] = []

    @contextmanager
    def holding(self, stamp: datetime) -> Iterator[None]:
        """Remember a stamp until its rows are committed."""
        with self._lock:
            self._stamps.append(stamp)
        try:
            yield
        finally:
            with self._lock:
                self._stamps.remove(stamp)

    def oldest(self) -> datetime | None:
        with self._lock:
            return min(self._stamps, default=None)


class DailyCalls:
    """How many API calls the server has answered today (UTC)."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._day = ""
        self._count = 0

    def add(self) -> int:
        """Count one call; answer the day's number so far."""
        today = self._now().date().isoformat()
        with self._lock:
            if today != self._day:
                self._day, self._count = today, 0
            self._count += 1
            return self._count


def open_org(database: Path, schema: Schema, clock: Clock, limits: Limits) -> Org:
    """Open or create the org that lives in a file. Raises SandboxError."""
    org = Org(schema, Database(database, schema), clock, limits)
    with org.database.writing() as connection:
        _plant(connection, org, "Organization", org.id, _organization(org))
        _plant(connection, org, "User", org.user_id, _user(org))
    return org


def _plant(
    connection: sqlite3.Connection, org: Org, name: str, row_id: str, values: Mapping[str, Stored]
) -> None:
    sobject = org.schema.object(name)
    row: dict[str, Stored] = {"_row": 1, "Id": row_id, **audit_values(org.stamp(), org.user_id)}
    row |= {key: value for key, value in values.items() if _has(sobject, key)}
    columns = ", ".join(f'"{column}"' for column in row)
    marks = ", ".join("?" * len(row))
    connection.execute(
        f'INSERT OR IGNORE INTO "{name}" ({columns}) VALUES ({marks})',  # noqa: S608
        tuple(row.values()),
    )


def audit_values(stamp: str, user_id: str) -> dict[str, Stored]:
    """The audit fields of a row born at ``stamp``."""
    return {
        "OwnerId": user_id,
        "IsDeleted": 0,
        "CreatedDate": stamp,
        "CreatedById": user_id,
        "LastModifiedDate": stamp,
        "LastModifiedById": user_id,
        "SystemModstamp": stamp,
    }


def _has(sobject: SObject, name: str) -> bool:
    return sobject.field(name) is not None


def _organization(org: Org) -> dict[str, Stored]:
    facts = org.schema.organization
    return {
        "Name": facts.name,
        "DefaultLocaleSidKey": facts.locale,
        "LanguageLocaleKey": facts.language,
        "TimeZoneSidKey": facts.time_zone,
        "IsSandbox": 1,
    }


def _user(org: Org) -> dict[str, Stored]:
    access = org.schema.access
    return {
        "Username": access.username,
        "LastName": access.last_name,
        "FirstName": access.first_name,
        "Email": access.username,
        "IsActive": 1,
    }
