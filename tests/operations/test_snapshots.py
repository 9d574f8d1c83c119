"""An ERP tells the whole of something, and what it no longer has is concluded."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import Record, RecordType, System, key_of
from bridge.operations.admission import NotPermitted
from bridge.operations.audit import list_audit
from bridge.operations.credentials import Consumer
from bridge.operations.lookup import RecordState, get_record
from bridge.operations.rights import Rights
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshot_overview import NoReason, allow_snapshot, list_snapshots
from bridge.operations.snapshots import (
    BegunSnapshot,
    ClosedSnapshot,
    CurrencyTotal,
    SnapshotClosed,
    SnapshotDiffers,
    SnapshotExpired,
    SnapshotNotBelieved,
    SnapshotSuperseded,
    UnfitSnapshot,
    UnknownSnapshot,
    begin_snapshot,
    close_snapshot,
    join_snapshot,
)
from bridge.operations.submissions import MessageIdReused, Outcome, Receipt
from bridge.store.models import SnapshotMember, SnapshotStatus
from bridge.store.snapshots import expire_snapshots
from tests.builders import EARLY, credit_memo, crm_record, customer, invoice, payment
from tests.operations.test_submissions import rows, submit
from tests.storing import save_crm, save_erp, version_of

Sessions = sessionmaker[Session]
D = Decimal
ACCEPTED, UNCHANGED, REJECTED = Outcome
ERP, OTHER = Consumer("erp"), Consumer("other")
STRICT = SnapshotSettings()
LENIENT = SnapshotSettings(refuse_below_share=Decimal(0))


def at(hour: float) -> datetime:
    """So many hours after the records of a test were first sent."""
    return EARLY + timedelta(hours=hour)


BEGUN, CLOSED = at(2), at(3)


def begin(
    sessions: Sessions,
    record_type: RecordType = RecordType.INVOICE,
    company_code: str | None = "1000",
    *,
    as_of: datetime | None = None,
    now: datetime = BEGUN,
    consumer: Consumer = ERP,
) -> BegunSnapshot:
    return begin_snapshot(
        sessions,
        consumer=consumer,
        record_type=record_type,
        company_code=company_code,
        as_of=as_of or at(1),
        settings=STRICT,
        now=now,
    )


def close(
    sessions: Sessions,
    snapshot_id: str,
    count: int,
    *,
    now: datetime = CLOSED,
    consumer: Consumer = ERP,
    settings: SnapshotSettings = STRICT,
    **sums: str,
) -> ClosedSnapshot:
    totals = [CurrencyTotal(currency, D(amount)) for currency, amount in sums.items()]
    return close_snapshot(
        sessions,
        consumer=consumer,
        snapshot_id=snapshot_id,
        count=count,
        totals=totals,
        settings=settings,
        now=now,
    )


def tell(sessions: Sessions, snapshot_id: str, *records: Record, **changes: Any) -> Receipt:
    """Submits records in a snapshot."""
    plain: dict[str, Any] = {"message_id": f"in {snapshot_id}", "now": at(2.5)}
    return submit(sessions, *records, snapshot_id=snapshot_id, **(plain | changes))


def invoices(*numbers: str, **changes: Any) -> list[Record]:
    return [invoice(number=number, **changes) for number in numbers]


def gone(sessions: Sessions, records: Iterable[Record]) -> list[str]:
    """The numbers of those that the ERP no longer has."""
    with sessions() as session:
        versions = [(one.number, version_of(session, one, System.ERP)) for one in records]
        return [number for number, version in versions if version is not None and version.deleted]


def status(sessions: Sessions, snapshot_id: str) -> SnapshotStatus:
    (view,) = [one for one in list_snapshots(sessions) if one.snapshot_id == snapshot_id]
    return view.status


def test_what_a_snapshot_leaves_out_is_gone(sessions: Sessions) -> None:
    """Only that: members stay, whether changed or not, and so do other companies and types."""
    old = invoices("I1", "I2", "I3")
    others = [invoice(company_code="2000", number="I1"), payment(number="I1"), credit_memo()]
    submit(sessions, *old, now=EARLY)
    for one in others:
        submit(sessions, one, message_id=f"{one}"[:80], now=EARLY)
    snapshot_id = begin(sessions).snapshot_id
    receipt = tell(sessions, snapshot_id, invoice(number="I1"), invoice(number="I4"))
    assert [row[1] for row in rows(receipt)] == [UNCHANGED, ACCEPTED]
    closed = close(sessions, snapshot_id, 2, EUR="238.00")
    assert closed == ClosedSnapshot(snapshot_id, 2, 2, at(3), replayed=False)
    assert gone(sessions, [*old, invoice(number="I4"), *others]) == ["I2", "I3"]
    with sessions() as session:
        version = version_of(session, invoice(number="I2"), System.ERP)
        assert version is not None
        assert (version.modified_at, version.known_at) == (at(1), at(3))


def test_customers_are_counted_alone(sessions: Sessions) -> None:
    """They belong to no company and have no sum; a total is refused in clear words."""
    submit(sessions, customer(), customer(number="C2"))
    snapshot_id = begin(sessions, RecordType.CUSTOMER, None).snapshot_id
    tell(sessions, snapshot_id, customer(number="C2"))
    with pytest.raises(UnfitSnapshot, match="counted, not added up: leave Total out"):
        close(sessions, snapshot_id, 1, EUR="5000")
    assert close(sessions, snapshot_id, 1).gone == 1
    assert gone(sessions, [customer(), customer(number="C2")]) == ["C1"]


def test_totals_that_differ_conclude_nothing(sessions: Sessions) -> None:
    """Both sides' figures are told; the snapshot stays open for what was lost, and then closes."""
    submit(sessions, *invoices("I1", "I2", "I3"))
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, invoice(number="I1"))
    lost = invoice(number="I2", currency="USD")
    with pytest.raises(SnapshotDiffers) as caught:
        close(sessions, snapshot_id, 2, EUR="119", USD="119")
    assert str(caught.value) == (
        "Count is 2 in the ERP and 1 here; Total[USD] is 119 in the ERP and 0 here."
        " Nothing is concluded, and the snapshot stays open:"
        " submit what was lost and close it again"
    )
    assert gone(sessions, invoices("I1", "I2", "I3")) == []
    tell(sessions, snapshot_id, lost, message_id="again")
    assert close(sessions, snapshot_id, 2, EUR="119", USD="119").gone == 1


