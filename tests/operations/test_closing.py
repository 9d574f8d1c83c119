"""People close breaks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge import BridgeError
from bridge.domain.causes import Assessment, Cause
from bridge.domain.decisions import Break, BreakKind
from bridge.domain.periods import ClosedPeriods
from bridge.domain.records import Record, RecordType, record_type_of
from bridge.domain.rulings import Verdict
from bridge.operations.audit import list_audit, verify_audit
from bridge.operations.breaks import UnknownBreak, get_break, list_breaks
from bridge.operations.closing import (
    BadResolution,
    BreakClosed,
    Resolution,
    Take,
    approve_break,
    assign_break,
    comment_break,
    reopen_break,
    resolve_break,
)
from bridge.operations.people import UnknownPerson
from bridge.operations.settings import BreakSettings
from bridge.store.breaks import Finding, record_breaks
from bridge.store.models import BreakResolution, BreakStatus
from bridge.store.rulings import rulings_of
from tests.builders import EARLY, customer, invoice
from tests.storing import new_run, save_erp

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(days=2)
TEAM = BreakSettings(people=("anna", "ben"), approve_from={"EUR": Decimal(100)})
PHONE = Break(BreakKind.CONFLICT, "changed in both systems", "phone", "1", "2")
LOST = Break(BreakKind.MISSING_IN_CRM, "deleted in Salesforce, still in the ERP")
GROSS = Break(BreakKind.CONFLICT, "changed", "gross_amount", Decimal("119"), Decimal("19"))
WORTH = Assessment(Cause.UNKNOWN, "", Decimal("100.00"), "EUR")


def broken(sessions: Sessions, found: Break, of: Record | None = None, **of_it: Any) -> int:
    """A run finds this break in a record; its id."""
    record = of or customer()
    with sessions.begin() as session:
        (record_id,) = save_erp(session, record)
        record_breaks(
            session,
            record_type=record_type_of(record),
            found=[Finding(record_id, found, **of_it)],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
    return list_breaks(sessions)[-1].id


def resolve(sessions: Sessions, break_id: int, take: Take, **options: Any) -> bool:
    """Anna decides."""
    value = options.pop("value", None)
    reason = options.pop("reason", "asked the customer")
    common: dict[str, Any] = {"by": "anna", "settings": TEAM, "now": LATER}
    how = Resolution(take, reason, value)
    return resolve_break(sessions, break_id=break_id, resolution=how, **common | options)


@pytest.mark.parametrize(
    ("take", "value", "decided"),
    [
        (Take.ERP, None, "1"),
        (Take.CRM, None, "2"),
        (Take.VALUE, "+49 30 99", "+49 30 99"),
        (Take.VALUE, "", None),
    ],
)
def test_a_conflict_is_decided(
    sessions: Sessions, take: Take, value: str | None, decided: str | None
) -> None:
    """The break is closed under a name, and the decision is kept for the next run."""
    break_id = broken(sessions, PHONE)
    assert resolve(sessions, break_id, take, value=value)
    (closed,) = list_breaks(sessions, closed=True)
    assert (closed.status, closed.resolution) == (
        BreakStatus.RESOLVED,
        BreakResolution.CORRECTED,
    )
    assert (closed.closed_by, closed.closed_at) == ("anna", LATER)
    with sessions() as session:
        ((ruling,),) = rulings_of(session, range(1, 10)).values()
    assert (ruling.verdict, ruling.value, ruling.by) == (Verdict.SET, decided, "anna")
    assert (ruling.erp, ruling.crm) == ("1", "2")


def test_a_small_difference_is_accepted(sessions: Sessions) -> None:
    """One person is enough; the reason is kept."""
    small = Assessment(Cause.ROUNDING, "", Decimal("-99.99"), "EUR")
    break_id = broken(sessions, GROSS, invoice(), assessment=small)
    assert resolve(sessions, break_id, Take.NEITHER, reason="rounded by line")
    history = get_break(sessions, break_id=break_id)
    assert history.found.resolution is BreakResolution.ACCEPTED
    assert [(note.author, note.text) for note in history.notes] == [
        ("anna", "accepted: rounded by line")
    ]


def test_a_great_difference_takes_two(sessions: Sessions) -> None:
    """It stays open until another person agrees."""
    break_id = broken(sessions, GROSS, invoice(), assessment=WORTH)
    assert not resolve(sessions, break_id, Take.NEITHER)
    waiting = get_break(sessions, break_id=break_id)
    assert (waiting.found.status, waiting.awaiting_approval_of) == (BreakStatus.OPEN, "anna")
    with sessions() as session:
        assert rulings_of(session, range(1, 10)) == {}
    common: dict[str, Any] = {"break_id": break_id, "settings": TEAM, "now": LATER}
    with pytest.raises(BadResolution, match="has to be another"):
        approve_break(sessions, by="anna", **common)
    approve_break(sessions, by="ben", **common)
    closed = get_break(sessions, break_id=break_id)
    assert (closed.found.closed_by, closed.awaiting_approval_of) == ("anna", None)
    assert closed.notes[-1].text == "approved"
    with sessions() as session:
        assert len(rulings_of(session, range(1, 10))) == 1


@pytest.mark.parametrize(
    ("first", "then", "worth"),
    [
        (GROSS, replace(GROSS, crm=Decimal(1)), "100"),
        (LOST, LOST, "1000"),
    ],
)
def test_approval_of_what_has_changed(
    sessions: Sessions, first: Break, then: Break, worth: str
) -> None:
    """The second person agrees to what the first one saw, or to nothing."""
    break_id = broken(sessions, first, invoice(), assessment=WORTH)
    resolve(sessions, break_id, Take.NEITHER)
    broken(sessions, then, invoice(), assessment=replace(WORTH, amount=Decimal(worth)))
    with pytest.raises(BadResolution, match="changed since"):
        approve_break(sessions, break_id=break_id, by="ben", settings=TEAM, now=LATER)


def test_correcting_a_great_difference_takes_one(sessions: Sessions) -> None:
    """Afterwards both sides are equal: there is nothing to approve."""
    assert resolve(sessions, broken(sessions, GROSS, invoice(), assessment=WORTH), Take.ERP)


def test_what_was_deleted_is_entered_again(sessions: Sessions) -> None:
    """The ERP's record goes to Salesforce once more."""
    assert resolve(sessions, broken(sessions, LOST), Take.ERP)
    with sessions() as session:
        ((ruling,),) = rulings_of(session, range(1, 10)).values()
    assert ruling.verdict is Verdict.RECREATE


