"""Reconcile: compare what both systems say, decide, and record the decision in one transaction."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from sqlalchemy.orm import Session

from bridge.domain.causes import assess
from bridge.domain.decisions import BreakKind, Decision
from bridge.domain.reconcile import decide
from bridge.domain.records import FINANCIAL_TYPES, RecordType, System
from bridge.domain.survivorship import Rules, rules_digest
from bridge.domain.totals import ControlTotal, Explained, rolled_up, side_by_side, unexplained
from bridge.matching.finding import LinkSummary
from bridge.matching.looking import keep, looked
from bridge.store import candidates as store
from bridge.store.breaks import (
    Finding,
    clear_unfound,
    count_open,
    count_opened,
    record_breaks,
)
from bridge.store.engine import reading
from bridge.store.named_keys import link_named
from bridge.store.proposals import finish_unlinking
from bridge.store.rulings import drop_unobeyed, mark_obeyed
from bridge.store.runs import last_success
from bridge.store.staging import Staging, stage_corrections, withdraw_unwanted
from bridge.store.totals import add_up, save_totals, totals_of_run
from bridge.store.twins import twins_of
from bridge.wording import counted, in_utc
from jobs import fetch
from jobs.context import JobContext, Refused, Scope
from jobs.explaining import Explanations, has_periods, measured_columns
from jobs.standing import standing_findings

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"
_TYPES = {CUSTOMERS: (RecordType.CUSTOMER,), FINANCIALS: FINANCIAL_TYPES}


@dataclass(slots=True, kw_only=True)
class TypeSummary:
    """What a run decided for one record type.

    `differing` records were looked at, the others agree. `corrections` and `waiting` (staged by an
    earlier run, not delivered yet) count by target system, `dead` those given up earlier.
    `breaks_open` are those that count, `breaks_not_counted_yet` wait for a side that is only late.
    """

    records: int = 0
    differing: int = 0
    corrections: dict[System, int] = field(default_factory=dict)
    waiting: dict[System, int] = field(default_factory=dict)
    dead: int = 0
    withdrawn: int = 0
    breaks_open: dict[BreakKind, int] = field(default_factory=dict)
    breaks_not_counted_yet: dict[BreakKind, int] = field(default_factory=dict)
    breaks_opened: int = 0
    breaks_cleared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsLine:
    """Both sides of one type and currency: count, amounts by column, hash total."""

    record_type: RecordType
    currency: str
    erp: dict[str, Decimal | int]
    crm: dict[str, Decimal | int]
    difference: dict[str, Decimal | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexplainedLine:
    """What no record accounts for in one place: it should not be there."""

    record_type: RecordType
    company_code: str
    currency: str
    period: str
    difference: dict[str, Decimal | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileSummary:
    """What a reconciliation found."""

    types: dict[RecordType, TypeSummary]
    totals: list[TotalsLine]
    unexplained: list[UnexplainedLine]
    links: LinkSummary | None = None


def reconcile_customers(context: JobContext, scope: Scope) -> None:
    """Decides all customers that differ. What one side alone has meets its other side first."""
    now = context.clock()
    _refuse_if_crm_unread(context, now)
    before, transaction = _links_before(context), partial(_transaction, scope)
    with looked(context.sessions, context.matcher, transaction, before=before) as (session, look):
        links = keep(session, context.matcher, look, now=now)
        _reconcile(context, scope, session, CUSTOMERS, now, links)


def reconcile_financials(context: JobContext, scope: Scope) -> None:
    """Decides all invoices, payments and credit memos that differ."""
    now = context.clock()
    _refuse_if_crm_unread(context, now)
    with scope.transaction(*FINANCIAL_TYPES) as session:
        _reconcile(context, scope, session, FINANCIALS, now)


@contextmanager
def _transaction(scope: Scope) -> Iterator[Session]:
    """One that decides customers; those whose link somebody took back have none any more."""
    with scope.transaction(RecordType.CUSTOMER) as session:
        finish_unlinking(session, RecordType.CUSTOMER)
        yield session


def _links_before(context: JobContext) -> LinkSummary | None:
    with reading(context.sessions) as session:
        last = last_success(session, CUSTOMERS)
    links = json.loads(last.summary).get("links") if last and last.summary else None
    return LinkSummary(**links) if links else None


def _reconcile(
    context: JobContext,
    scope: Scope,
    session: Session,
    job: str,
    now: datetime,
    links: LinkSummary | None = None,
) -> None:
    before = last_success(session, job)
    run_id = scope.run_in(session)
    for record_type in _TYPES[job]:
        link_named(session, record_type=record_type)
    rules = [context.rules[record_type] for record_type in _TYPES[job]]
    totals = [total for rule in rules for total in _totals(session, rule)]
    if before is not None and not scope.force:
        _refuse_if_emptied(context, totals_of_run(session, before.id), totals)
    types, explained = {}, []
    for rule in rules:
        explanations = Explanations(rule)
        types[rule.record_type] = _reconcile_type(context, session, rule, explanations, run_id, now)
        explained += explanations.explained()
    save_totals(session, run_id, totals, explained)
    summary = ReconcileSummary(
        types=types,
        totals=_lines(totals),
        unexplained=_rests(unexplained(totals, explained)),
        links=links,
    )
    scope.succeed(session, summary, until=now, settings_digest=rules_digest(rules))


def _reconcile_type(
    context: JobContext,
    session: Session,
    rules: Rules,
    explanations: Explanations,
    run_id: int,
    now: datetime,
) -> TypeSummary:
    record_type = rules.record_type
    summary = TypeSummary(records=store.count_records(session, record_type))
    staged: Counter[tuple[System, str]] = Counter()
    context.progress.start(f"deciding {record_type}", None)
    for page in store.candidates(session, rules):
        decisions = [(one, decide(one.versions, rules)) for one in page]
        findings = _findings(context, session, record_type, decisions, now)
        outcomes = _record(session, rules, decisions, findings, run_id, now)
        staged += Counter((target, outcome) for (_, target), outcome in outcomes.items())
        dead = {which for which, outcome in outcomes.items() if outcome == Staging.DEAD}
        counting = {one.record_id for one in findings if one.assessment.counts_from is None}
        for candidate, decision in decisions:
            waits = bool(decision.breaks) and candidate.record_id not in counting
            explanations.add(candidate, decision, waits=waits, dead=dead)
        summary.differing += len(page)
        context.progress.advance(len(page))
    _record_standing(session, rules, run_id, now)
    summary.corrections = _by_target(staged, Staging.STAGED)
    summary.waiting = _by_target(staged, Staging.KEPT)
    summary.dead = sum(_by_target(staged, Staging.DEAD).values())
    summary.withdrawn = withdraw_unwanted(session, record_type=record_type, run_id=run_id)
    drop_unobeyed(session, record_type=record_type, run_id=run_id)
    summary.breaks_cleared = clear_unfound(session, record_type=record_type, run_id=run_id, now=now)
    summary.breaks_opened = count_opened(session, record_type=record_type, run_id=run_id, now=now)
    for waits, found in (
        (False, summary.breaks_open),
        (True, summary.breaks_not_counted_yet),
    ):
        counts = count_open(session, now=now, waiting=waits)
        found |= {kind: n for (type_, kind), n in counts.items() if type_ is record_type}
    return summary


def _record_standing(session: Session, rules: Rules, run_id: int, now: datetime) -> None:
    found, accepted = standing_findings(session, rules)
    record_breaks(session, record_type=rules.record_type, found=found, run_id=run_id, now=now)
    mark_obeyed(session, [(record_id, "") for record_id in accepted], run_id=run_id)


def _record(
    session: Session,
    rules: Rules,
    decisions: Sequence[tuple[store.Candidate, Decision]],
    findings: Sequence[Finding],
    run_id: int,
    now: datetime,
) -> dict[tuple[int, System], str]:
    record_type = rules.record_type
    store.move_agreed(
        session,
        record_type=record_type,
        moved=[(one, it.agreed) for one, it in decisions if it.agreed is not None],
        compared=rules.compared,
        now=now,
    )
    record_breaks(
        session,
        record_type=record_type,
        found=findings,
        run_id=run_id,
        now=now,
    )
    obeyed = [(one.record_id, field) for one, it in decisions for field in it.obeyed]
    mark_obeyed(session, obeyed, run_id=run_id)
    return stage_corrections(
        session,
        record_type=record_type,
        corrections=[(one.record_id, c) for one, it in decisions for c in it.corrections],
        run_id=run_id,
        now=now,
    )


def _findings(
    context: JobContext,
    session: Session,
    record_type: RecordType,
    decisions: Sequence[tuple[store.Candidate, Decision]],
    now: datetime,
) -> list[Finding]:
    broken = [(one, found) for one, it in decisions for found in it.breaks]
    alone = [one.record_id for one, found in broken if found.kind is BreakKind.MISSING_IN_ERP]
    twins = twins_of(session, record_type, alone) if record_type in FINANCIAL_TYPES else {}
    timing = timedelta(days=context.settings.timing_days)
    return [
        Finding(
            one.record_id,
            found,
            assess(
                found,
                one.versions,
                record_type,
                now=now,
                timing=timing,
                twins=twins.get(one.record_id, ()),
            ),
        )
        for one, found in broken
    ]


def _refuse_if_crm_unread(context: JobContext, now: datetime) -> None:
    with reading(context.sessions) as session:
        last = last_success(session, fetch.NAME)
    if last is None or last.finished_at is None:
        raise Refused("Salesforce has not been read yet: run the job `fetch` first")
    hours = context.settings.fetch_max_age_hours
    if now - last.finished_at > timedelta(hours=hours):
        raise Refused(
            f"Salesforce was last read on {in_utc(last.finished_at)}, more than"
            f" {counted(hours, 'hour')} ago: run the job `fetch` first"
        )


def _refuse_if_emptied(
    context: JobContext, before: Sequence[ControlTotal], now: Sequence[ControlTotal]
) -> None:
    """A side that lost most of its records is more likely broken than right."""
    held, holds = _counts(before), _counts(now)
    for (record_type, system), count in held.items():
        left = holds[record_type, system]
        if (
            count >= context.settings.refuse_from_records
            and left < count * context.settings.refuse_below_share
        ):
            raise Refused(
                f"{system} held {counted(count, 'record')} of type {record_type} at the last run"
                f" and holds {left} now: if that is right, run again with --force and a --reason"
            )


def _counts(totals: Sequence[ControlTotal]) -> Counter[tuple[RecordType, System]]:
    counts: Counter[tuple[RecordType, System]] = Counter()
    for total in totals:
        counts[total.record_type, total.system] += total.count
    return counts


def _totals(session: Session, rules: Rules) -> list[ControlTotal]:
    return add_up(
        session,
        rules.record_type,
        strangers=rules.expected_in_erp,
        measured=measured_columns(rules),
        periods=has_periods(rules),
    )


def _by_target(staged: Counter[tuple[System, str]], outcome: str) -> dict[System, int]:
    return {target: count for (target, what), count in staged.items() if what == outcome}


def _lines(totals: Sequence[ControlTotal]) -> list[TotalsLine]:
    return [
        TotalsLine(
            record_type=row.record_type,
            currency=row.currency,
            erp=_figures(row.erp),
            crm=_figures(row.crm),
            difference={
                "count": row.erp.count - row.crm.count,
                **row.differences,
                "hash_total": row.erp.hash_total - row.crm.hash_total,
            },
        )
        for row in side_by_side(rolled_up(totals))
    ]


def _rests(rests: Sequence[Explained]) -> list[UnexplainedLine]:
    return [
        UnexplainedLine(
            record_type=rest.record_type,
            company_code=rest.company_code,
            currency=rest.currency,
            period=rest.period,
            difference={"count": rest.count, **rest.amounts, "hash_total": rest.hash_total},
        )
        for rest in rests
    ]


def _figures(total: ControlTotal) -> dict[str, Decimal | int]:
    return {"count": total.count, **total.amounts, "hash_total": total.hash_total}
