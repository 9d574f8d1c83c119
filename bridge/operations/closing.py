"""People close breaks: they assign, say something, decide, agree, take back.

A decision is a ruling (bridge.domain.rulings): it closes the break, and the next reconciliation
obeys it. What becomes of it in either system goes the way of all corrections.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import InvalidOperation
from enum import StrEnum

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.content import decode_value
from bridge.domain.decisions import DELETED, BreakKind
from bridge.domain.periods import ClosedPeriods
from bridge.domain.records import RECORD_CLASSES, Field, System, Value, fields_of
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.validation import fitting, value_problems
from bridge.operations.breaks import find_break
from bridge.operations.people import known_name, plain_name
from bridge.operations.settings import BreakSettings
from bridge.operations.typed_values import UnfitValue, require_plain
from bridge.store import breaks as store
from bridge.store import rulings as ruling_store
from bridge.store.audit import Deed, append_deed
from bridge.store.engine import hold_record_type
from bridge.store.models import Break, BreakResolution, BreakStatus, Record
from bridge.store.versions import currency_of, document_days
from bridge.wording import in_utc


class BreakClosed(BridgeError):
    """The break is closed already."""


class BadResolution(BridgeError):
    """A break cannot be closed in this way."""


_NONE_CLOSED = ClosedPeriods()


class Take(StrEnum):
    """Whose value both systems take; NEITHER: the difference is accepted and stays."""

    ERP = "ERP"
    CRM = "CRM"
    VALUE = "VALUE"
    NEITHER = "NEITHER"


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a person closes a break, and why. `value` is the text of Take.VALUE; empty clears."""

    take: Take
    reason: str
    value: str | None = None


def assign_break(
    sessions: sessionmaker[Session],
    *,
    break_id: int,
    assignee: str | None,
    by: str,
    settings: BreakSettings,
    now: datetime,
) -> None:
    """Gives an open break to someone, or to nobody.

    Raises UnknownBreak, BreakClosed, UnknownPerson.
    """
    by = known_name(by, settings.people)
    assignee = assignee and known_name(assignee, settings.people)
    with sessions.begin() as session:
        row, _ = find_break(session, break_id)
        if not store.assign_break(session, break_id, assignee):
            raise _closed(row)
        text = f"assigned to {assignee}" if assignee else "assigned to nobody"
        _note(session, row, by, text, now)


def comment_break(
    sessions: sessionmaker[Session],
    *,
    break_id: int,
    text: str,
    by: str,
    settings: BreakSettings,
    now: datetime,
) -> None:
    """Says something of a break, open or closed. Raises UnknownBreak, UnknownPerson."""
    by = known_name(by, settings.people)
    _require_words(text, "a comment says something")
    with sessions.begin() as session:
        row, _ = find_break(session, break_id)
        _note(session, row, by, text, now)


def resolve_break(
    sessions: sessionmaker[Session],
    *,
    break_id: int,
    resolution: Resolution,
    by: str,
    settings: BreakSettings,
    now: datetime,
    closed: ClosedPeriods = _NONE_CLOSED,
) -> bool:
    """Decides an open break; False where a second person has to approve it first.

    The next reconciliation sends what follows from it: nothing, in a period that is closed. Raises
    UnknownBreak, BreakClosed, BadResolution, UnfitValue, UnknownPerson.
    """
    by = known_name(by, settings.people)
    _require_words(resolution.reason, "a decision has a reason: say why")
    with sessions.begin() as session:
        row, record = _find_open(session, break_id)
        ruling = _ruling(session, row, resolution, by, now)
        if ruling.verdict is not Verdict.ACCEPT:
            _require_open_period(session, record, closed)
        waits = ruling.verdict is Verdict.ACCEPT and settings.needs_approval(
            row.amount, row.currency
        )
        ruling_store.save_ruling(
            session, ruling, of=row, reason=resolution.reason, needs_approval=waits
        )
        said = f"{_in_words(resolution.take, ruling)}: {resolution.reason}"
        if waits:
            said += " (waits for a second person)"
        _note(session, row, by, said, now)
        if not waits:
            _close(session, row, ruling.verdict, by, now)
    return not waits


def approve_break(
    sessions: sessionmaker[Session],
    *,
    break_id: int,
    by: str,
    settings: BreakSettings,
    now: datetime,
) -> None:
    """A second person agrees to an accepted difference.

    Raises UnknownBreak, BreakClosed, BadResolution, UnknownPerson.
    """
    by = known_name(by, settings.people)
    with sessions.begin() as session:
        row, _ = _find_open(session, break_id)
        ruling = ruling_store.ruling_on(session, break_id)
        if ruling is None or not ruling.needs_approval:
            raise BadResolution(f"break {break_id} waits for nobody's approval")
        if plain_name(ruling.decided_by) == plain_name(by):
            raise BadResolution(f"{by} accepted it: the second person has to be another")
        if ruling_store.has_changed(row, ruling):
            raise BadResolution("the values have changed since it was accepted: decide again")
        ruling_store.approve_ruling(session, ruling.id, by=by)
        _note(session, row, by, "approved", now)
        _close(session, row, ruling.verdict, ruling.decided_by, now)