def test_many_differences_are_counted_in_the_message(sessions: Sessions) -> None:
    """It names a few; the error holds all."""
    snapshot_id = begin(sessions).snapshot_id
    with pytest.raises(SnapshotDiffers, match=r"Total\[B\] .* \(and 2 more\)\. Nothing") as caught:
        close(sessions, snapshot_id, 9, A="1", B="1", C="1", D="1")
    assert [one.figure for one in caught.value.differences[2:]] == [
        "Total[B]",
        "Total[C]",
        "Total[D]",
    ]


def test_rejected_records_are_members(sessions: Sessions) -> None:
    """They exist in the ERP: counted and summed as submitted, and never concluded gone."""
    old = invoices("I1", "I2", "I3")
    submit(sessions, *old)
    snapshot_id = begin(sessions).snapshot_id
    receipt = tell(
        sessions,
        snapshot_id,
        invoice(number="I1", currency="XYZ", gross_amount=D("1.2345")),
        invoice(number="I2", gross_amount=D(10) ** 18 - 1),
        invoice(number="I2", gross_amount=D(10) ** 18 - 2),
        invoice(number=" I4"),
    )
    assert [row[1:] for row in rows(receipt)] == [
        (REJECTED, "UNKNOWN_CURRENCY"),
        (REJECTED, "DUPLICATE_KEY"),
        (REJECTED, "BAD_KEY"),
    ]
    closed = close(sessions, snapshot_id, 3, XYZ="1.2345", EUR="1000000000000000117")
    assert (closed.members, closed.gone) == (3, 1)
    assert gone(sessions, old) == ["I3"]


