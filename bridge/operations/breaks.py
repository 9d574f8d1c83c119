"""People close breaks: they look, assign, say something, decide.

A decision is a ruling (bridge.domain.rulings): it closes the break, and the next reconciliation
obeys it. What becomes of it in either system goes the way of all corrections.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.causes import Cause
from bridge.domain.content import decode_value
from bridge.domain.reconcile import BreakKind
from bridge.domain.records import (
    RECORD_CLASSES,
    Field,
    RecordKey,
    RecordType,
    System,
    Value,
    fields_of,
)
from bridge.domain.rulings import Ruling, Verdict
from bridge.domain.validation import value_problems
from bridge.operations.settings import BreakSettings
from bridge.store import breaks as store
from bridge.store import rulings as ruling_store
from bridge.store.audit import Deed, append_deed
from bridge.store.engine import hold_record_type, reading
from bridge.store.models import Break, BreakResolution, BreakStatus, Record
from bridge.store.records import currency_of, key_of_row


class UnknownBreak(BridgeError):
    """No break has this id."""


class BreakClosed(BridgeError):
    """The break is closed already."""


class BadResolution(BridgeError):
    """A break cannot be closed in this way."""


class UnknownPerson(BridgeError):
    """A name that is none of the settings' people."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakView:
    """A break. `key` is None where only Salesforce has the record.

    `erp` and `crm` are the values as text; `amount` is ERP less CRM, in `currency`.
    """

    id: int
    key: RecordKey | None
    salesforce_id: str | None
    record_type: RecordType
    kind: BreakKind
    field: str
    erp: str | None
    crm: str | None
    detail: str
    cause: Cause
    evidence: str
    amount: Decimal | None
    currency: str | None
    assignee: str | None
    status: BreakStatus
    resolution: BreakResolution | None
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """What someone did with a break, or said of it."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class BreakHistory:
    """A break and all that was done with it, oldest first.

    `awaiting_approval_of` is who accepted it and waits for a second person.
    """

    found: BreakView
    notes: tuple[Note, ...]
    awaiting_approval_of: str | None


AGES = ((0, "0-3"), (4, "4-7"), (8, "8-30"), (31, "31-90"), (91, "over 90"))
"""Days from which a break belongs to an age, and what that age is called."""


def age_name(days: int) -> str:
    """The age that a break of so many days belongs to."""
    return [name for least, name in AGES if days >= least][-1]


def list_breaks(
    sessions: sessionmaker[Session],
    *,
    record_type: RecordType | None = None,
    kind: BreakKind | None = None,
    cause: Cause | None = None,
    assignee: str | None = None,
    closed: bool = False,
    limit: int | None = None,
) -> list[BreakView]:
    """Breaks, oldest first: the open ones, or with `closed` the others."""
    wanted = {"record_type": record_type, "kind": kind, "cause": cause, "assignee": assignee}
    status = BreakStatus.RESOLVED if closed else BreakStatus.OPEN
    with reading(sessions) as session:
        rows = store.breaks(
            session,
            status=status,
            limit=limit,
            **{name: value for name, value in wanted.items() if value is not None},
        )
    return [_view(row, record) for row, record in rows]


def get_break(sessions: sessionmaker[Session], *, break_id: int) -> BreakHistory:
    """One break with its history. Raises UnknownBreak."""
    with reading(sessions) as session:
        row, record = _find(session, break_id)
        notes = store.notes_of(session, break_id)
        ruling = ruling_store.ruling_on(session, break_id)
    waiting = ruling is not None and ruling.needs_approval and ruling.approved_by is None
    return BreakHistory(
        _view(row, record),
        tuple(Note(note.at, note.author, note.text) for note in notes),
        ruling.decided_by if ruling is not None and waiting else None,
    )


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
    _require_people(settings, by, assignee)
    with sessions.begin() as session:
        row, _ = _find(session, break_id)
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
    _require_people(settings, by)
    if not text.strip():
        raise BadResolution("a comment says something")
    with sessions.begin() as session:
        row, _ = _find(session, break_id)
        _note(session, row, by, text, now)


def resolve_break(
    sessions: sessionmaker[Session],
    *,
    break_id: int,
    resolution: Resolution,
    by: str,
    settings: BreakSettings,
    now: datetime,
) -> bool:
    """Decides an open break; False where a second person has to approve it first.

    The next reconciliation sends what follows from it. Raises UnknownBreak, BreakClosed,
    BadResolution, UnknownPerson.
    """
    _require_people(settings, by)
    if not resolution.reason.strip():
        raise BadResolution("a decision has a reason: say why")
    with sessions.begin() as session:
        row, _ = _find_open(session, break_id)
        ruling = _ruling(session, row, resolution, by, now)
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
    _require_people(settings, by)
    with sessions.begin() as session:
        row, _ = _find_open(session, break_id)
        ruling = ruling_store.ruling_on(session, break_id)
        if ruling is None or not ruling.needs_approval:
            raise BadResolution(f"break {break_id} waits for nobody's approval")
        if ruling.decided_by == by:
            raise BadResolution(f"{by} accepted it: the second person has to be another")
        if (row.erp_value, row.crm_value) != (ruling.erp_value, ruling.crm_value):
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

    What has been delivered meanwhile stays. Raises UnknownBreak, BadResolution, UnknownPerson.
    """
    _require_people(settings, by)
    with sessions.begin() as session:
        row, _ = _find(session, break_id)
        hold_record_type(session, row.record_type)
        ruling = ruling_store.ruling_on(session, break_id)
        if ruling is None:
            raise BadResolution(f"no decision on break {break_id} is in force: it is done or void")
        ruling_store.drop_ruling(session, ruling.id)
        _note(session, row, by, f"taken back: {reason}", now)