def reopen_break(
    sessions: sessionmaker[Session],
    *,
    break_id: int,
    reason: str,
    by: str,
    settings: BreakSettings,
    now: datetime,
) -> None:
    """Takes a decision back: the next reconciliation shows the difference again, if it is there.

    The break is open until then. What has been delivered meanwhile stays. Raises UnknownBreak,
    BadResolution, UnknownPerson.
    """
    by = known_name(by, settings.people)
    _require_words(reason, "taking a decision back has a reason: say why")
    with sessions.begin() as session:
        row, _ = find_break(session, break_id)
        hold_record_type(session, row.record_type)
        ruling = ruling_store.ruling_on(session, break_id)
        if ruling is None:
            raise BadResolution(f"no decision on break {break_id} is in force: it is done or void")
        ruling_store.drop_ruling(session, ruling.id)
        store.reopen_break(session, row)
        _note(session, row, by, f"taken back: {reason}", now)


def _find_open(session: Session, break_id: int) -> tuple[Break, Record]:
    """The break as the last run left it: a run that is deciding now is waited for."""
    row, record = find_break(session, break_id)
    hold_record_type(session, row.record_type)
    session.refresh(row)
    if row.status is not BreakStatus.OPEN:
        raise _closed(row)
    return row, record


def _note(session: Session, row: Break, by: str, text: str, now: datetime) -> None:
    """Keeps what somebody did, with the break and in the audit trail."""
    store.add_note(session, row.id, author=by, text=text, now=now)
    subject = f"{row.id} ({row.record_type} {row.kind} {row.field})".replace(" )", ")")
    append_deed(session, Deed(at=now, actor=by[:80], action="break", subject=subject, detail=text))


def _closed(row: Break) -> BreakClosed:
    by = f" by {row.closed_by}" if row.closed_by else ""
    when = f" on {in_utc(row.closed_at)}" if row.closed_at else ""
    return BreakClosed(f"break {row.id} was closed{by}{when}: {row.resolution}")


def _require_words(text: str, otherwise: str) -> None:
    if not text.strip():
        raise BadResolution(otherwise)


def _ruling(session: Session, row: Break, resolution: Resolution, by: str, now: datetime) -> Ruling:
    verdict = _verdict(row, resolution.take)
    field = fields_of(RECORD_CLASSES[row.record_type]).get(row.field)
    decided = None
    if verdict is Verdict.SET:
        assert field is not None, "whole records are not set"
        decided = _decided_value(session, row, field, resolution)
    return Ruling(
        kind=row.kind,
        field=row.field,
        erp=None,
        crm=None,
        verdict=verdict,
        value=decided,
        by=by,
        at=now,
    )


def _require_open_period(session: Session, record: Record, closed: ClosedPeriods) -> None:
    days = document_days(session, record.id, record.record_type)
    last = closed.last_day(record.company_code or "", days)
    if last is not None:
        raise BadResolution(
            f"{record.record_type} {record.company_code}/{record.number} lies in a period that is"
            f" closed up to {last}: accept the difference, or open the period first ([closed] in"
            " survivorship.toml)"
        )


def _verdict(row: Break, take: Take) -> Verdict:
    if take is Take.NEITHER:
        return Verdict.ACCEPT
    if row.field:
        return Verdict.SET
    can_recreate = row.kind is BreakKind.MISSING_IN_CRM or (
        row.kind is BreakKind.DELETED_AND_EDITED and row.crm_value == DELETED
    )
    if can_recreate and take is Take.ERP:
        return Verdict.RECREATE
    if row.kind is BreakKind.LINK_SUGGESTED:
        raise BadResolution(
            "say whether both are the same customer: erp-bridge links list, then confirm or reject"
        )
    raise BadResolution(
        f"a break {row.kind} can be accepted"
        + (", or the ERP's record entered again" if can_recreate else "")
        + ": the bridge deletes nothing, moves no keys, and books nothing"
    )


def _decided_value(
    session: Session, row: Break, field: Field, resolution: Resolution
) -> Value | None:
    sides = {Take.ERP: row.erp_value, Take.CRM: row.crm_value}
    if resolution.take is Take.VALUE:
        require_plain(field, resolution.value or "", sides.values())
    text = sides.get(resolution.take, resolution.value)
    try:
        decided = fitting(field, decode_value(field, text or None))
    except (ValueError, InvalidOperation):
        raise UnfitValue(field, text) from None
    currency = currency_of(session, row.record_id, System.ERP)
    problems = [one for one in value_problems(field, decided, currency) if one.rejects]
    if problems:
        raise BadResolution(problems[0].message)
    return decided


def _close(session: Session, row: Break, verdict: Verdict, by: str, now: datetime) -> None:
    accepted = verdict is Verdict.ACCEPT
    resolution = BreakResolution.ACCEPTED if accepted else BreakResolution.CORRECTED
    if not store.close_break(session, row.id, resolution=resolution, by=by, now=now):
        raise _closed(row)


def _in_words(take: Take, ruling: Ruling) -> str:
    match take:
        case Take.ERP:
            return "the ERP is right"
        case Take.CRM:
            return "Salesforce is right"
        case Take.VALUE:
            return f"it is {ruling.value}"
        case Take.NEITHER:
            return "accepted"