def test_the_same_record_counts_once(sessions: Sessions) -> None:
    """In one submission or in several, as it was told last."""
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, *invoices("I1", "I1", "I2"))
    tell(sessions, snapshot_id, invoice(gross_amount=D("-0.01")), message_id="again")
    assert close(sessions, snapshot_id, 2, EUR="118.99").members == 2


def test_sums_are_exact_beyond_64_bits(sessions: Sessions) -> None:
    """Hundreds of the greatest amounts, positive and negative, to the last decimal."""
    greatest = D("99999999999999.99")
    snapshot_id = begin(sessions).snapshot_id
    many = [invoice(number=f"P{n}", gross_amount=greatest) for n in range(400)]
    debits = [invoice(number=f"N{n}", gross_amount=-greatest) for n in range(50)]
    tell(sessions, snapshot_id, *many, *debits, invoice(number="X", gross_amount=D("0.0003")))
    assert close(sessions, snapshot_id, 451, EUR=f"{greatest * 350 + D('0.0003')}").members == 451


@pytest.mark.parametrize(
    "stranger",
    [invoice(company_code="2000"), payment(), customer()],
    ids=["company", "type", "customer"],
)
def test_a_record_outside_the_snapshot_is_rejected(sessions: Sessions, stranger: Record) -> None:
    """By a code of its own; it is neither stored nor a member."""
    snapshot_id = begin(sessions).snapshot_id
    receipt = tell(sessions, snapshot_id, stranger)
    assert [row[1:] for row in rows(receipt)] == [(REJECTED, "OUTSIDE_SNAPSHOT")]
    assert receipt.results[0].message == (
        "the snapshot is of invoices of company 1000: submit this record without it"
    )
    with sessions() as session:
        assert version_of(session, stranger, System.ERP) is None
    assert close(sessions, snapshot_id, 0).members == 0


def test_a_stranger_does_not_sink_its_neighbours(sessions: Sessions) -> None:
    """Those that belong to the snapshot are stored and counted."""
    snapshot_id = begin(sessions).snapshot_id
    both = invoice(), invoice(company_code="2000")
    assert [row[1] for row in rows(tell(sessions, snapshot_id, *both))] == [ACCEPTED, REJECTED]
    assert close(sessions, snapshot_id, 1, EUR="119").members == 1


def test_what_was_submitted_since_is_left_alone(sessions: Sessions) -> None:
    """Outside the snapshot, after its instant: new, changed and unchanged alike."""
    old = invoices("I1", "I2", "I3")
    submit(sessions, *old, now=EARLY)
    unchanged, changed, new = invoice(number="I1"), invoice(number="I2", due_on=None), "I9"
    submit(sessions, unchanged, changed, invoice(number=new), message_id="m2", now=at(1.5))
    snapshot_id = begin(sessions, as_of=at(1), now=at(2)).snapshot_id
    tell(sessions, snapshot_id, invoice(number="I4"))
    assert close(sessions, snapshot_id, 1, EUR="119").gone == 1
    assert gone(sessions, invoices("I1", "I2", "I3", "I4", "I9")) == ["I3"]


def test_what_is_submitted_again_comes_back(sessions: Sessions) -> None:
    """And is news to the next comparison, though it is as it was."""
    submit(sessions, *invoices("I1", "I2"))
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, invoice(number="I1"))
    close(sessions, snapshot_id, 1, EUR="119")
    assert rows(submit(sessions, invoice(number="I2"), message_id="back", now=at(4))) == [
        ("I2", ACCEPTED, "CUSTOMER_UNKNOWN")
    ]
    assert gone(sessions, invoices("I1", "I2")) == []


def test_what_is_gone_is_told(sessions: Sessions) -> None:
    """Whoever asks for the record sees that the ERP no longer has it, and what it last was."""
    submit(sessions, invoice(), invoice(number="I2"))
    assert not get_record(sessions, key=key_of(invoice())).erp_deleted
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, invoice(number="I2"))
    close(sessions, snapshot_id, 1, EUR="119")
    view = get_record(sessions, key=key_of(invoice()))
    assert (view.erp_deleted, view.state, view.erp) == (True, RecordState.GONE, invoice())