@pytest.mark.parametrize("found", [GROSS, LOST])
def test_nothing_is_corrected_in_a_closed_period(sessions: Sessions, found: Break) -> None:
    """The message says what can be done; the break stays open. Accepting changes no document."""
    break_id = broken(sessions, found, invoice())
    closed = ClosedPeriods({"1000": invoice().issued_on})
    with pytest.raises(BadResolution, match=r"INVOICE 1000/I1 lies in a period .* 2026-01-31: acc"):
        resolve(sessions, break_id, Take.ERP, closed=closed)
    assert [one.id for one in list_breaks(sessions)] == [break_id]
    assert resolve(sessions, break_id, Take.NEITHER, closed=closed)


def test_a_decision_is_taken_back(sessions: Sessions) -> None:
    """The next run finds the difference again."""
    break_id = broken(sessions, PHONE)
    resolve(sessions, break_id, Take.NEITHER)
    common: dict[str, Any] = {"by": "ben", "reason": "no", "settings": TEAM, "now": LATER}
    reopen_break(sessions, break_id=break_id, **common)
    with sessions() as session:
        assert rulings_of(session, range(1, 10)) == {}
    with pytest.raises(BadResolution, match="no decision"):
        reopen_break(sessions, break_id=break_id, **common)


def test_a_reopened_break_is_open(sessions: Sessions) -> None:
    """It says nothing of a decision any more, and a run that finds it again freshens it."""
    break_id = broken(sessions, PHONE)
    resolve(sessions, break_id, Take.ERP)
    common: dict[str, Any] = {"by": "ben", "settings": TEAM, "now": LATER}
    with pytest.raises(BadResolution, match="has a reason"):
        reopen_break(sessions, break_id=break_id, reason=" ", **common)
    reopen_break(sessions, break_id=break_id, reason="no", **common)
    (found,) = list_breaks(sessions)
    assert (found.id, found.status, found.resolution) == (break_id, BreakStatus.OPEN, None)
    assert (found.closed_at, found.closed_by) == (None, None)
    assert broken(sessions, PHONE) == break_id


def test_a_break_that_is_open_anew_stays_the_only_one(sessions: Sessions) -> None:
    """A run has opened another one of the same field meanwhile: the old one stays closed."""
    old = broken(sessions, PHONE)
    resolve(sessions, old, Take.ERP)
    new = broken(sessions, PHONE)
    assert new != old
    reopen_break(sessions, break_id=old, reason="no", by="ben", settings=TEAM, now=LATER)
    assert [one.id for one in list_breaks(sessions)] == [new]


@pytest.mark.parametrize("same", ["ANNA", " anna ", "Ａｎｎａ"])
def test_a_second_person_is_another_however_the_name_is_written(
    sessions: Sessions, same: str
) -> None:
    """Case, blanks and width make nobody a second person."""
    break_id = broken(sessions, GROSS, of=invoice(), assessment=WORTH)
    resolve(sessions, break_id, Take.NEITHER)
    common: dict[str, Any] = {"break_id": break_id, "settings": TEAM, "now": LATER}
    with pytest.raises(BadResolution, match="anna accepted it"):
        approve_break(sessions, by=same, **common)
    approve_break(sessions, by="BEN", **common)
    assert get_break(sessions, break_id=break_id).notes[-1].author == "ben"


