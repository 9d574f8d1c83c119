"""Deciding one record type: all that differs is looked at, and what comes of it is written down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy.orm import Session

from bridge.domain.causes import assess
from bridge.domain.decisions import BreakKind, Decision
from bridge.domain.reconcile import decide
from bridge.domain.records import FINANCIAL_TYPES, RecordType, System
from bridge.domain.rulings import Ruling
from bridge.domain.survivorship import Rules
from bridge.domain.totals import Explained
from bridge.store.breaks import (
    Finding,
    clear_unfound,
    count_open,
    count_opened,
    opened_at,
    record_breaks,
)
from bridge.store.candidates import Candidate, candidates, count_records, move_agreed
from bridge.store.rulings import drop_unobeyed, mark_obeyed
from bridge.store.staging import Staging, stage_corrections, withdraw_unwanted
from bridge.store.twins import twins_of
from jobs.context import Progress
from jobs.explaining import Explanations
from jobs.standing import standing_findings
from jobs.summary import TypeSummary

Decided = Sequence[tuple[Candidate, Decision]]
Outcomes = dict[tuple[int, System], str]
"""Record id and target of a correction -> what became of it (`Staging`)."""


class _OfRun(TypedDict):
    record_type: RecordType
    run_id: int


@dataclass(slots=True, kw_only=True)
class Deciding:
    """One run's decisions on the records of one type, in the run's transaction.

    What one side alone has is taken for late until `timing` is over.
    """

    session: Session
    rules: Rules
    run_id: int
    now: datetime
    timing: timedelta
    progress: Progress
    _explanations: Explanations = field(init=False)
    _staged: Counter[tuple[System, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._explanations = Explanations(self.rules)

    def run(self) -> TypeSummary:
        """Decides all that differs, and ends what no longer does."""
        record_type = self.rules.record_type
        summary = TypeSummary(records=count_records(self.session, record_type))
        self.progress.start(f"deciding {record_type}", None)
        for page in candidates(self.session, self.rules):
            self._decide(page)
            summary.differing += len(page)
            self.progress.advance(len(page))
        self._record_standing()
        self._end_what_is_over(summary)
        summary.corrections = self._by_target(Staging.STAGED)
        summary.waiting = self._by_target(Staging.KEPT)
        summary.dead = sum(self._by_target(Staging.DEAD).values())
        summary.breaks_open = self._open_breaks(waiting=False)
        summary.breaks_not_counted_yet = self._open_breaks(waiting=True)
        return summary

    def explained(self) -> list[Explained]:
        """What the records that differ contribute to the difference of both sides' totals."""
        return self._explanations.explained()

    def _decide(self, page: Sequence[Candidate]) -> None:
        decided = [(one, decide(one.versions, self.rules)) for one in page]
        findings = self._findings(decided)
        outcomes = self._record(decided, findings)
        self._staged += Counter((target, outcome) for (_, target), outcome in outcomes.items())
        dead = {which for which, outcome in outcomes.items() if outcome == Staging.DEAD}
        counting = {one.record_id for one in findings if one.assessment.counts_from is None}
        for candidate, decision in decided:
            waits = bool(decision.breaks) and candidate.record_id not in counting
            self._explanations.add(candidate, decision, waits=waits, dead=dead)

    def _findings(self, decided: Decided) -> list[Finding]:
        record_type = self.rules.record_type
        broken = [(one, found) for one, it in decided for found in it.breaks]
        alone = [one.record_id for one, found in broken if found.kind is BreakKind.MISSING_IN_ERP]
        of_documents = record_type in FINANCIAL_TYPES
        twins = twins_of(self.session, record_type, alone) if of_documents else {}
        opened = opened_at(self.session, [one.record_id for one, _ in broken])
        return [
            Finding(
                one.record_id,
                found,
                assess(
                    found,
                    one.versions,
                    record_type,
                    now=self.now,
                    timing=self.timing,
                    opened_at=opened.get((one.record_id, found.kind)),
                    twins=twins.get(one.record_id, ()),
                ),
            )
            for one, found in broken
        ]

    def _record(self, decided: Decided, findings: Sequence[Finding]) -> Outcomes:
        record_type = self.rules.record_type
        move_agreed(
            self.session,
            record_type=record_type,
            moved=[(one, it.agreed) for one, it in decided if it.agreed is not None],
            compared=self.rules.compared,
            now=self.now,
        )
        self._record_breaks(findings)
        self._mark_obeyed([(one.record_id, ruling) for one, it in decided for ruling in it.obeyed])
        return stage_corrections(
            self.session,
            record_type=record_type,
            corrections=[(one.record_id, c) for one, it in decided for c in it.corrections],
            run_id=self.run_id,
            now=self.now,
        )

    def _record_standing(self) -> None:
        found, obeyed = standing_findings(self.session, self.rules)
        self._record_breaks(found)
        self._mark_obeyed(obeyed)

    def _record_breaks(self, found: Sequence[Finding]) -> None:
        record_breaks(
            self.session,
            record_type=self.rules.record_type,
            found=found,
            run_id=self.run_id,
            now=self.now,
        )

    def _mark_obeyed(self, rulings: Sequence[tuple[int, Ruling]]) -> None:
        mark_obeyed(self.session, rulings, run_id=self.run_id)

    def _end_what_is_over(self, summary: TypeSummary) -> None:
        session, now = self.session, self.now
        of_run: _OfRun = {"record_type": self.rules.record_type, "run_id": self.run_id}
        summary.withdrawn = withdraw_unwanted(session, **of_run)
        drop_unobeyed(session, **of_run)
        summary.breaks_cleared = clear_unfound(session, now=now, **of_run)
        summary.breaks_opened = count_opened(session, now=now, **of_run)

    def _by_target(self, outcome: str) -> dict[System, int]:
        return {target: n for (target, what), n in self._staged.items() if what == outcome}

    def _open_breaks(self, *, waiting: bool) -> dict[BreakKind, int]:
        counts = count_open(self.session, now=self.now, waiting=waiting)
        return {kind: n for (type_, kind), n in counts.items() if type_ is self.rules.record_type}