def test_what_salesforce_says_is_not_touched(sessions: Sessions) -> None:
    """Only the ERP's versions are concluded gone."""
    with sessions.begin() as session:
        save_erp(session, customer())
        save_crm(session, crm_record(customer()))
    snapshot_id = begin(sessions, RecordType.CUSTOMER, None).snapshot_id
    tell(sessions, snapshot_id, customer(number="C2"))
    assert close(sessions, snapshot_id, 1).gone == 1
    with sessions() as session:
        seen = version_of(session, customer(), System.CRM)
        assert seen is not None
        assert not seen.deleted


# Who may, and when


@pytest.mark.parametrize(
    ("record_type", "company_code", "reason"),
    [
        (RecordType.CUSTOMER, "1000", "leave CompanyCode out"),
        (RecordType.INVOICE, None, "give its CompanyCode"),
        (RecordType.PAYMENT, "", "give its CompanyCode"),
    ],
)
def test_a_scope_that_is_none_is_refused(
    sessions: Sessions, record_type: RecordType, company_code: str | None, reason: str
) -> None:
    """Documents have a company, customers have none."""
    with pytest.raises(UnfitSnapshot, match=reason):
        begin(sessions, record_type, company_code)


def test_an_instant_in_the_future_is_refused(sessions: Sessions) -> None:
    """But for what clocks may differ, which counts as now."""
    with pytest.raises(UnfitSnapshot, match="lies in the future"):
        begin(sessions, as_of=at(2) + timedelta(seconds=301), now=at(2))
    begin(sessions, as_of=at(2) + timedelta(seconds=300), now=at(2))
    (view,) = list_snapshots(sessions)
    assert view.as_of == at(2)


def test_a_currency_that_stands_twice_is_refused(sessions: Sessions) -> None:
    """Which of both sums is meant, nobody can tell."""
    snapshot_id = begin(sessions).snapshot_id
    with pytest.raises(UnfitSnapshot, match="Total stands twice for EUR"):
        close_snapshot(
            sessions,
            consumer=ERP,
            snapshot_id=snapshot_id,
            count=0,
            totals=[CurrencyTotal("EUR", D(1)), CurrencyTotal("EUR", D(-1))],
            settings=STRICT,
            now=at(3),
        )


def test_unknown_and_foreign_snapshots_are_the_same(sessions: Sessions) -> None:
    """Another consumer's snapshot is unknown, to submissions and to closing."""
    theirs = begin(sessions, consumer=OTHER).snapshot_id
    for snapshot_id in (theirs, "nonsense", ""):
        with pytest.raises(UnknownSnapshot, match="you have no snapshot"):
            tell(sessions, snapshot_id, invoice())
        with pytest.raises(UnknownSnapshot, match="you have no snapshot"):
            close(sessions, snapshot_id, 0)
    assert status(sessions, theirs) is SnapshotStatus.OPEN


def test_a_refused_submission_leaves_its_message_id_free(sessions: Sessions) -> None:
    """Nothing of it is stored, so it may be sent again in a snapshot that is open."""
    with pytest.raises(UnknownSnapshot):
        tell(sessions, "nonsense", invoice(), message_id="m1")
    snapshot_id = begin(sessions).snapshot_id
    assert not tell(sessions, snapshot_id, invoice(), message_id="m1").replayed


def test_beginning_anew_supersedes(sessions: Sessions) -> None:
    """The older one of the same consumer, type and company takes no more; others stay open."""
    first = begin(sessions).snapshot_id
    others = [
        begin(sessions, consumer=OTHER).snapshot_id,
        begin(sessions, company_code="2000").snapshot_id,
        begin(sessions, RecordType.PAYMENT).snapshot_id,
    ]
    tell(sessions, first, invoice(number="I7"))
    second = begin(sessions, now=at(4))
    assert second.superseded == first
    for refused in (
        lambda: tell(sessions, first, invoice(), message_id="m2"),
        lambda: close(sessions, first, 1),
    ):
        with pytest.raises(
            SnapshotSuperseded, match=r"gave way on 2026-03-01 12:00:00Z to a newer"
        ):
            refused()
    assert {status(sessions, one) for one in others} == {SnapshotStatus.OPEN}
    assert members(sessions) == 0
    assert close(sessions, second.snapshot_id, 0).members == 0


