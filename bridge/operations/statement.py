"""A controller asks for the statement of a run: what was compared, what it came to, what is open.

Statements of old runs can be made anew: breaks are told as they stood when the run ended.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import BreakKind
from bridge.domain.records import RecordType
from bridge.domain.totals import (
    Explained,
    TotalsRow,
    rolled_up,
    side_by_side,
    unexplained,
)
from bridge.operations.breaks import age_name
from bridge.operations.overview import UnknownRun
from bridge.store.audit import digest_of_run
from bridge.store.breaks import open_at
from bridge.store.engine import reading
from bridge.store.models import Break, Run, RunStatus
from bridge.store.runs import find_run, list_runs
from bridge.store.totals import explained_by_run, totals_of_run

_EARLIER_RUNS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run in a list."""

    id: int
    job: str
    status: RunStatus
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None

    @property
    def seconds(self) -> float | None:
        """How long it took, if it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCount:
    """Breaks of one type and kind that were open, by age, and their amounts by currency.

    Amounts are added without their signs: what is too much does not make up for what lacks.
    """

    record_type: RecordType
    kind: BreakKind
    count: int
    by_age: Mapping[str, int]
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Distance:
    """How far apart both sides were at the end of one run: the amount in one currency."""

    run_id: int
    finished_at: datetime
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One run, for whoever has to sign it.

    `types` is what the run decided, by record type; `totals` stand per type and currency, `places`
    per company and month as well; `explained` and `rests` are what makes their differences up.
    `breaks` are the open ones that counted, `not_counted_yet` those that waited for a side that was
    only late. `audit` is the run's entry in the audit trail with its digest: kept elsewhere, it
    shows later that the trail was not written anew.
    """

    run: RunLine
    until: datetime | None
    rules: str | None
    audit: str | None
    calls: Mapping[str, int]
    types: Mapping[str, Mapping[str, Any]]
    totals: tuple[TotalsRow, ...]
    places: tuple[TotalsRow, ...]
    explained: tuple[Explained, ...]
    rests: tuple[Explained, ...]
    breaks: tuple[OpenCount, ...]
    not_counted_yet: tuple[OpenCount, ...]
    distances: tuple[Distance, ...]

    @property
    def in_order(self) -> bool:
        """Whether the run succeeded and accounts for every difference."""
        return self.run.status is RunStatus.SUCCEEDED and not self.rests


def list_run_lines(
    sessions: sessionmaker[Session], *, job: str | None = None, limit: int = 20
) -> list[RunLine]:
    """Runs, the newest first."""
    with reading(sessions) as session:
        return [_line(run) for run in list_runs(session, job=job, limit=limit)]


def get_statement(sessions: sessionmaker[Session], *, run_id: int, now: datetime) -> Statement:
    """The statement of a run, of any job. Raises UnknownRun."""
    with reading(sessions) as session:
        run = find_run(session, run_id)
        if run is None:
            raise UnknownRun(f"there is no run {run_id}")
        totals = totals_of_run(session, run_id)
        explained = explained_by_run(session, run_id)
        summary = json.loads(run.summary) if run.summary else {}
        types: dict[str, Any] = summary.get("types", {})
        moment = run.finished_at or now
        breaks = open_at(session, moment, [*map(RecordType, types)])
        return Statement(
            run=_line(run),
            until=run.until,
            rules=run.settings_digest,
            audit=_audit(session, run_id),
            calls=summary.get("salesforce_calls", {}),
            types=types,
            totals=tuple(side_by_side(rolled_up(totals))),
            places=tuple(side_by_side(totals)),
            explained=tuple(sorted(explained, key=_by_place)),
            rests=tuple(unexplained(totals, explained)),
            breaks=_open_counts(breaks, moment, waiting=False),
            not_counted_yet=_open_counts(breaks, moment, waiting=True),
            distances=_distances(session, run),
        )


def _line(run: Run) -> RunLine:
    return RunLine(
        id=run.id,
        job=run.job,
        status=run.status,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=run.error,
    )


def _audit(session: Session, run_id: int) -> str | None:
    entry = digest_of_run(session, run_id)
    return None if entry is None else f"{entry[0]} {entry[1].hex()}"


def _by_place(one: Explained) -> tuple[str, ...]:
    return (one.record_type, one.company_code, one.currency, one.period, one.reason)


def _open_counts(
    breaks: Sequence[Break], moment: datetime, *, waiting: bool
) -> tuple[OpenCount, ...]:
    ages: dict[tuple[RecordType, BreakKind], Counter[str]] = {}
    amounts: dict[tuple[RecordType, BreakKind], dict[str, Decimal]] = {}
    for one in breaks:
        if (one.counts_from is not None and moment < one.counts_from) is not waiting:
            continue
        group = (one.record_type, one.kind)
        ages.setdefault(group, Counter())[age_name((moment - one.opened_at).days)] += 1
        if one.amount is not None:
            of_group = amounts.setdefault(group, {})
            currency = one.currency or ""
            of_group[currency] = of_group.get(currency, Decimal(0)) + abs(one.amount)
    return tuple(
        OpenCount(
            record_type=record_type,
            kind=kind,
            count=by_age.total(),
            by_age=by_age,
            amounts=amounts.get((record_type, kind), {}),
        )
        for (record_type, kind), by_age in sorted(ages.items())
    )


def _distances(session: Session, run: Run) -> tuple[Distance, ...]:
    """The gross differences of this run and those before it, per currency, oldest first."""
    runs = list_runs(
        session, job=run.job, limit=_EARLIER_RUNS, status=RunStatus.SUCCEEDED, up_to=run.id
    )
    found = []
    for one in reversed(runs):
        added: dict[str, Decimal] = {}
        for row in side_by_side(rolled_up(totals_of_run(session, one.id))):
            amount = row.differences.get("amount", Decimal(0))
            added[row.currency] = added.get(row.currency, Decimal(0)) + abs(amount)
        finished = one.finished_at
        assert finished is not None, "a run that succeeded has ended"
        found += [Distance(one.id, finished, currency, sum_) for currency, sum_ in added.items()]
    return tuple(found)
