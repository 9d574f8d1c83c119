"""Reconcile: compare what both systems say, decide, and record the decision in one transaction."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy.orm import Session

from bridge.domain.records import FINANCIAL_TYPES, RecordType, System
from bridge.domain.survivorship import Rules, rules_digest
from bridge.domain.totals import ControlTotal, unexplained
from bridge.matching.finding import LinkSummary
from bridge.matching.looking import keep, looked
from bridge.store.engine import reading
from bridge.store.named_keys import link_named
from bridge.store.proposals import finish_unlinking
from bridge.store.runs import last_success
from bridge.store.totals import add_up, save_totals, totals_of_run
from bridge.wording import counted, in_utc
from jobs import fetch
from jobs.context import JobContext, Refused, Scope
from jobs.deciding import Deciding
from jobs.explaining import has_periods, measured_columns
from jobs.summary import ReconcileSummary, total_lines, unexplained_lines

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"
_TYPES = {CUSTOMERS: (RecordType.CUSTOMER,), FINANCIALS: FINANCIAL_TYPES}


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
        deciding = Deciding(
            session=session,
            rules=rule,
            run_id=run_id,
            now=now,
            timing=timedelta(days=context.settings.timing_days),
            progress=context.progress,
        )
        types[rule.record_type] = deciding.run()
        explained += deciding.explained()
    save_totals(session, run_id, totals, explained)
    summary = ReconcileSummary(
        types=types,
        totals=total_lines(totals),
        unexplained=unexplained_lines(unexplained(totals, explained)),
        links=links,
    )
    scope.succeed(session, summary, until=now, settings_digest=rules_digest(rules))


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