def test_an_abandoned_snapshot_expires(sessions: Sessions) -> None:
    """Its members are forgotten, and whoever comes back is told to begin anew."""
    old, young = begin(sessions).snapshot_id, begin(sessions, company_code="2", now=at(9))
    tell(sessions, old, invoice())
    with sessions.begin() as session:
        assert expire_snapshots(session, begun_before=at(9), now=at(10)) == 1
    with pytest.raises(SnapshotExpired, match="was left open and expired on"):
        close(sessions, old, 1, EUR="119")
    assert status(sessions, young.snapshot_id) is SnapshotStatus.OPEN
    assert members(sessions) == 0


def test_closing_again_gives_the_same_answer(sessions: Sessions) -> None:
    """With the same totals, however they are written; others are refused, and so are records."""
    submit(sessions, *invoices("I1", "I2"))
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, invoice(number="I1"))
    first = close(sessions, snapshot_id, 1, EUR="119.00", JPY="0")
    submit(sessions, invoice(number="I2"), message_id="back", now=at(4))
    again = close(sessions, snapshot_id, 1, EUR="119", now=at(5))
    assert again == ClosedSnapshot(snapshot_id, 1, 1, at(3), replayed=True)
    assert first == ClosedSnapshot(snapshot_id, 1, 1, at(3), replayed=False)
    assert gone(sessions, invoices("I1", "I2")) == []
    for refused in (
        lambda: close(sessions, snapshot_id, 2, EUR="119"),
        lambda: close(sessions, snapshot_id, 1, EUR="120"),
        lambda: tell(sessions, snapshot_id, invoice(number="I3"), message_id="late"),
    ):
        with pytest.raises(SnapshotClosed, match="was closed on 2026-03-01 11:00:00Z"):
            refused()
    assert members(sessions) == 0


def test_a_submission_of_a_closed_snapshot_is_replayed(sessions: Sessions) -> None:
    """Its receipt is given again: a caller that timed out need not know that it went on."""
    snapshot_id = begin(sessions).snapshot_id
    first = tell(sessions, snapshot_id, invoice())
    close(sessions, snapshot_id, 1, EUR="119")
    assert tell(sessions, snapshot_id, invoice()).results == first.results
    with pytest.raises(MessageIdReused):
        submit(sessions, invoice(), message_id=f"in {snapshot_id}")


@pytest.mark.parametrize(
    "rights",
    [
        Rights(company_codes=frozenset({"2000"})),
        Rights(record_types=frozenset({RecordType.CUSTOMER, RecordType.PAYMENT})),
    ],
    ids=["company", "type"],
)
def test_rights_restrict_snapshots(sessions: Sessions, rights: Rights) -> None:
    """Whoever may not submit something may not tell the whole of it either, nor go on with it."""
    restricted = Consumer("erp", rights)
    with pytest.raises(NotPermitted):
        begin(sessions, consumer=restricted)
    snapshot_id = begin(sessions).snapshot_id
    with pytest.raises(NotPermitted):
        close(sessions, snapshot_id, 0, consumer=restricted)
    with sessions() as session, pytest.raises(NotPermitted):
        join_snapshot(session, consumer=restricted, snapshot_id=snapshot_id)
    begin(sessions, RecordType.PAYMENT, "2000", consumer=restricted)
    begin(sessions, RecordType.CUSTOMER, None, consumer=restricted)


# What is not believed


def send(sessions: Sessions, count: int) -> list[Record]:
    many = invoices(*(f"I{n}" for n in range(count)))
    submit(sessions, *many, message_id="all of them", now=EARLY)
    return many