def test_a_break_has_an_owner_and_a_story(sessions: Sessions) -> None:
    """Who has it, and what was said, in order."""
    break_id = broken(sessions, PHONE)
    common: dict[str, Any] = {"break_id": break_id, "settings": TEAM, "now": LATER}
    assign_break(sessions, assignee="ben", by="anna", **common)
    comment_break(sessions, text="called them", by="ben", **common)
    assert [one.id for one in list_breaks(sessions, assignee="ben")] == [break_id]
    assign_break(sessions, assignee=None, by="ben", **common)
    assert list_breaks(sessions, assignee="ben") == []
    assert [note.text for note in get_break(sessions, break_id=break_id).notes] == [
        "assigned to ben",
        "called them",
        "assigned to nobody",
    ]


def test_what_people_do_is_in_the_audit_trail(sessions: Sessions) -> None:
    """Who did what to which break, in a chain."""
    break_id = broken(sessions, PHONE)
    resolve(sessions, break_id, Take.ERP)
    (entry,) = list_audit(sessions)
    assert (entry.actor, entry.action, entry.at) == ("anna", "break", LATER)
    assert entry.subject == f"{break_id} (CUSTOMER CONFLICT phone)"
    assert entry.detail == "the ERP is right: asked the customer"
    assert verify_audit(sessions).problems == ()


def test_breaks_are_found_by_what_they_are(sessions: Sessions) -> None:
    """Type, kind, cause and limit."""
    broken(sessions, PHONE)
    broken(sessions, GROSS, invoice(), assessment=WORTH)
    assert len(list_breaks(sessions, record_type=RecordType.INVOICE)) == 1
    assert len(list_breaks(sessions, kind=BreakKind.CONFLICT)) == 2
    assert len(list_breaks(sessions, cause=Cause.KEYING)) == 0
    assert len(list_breaks(sessions, kind=BreakKind.CONFLICT, limit=1)) == 1


BAD: list[tuple[Break, Take, dict[str, Any], type[BridgeError], str]] = [
    (PHONE, Take.ERP, {"by": "mallory"}, UnknownPerson, "none of .* anna, ben"),
    (PHONE, Take.ERP, {"reason": " "}, BadResolution, "has a reason"),
    (PHONE, Take.VALUE, {"value": "1" * 41}, BadResolution, "at most 40"),
    (LOST, Take.CRM, {}, BadResolution, "deletes nothing"),
    (LOST, Take.VALUE, {"value": "x"}, BadResolution, "deletes nothing"),
]


@pytest.mark.parametrize(("found", "take", "options", "error", "match"), BAD)
def test_bad_decisions(
    sessions: Sessions,
    found: Break,
    take: Take,
    options: dict[str, Any],
    error: type[BridgeError],
    match: str,
) -> None:
    """A clear error, and nothing is changed."""
    break_id = broken(sessions, found)
    with pytest.raises(error, match=match):
        resolve(sessions, break_id, take, **options)
    history = get_break(sessions, break_id=break_id)
    assert (history.found.status, history.notes) == (BreakStatus.OPEN, ())


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ("1,50", "is no money"),
        ("1.005", "finer than EUR"),
        ("", "is required"),
        ("1e400", "is no money"),
        ("NaN", "is no money"),
        ("1_000", "is no money"),
        ("119\n", "is no money"),
        ("١", "is no money"),
        ("-119", "negative, and neither side is"),
        ("9" * 30, "digits"),
    ],
)
def test_bad_amounts(sessions: Sessions, value: str, match: str) -> None:
    """A value that does not fit the field is refused."""
    break_id = broken(sessions, GROSS, invoice(), assessment=WORTH)
    with pytest.raises(BridgeError, match=match):
        resolve(sessions, break_id, Take.VALUE, value=value)


def test_what_is_closed_or_gone(sessions: Sessions) -> None:
    """It cannot be closed, given away or approved again; the error says who closed it."""
    break_id = broken(sessions, PHONE)
    resolve(sessions, break_id, Take.ERP)
    common: dict[str, Any] = {"by": "ben", "settings": TEAM, "now": LATER}
    deeds: list[Callable[[], object]] = [
        lambda: resolve(sessions, break_id, Take.CRM),
        lambda: assign_break(sessions, break_id=break_id, assignee="ben", **common),
        lambda: approve_break(sessions, break_id=break_id, **common),
    ]
    for deed in deeds:
        with pytest.raises(BreakClosed, match="closed by anna"):
            deed()
    with pytest.raises(UnknownBreak, match="no break 999"):
        comment_break(sessions, break_id=999, text="?", **common)


def test_two_decide_at_once(sessions: Sessions) -> None:
    """One of them; the others are told."""
    break_id = broken(sessions, PHONE)
    barrier, outcomes = Barrier(4), []

    def decide() -> None:
        barrier.wait()
        try:
            outcomes.append(resolve(sessions, break_id, Take.ERP))
        except BreakClosed:
            outcomes.append(False)

    threads = [Thread(target=decide) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    assert len(get_break(sessions, break_id=break_id).notes) == 1