def _find(session: Session, break_id: int) -> tuple[Break, Record]:
    found = store.find_break(session, break_id)
    if found is None:
        raise UnknownBreak(f"there is no break {break_id}")
    return found


def _find_open(session: Session, break_id: int) -> tuple[Break, Record]:
    """The break as the last run left it: a run that is deciding now is waited for."""
    row, record = _find(session, break_id)
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
    when = f" on {row.closed_at:%Y-%m-%d %H:%M}Z" if row.closed_at else ""
    return BreakClosed(f"break {row.id} was closed{by}{when}: {row.resolution}")


def _require_people(settings: BreakSettings, *names: str | None) -> None:
    for name in names:
        if name is not None and settings.people and name not in settings.people:
            raise UnknownPerson(
                f"{name!r} is none of [breaks] people: {', '.join(settings.people)}"
            )


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


def _verdict(row: Break, take: Take) -> Verdict:
    if take is Take.NEITHER:
        return Verdict.ACCEPT
    if row.field:
        return Verdict.SET
    if row.kind is BreakKind.MISSING_IN_CRM and take is Take.ERP:
        return Verdict.RECREATE
    raise BadResolution(
        f"a break {row.kind} can be accepted"
        + (", or the ERP's record entered again" if row.kind is BreakKind.MISSING_IN_CRM else "")
        + ": the bridge deletes nothing, and moves no keys"
    )


def _decided_value(
    session: Session, row: Break, field: Field, resolution: Resolution
) -> Value | None:
    sides = {Take.ERP: row.erp_value, Take.CRM: row.crm_value}
    text = sides.get(resolution.take, resolution.value)
    try:
        decided = decode_value(field, text or None)
    except (ValueError, InvalidOperation):
        raise BadResolution(f"{field.name}: {text!r} is no {field.kind.lower()}") from None
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


def _view(row: Break, record: Record) -> BreakView:
    return BreakView(
        id=row.id,
        key=key_of_row(record),
        salesforce_id=record.salesforce_id,
        record_type=row.record_type,
        kind=row.kind,
        field=row.field,
        erp=row.erp_value,
        crm=row.crm_value,
        detail=row.detail,
        cause=row.cause,
        evidence=row.evidence,
        amount=row.amount,
        currency=row.currency,
        assignee=row.assignee,
        status=row.status,
        resolution=row.resolution,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