def test_a_snapshot_that_leaves_out_too_much_is_not_believed(sessions: Sessions) -> None:
    """Its totals agree, but it looks like a wrong selection; a person may allow it."""
    many = send(sessions, 100)
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, *many[:79])
    with pytest.raises(SnapshotNotBelieved) as caught:
        close(sessions, snapshot_id, 79, EUR="9401")
    assert "21 of the 100 invoices of company 1000" in str(caught.value)
    assert f"`erp-bridge snapshots allow {snapshot_id} --reason …`" in str(caught.value)
    assert gone(sessions, many) == []
    with pytest.raises(NoReason, match="say why it is right"):
        allow_snapshot(sessions, snapshot_id=snapshot_id, by="ann", reason=" ", now=at(3))
    allow_snapshot(sessions, snapshot_id=snapshot_id, by="ann", reason="archived", now=at(3))
    assert close(sessions, snapshot_id, 79, EUR="9401").gone == 21
    closing, allowing = list_audit(sessions)
    assert (allowing.actor, allowing.action, allowing.detail) == ("ann", "allow", "archived")
    assert allowing.subject == f"snapshot {snapshot_id}"
    assert (closing.actor, closing.subject) == ("erp", "invoices of company 1000")
    assert json.loads(closing.detail) == {
        "snapshot": snapshot_id,
        "members": 79,
        "gone": 21,
        "totals": {"EUR": "9401"},
    }


def test_an_empty_snapshot_is_not_believed(sessions: Sessions) -> None:
    """However few records the ERP had sent, and whatever share the settings allow."""
    send(sessions, 1)
    snapshot_id = begin(sessions).snapshot_id
    with pytest.raises(SnapshotNotBelieved, match="1 of the 1 invoices"):
        close(sessions, snapshot_id, 0, settings=LENIENT)


def test_a_share_that_the_settings_allow_is_believed(sessions: Sessions) -> None:
    """And so is any share of a few records."""
    many = send(sessions, 20)
    snapshot_id = begin(sessions).snapshot_id
    tell(sessions, snapshot_id, many[0])
    with pytest.raises(SnapshotNotBelieved):
        close(sessions, snapshot_id, 1, EUR="119")
    assert close(sessions, snapshot_id, 1, EUR="119", settings=LENIENT).gone == 19
    again = begin(sessions, as_of=at(4), now=at(5)).snapshot_id
    tell(sessions, again, invoice(number="new"), message_id="new", now=at(6))
    assert close(sessions, again, 1, EUR="119", now=at(7)).gone == 1


def test_only_an_open_snapshot_can_be_allowed(sessions: Sessions) -> None:
    """There is nothing to allow in one that has ended, or never was."""
    snapshot_id = begin(sessions).snapshot_id
    close(sessions, snapshot_id, 0)
    for one in (snapshot_id, "nonsense"):
        with pytest.raises(UnknownSnapshot, match=f"there is no open snapshot {one}"):
            allow_snapshot(sessions, snapshot_id=one, by="ann", reason="archived", now=at(4))


def test_snapshots_are_listed(sessions: Sessions) -> None:
    """The newest first: whose and of what, how many members, and what came of it."""
    first = begin(sessions).snapshot_id
    tell(sessions, first, invoice(number="I1"), invoice(number="I2"))
    close(sessions, first, 2, EUR="238")
    second = begin(sessions, RecordType.CUSTOMER, None, consumer=OTHER, now=at(5)).snapshot_id
    tell(sessions, second, customer(), consumer="other")
    newer, older = list_snapshots(sessions)
    assert (newer.snapshot_id, newer.consumer, str(newer.scope)) == (second, "other", "customers")
    assert (newer.status, newer.members, newer.gone) == (SnapshotStatus.OPEN, 1, None)
    assert (older.status, older.members, older.gone) == (SnapshotStatus.CLOSED, 2, 0)
    assert (older.begun_at, older.ended_at, older.totals) == (at(2), at(3), {"EUR": D(238)})
    assert list_snapshots(sessions, limit=1) == [newer]


def members(sessions: Sessions) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(SnapshotMember)) or 0
