"""What a delivered correction changes here."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.decisions import Correction
from bridge.domain.records import Record, RecordType, System, key_of
from bridge.store import models
from bridge.store.deliveries import Accepted, apply_accepted, linked_elsewhere
from bridge.store.outbox import StagedCorrection
from tests.builders import EARLY, crm_record, crm_values, customer, salesforce_id
from tests.storing import (
    row_of,
    save,
    save_crm,
    save_erp,
    values_in,
    version_of,
    wish,
)

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)


def staged(
    session: Session, correction: Correction, record: Record | None = None
) -> StagedCorrection:
    """The correction as the outbox gives it to whoever delivers it."""
    row = row_of(session, record or customer())
    return StagedCorrection(
        id=1,
        record_id=row.id,
        key=key_of(record or customer()),
        salesforce_id=row.salesforce_id,
        target=correction.target,
        fields=correction.fields,
        attempts=0,
        staged_at=EARLY,
    )


def accept(session: Session, *accepted: Accepted, now: datetime = LATER) -> None:
    apply_accepted(session, record_type=RecordType.CUSTOMER, accepted=accepted, now=now)


def agree_on(session: Session, record: Record) -> None:
    """Both systems hold the record, and have agreed on all of it."""
    save_erp(session, record)
    save_crm(session, crm_record(record))
    save(session, System.AGREED, key_of(record), crm_values(record))


def test_what_salesforce_accepted_is_agreed(sessions: Sessions) -> None:
    """AGREED and the CRM's version take the value; the ERP's version has it already."""
    with sessions.begin() as session:
        agree_on(session, customer())
        save_erp(session, customer(phone="2"))
        correction = staged(session, wish(phone="2"))
        accept(session, Accepted(correction, correction.salesforce_id, created=False))
    with sessions() as session:
        for system in (System.CRM, System.AGREED):
            assert values_in(session, customer(), system) == crm_values(customer(), phone="2")
            version = version_of(session, customer(), system)
            assert version is not None
            assert (version.modified_at, version.known_at) == (EARLY, LATER)


def test_what_the_erp_accepted_is_agreed(sessions: Sessions) -> None:
    """AGREED and the ERP's version take the value, amounts beside the content included."""
    with sessions.begin() as session:
        agree_on(session, customer())
        save_crm(session, crm_record(customer()), read_at=LATER)
        correction = wish(
            System.ERP, old={"credit_limit": Decimal(5000)}, credit_limit=Decimal("7.5")
        )
        accept(session, Accepted(staged(session, correction)))
    with sessions() as session:
        erp = version_of(session, customer(), System.ERP)
        agreed = version_of(session, customer(), System.AGREED)
        assert erp is not None
        assert agreed is not None
        assert (erp.amount, agreed.amount) == (Decimal("7.5"), Decimal("7.5"))
        assert (values_in(session, customer(), System.ERP) or {})["name"] == customer().name
        crm = version_of(session, customer(), System.CRM)
        assert crm is not None
        assert crm.amount == Decimal(5000)


@pytest.mark.parametrize(
    ("submitted", "holds"), [("1", "1"), ("2", "1"), ("3", "3")], ids=["last", "first", "other"]
)
def test_changes_there_and_back_leave_what_was_there(
    sessions: Sessions, submitted: str, holds: str
) -> None:
    """An ERP that made both holds the last one, unless it submitted a word of its own since."""
    with sessions.begin() as session:
        agree_on(session, customer(phone="1"))
        there = wish(System.ERP, old={"phone": "1"}, phone="2")
        back = wish(System.ERP, old={"phone": "2"}, phone="1")
        save_erp(session, customer(phone=submitted))
        accept(session, *(Accepted(staged(session, one)) for one in (there, back)))
    with sessions() as session:
        assert (values_in(session, customer(), System.ERP) or {})["phone"] == holds
        assert (values_in(session, customer(), System.AGREED) or {})["phone"] == "1"


def test_an_acknowledgement_brings_nothing_back(sessions: Sessions) -> None:
    """An ERP acknowledges by sequence: what it no longer has stays gone until it is submitted."""
    with sessions.begin() as session:
        agree_on(session, customer())
        correction = staged(session, wish(System.ERP, old={"phone": customer().phone}, phone="2"))
        save_erp(session, customer(), deleted=True)
        accept(session, Accepted(correction))
    with sessions() as session:
        version = version_of(session, customer(), System.ERP)
        assert version is not None
        assert version.deleted


def test_a_created_record_is_linked_and_whole(sessions: Sessions) -> None:
    """Salesforce's id is kept; what was not sent is empty there, not unknown."""
    new_id = salesforce_id()
    with sessions.begin() as session:
        save_erp(session, customer())
        correction = staged(session, wish(number="C1", name="Muster GmbH"))
        accept(session, Accepted(correction, new_id, created=True))
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == new_id
        expected = dict.fromkeys(crm_values(customer())) | {"number": "C1", "name": "Muster GmbH"}
        assert values_in(session, customer(), System.CRM) == expected
        assert values_in(session, customer(), System.AGREED) == expected
        crm = version_of(session, customer(), System.CRM)
        assert crm is not None
        assert (crm.crm_key, crm.deleted) == ("C1", False)


def test_a_record_that_was_there_unseen_is_linked(sessions: Sessions) -> None:
    """An upsert that found a record tells what was set; the rest is unknown until it is read."""
    with sessions.begin() as session:
        save_erp(session, customer())
        found = Accepted(staged(session, wish(name="Muster GmbH")), salesforce_id(), created=False)
        accept(session, found)
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == found.salesforce_id
        assert values_in(session, customer(), System.CRM) == {"name": "Muster GmbH"}
        assert values_in(session, customer(), System.AGREED) == {"name": "Muster GmbH"}
        crm = version_of(session, customer(), System.CRM)
        assert crm is not None
        assert crm.partial
        accept(session, Accepted(staged(session, wish(phone="2")), found.salesforce_id))
        assert crm.partial
        save_crm(session, crm_record(customer(), salesforce_id=found.salesforce_id), read_at=LATER)
        session.refresh(crm)
        assert not crm.partial


def test_a_recreated_record_has_agreed_on_nothing(sessions: Sessions) -> None:
    """A change that met a deleted record made a new one: the next run meets it as new."""
    with sessions.begin() as session:
        agree_on(session, customer())
        new_id = salesforce_id()
        accept(session, Accepted(staged(session, wish(phone="2")), new_id, created=True))
    with sessions() as session:
        assert row_of(session, customer()).salesforce_id == new_id
        assert version_of(session, customer(), System.AGREED) is None
        expected = dict.fromkeys(crm_values(customer())) | {"phone": "2"}
        assert values_in(session, customer(), System.CRM) == expected


def test_a_stranger_of_that_id_gives_way(sessions: Sessions) -> None:
    """The upsert met an Account that got its key since it was read: the link goes to the key."""
    with sessions.begin() as session:
        stranger = crm_record(customer(), erp_key=None)
        save_crm(session, stranger)
        save_erp(session, customer())
        correction = staged(session, wish(name="Muster GmbH"))
        accept(session, Accepted(correction, stranger.salesforce_id, created=False))
    with sessions() as session:
        (row,) = session.scalars(select(models.Record))
        assert (row.number, row.salesforce_id) == ("C1", stranger.salesforce_id)


def test_a_record_that_belongs_to_another_key_is_told(sessions: Sessions) -> None:
    """Somebody gave C1's External ID away: what was accepted there is not C2's."""
    with sessions.begin() as session:
        first = crm_record(customer())
        save_crm(session, first)
        save_erp(session, customer(number="C2"))
        met = staged(session, wish(name="Two"), customer(number="C2"))
        own = staged(session, wish(name="One"))
        free = Accepted(met, salesforce_id(), created=True)
        assert linked_elsewhere(session, [Accepted(met, first.salesforce_id)]) == {
            1: key_of(customer())
        }
        assert linked_elsewhere(session, [Accepted(own, first.salesforce_id), free]) == {}
        assert linked_elsewhere(session, []) == {}


def test_changes_of_one_record_follow_each_other(sessions: Sessions) -> None:
    """Two changes of one record, acknowledged together, both take effect, in their order."""
    with sessions.begin() as session:
        agree_on(session, customer(phone="1", website=None))
        first = wish(System.ERP, old={"phone": "1"}, phone="2", website="https://old.example")
        second = wish(System.ERP, old={"website": None}, website="https://new.example")
        accept(session, *(Accepted(staged(session, one)) for one in (first, second)))
        for system in (System.ERP, System.AGREED):
            values = values_in(session, customer(), system) or {}
            assert (values["phone"], values["website"]) == ("2", "https://new.example")


@pytest.mark.parametrize(("submitted", "held"), [("1", "2"), ("2", "2"), ("3", "3"), (None, None)])
def test_what_the_erp_submitted_since_stays(
    sessions: Sessions, submitted: str | None, held: str | None
) -> None:
    """The ERP was told 1 → 2, changed it once more, submitted that, and then acknowledged.

    What it submitted last is what it holds; only a value as it was before the change says that the
    submission was made before.
    """
    with sessions.begin() as session:
        agree_on(session, customer(phone="1"))
        change = staged(session, wish(System.ERP, old={"phone": "1"}, phone="2"))
        save_erp(session, customer(phone=submitted), at=LATER)
        accept(session, Accepted(change), now=LATER + timedelta(minutes=1))
        assert (values_in(session, customer(), System.ERP) or {})["phone"] == held
        assert (values_in(session, customer(), System.AGREED) or {})["phone"] == "2"


def test_many_at_once(sessions: Sessions) -> None:
    """More records than one statement names are patched, each with its own values."""
    with sessions.begin() as session:
        records = [customer(number=f"N{number}") for number in range(1_100)]
        save_crm(session, *map(crm_record, records))
        save_erp(session, *records)
        accepted = [
            Accepted(staged(session, wish(phone=one.number), one), salesforce_id(), created=True)
            for one in records[::50]
        ]
        accept(session, *accepted)
        assert (values_in(session, records[50], System.CRM) or {})["phone"] == "N50"


def test_nothing_accepted_changes_nothing(sessions: Sessions) -> None:
    """An empty batch is fine."""
    with sessions.begin() as session:
        agree_on(session, customer())
        before = session.execute(select(models.Version.__table__)).all()
        accept(session)
        assert session.execute(select(models.Version.__table__)).all() == before


def test_a_submission_is_not_lost_beside_an_acknowledgement(sessions: Sessions) -> None:
    """The ERP submits a record while it acknowledges a change of it: both take effect."""
    with sessions.begin() as session:
        agree_on(session, customer(phone="1"))
        change = staged(session, wish(System.ERP, old={"phone": "1"}, phone="2"))

    def acknowledge() -> None:
        with sessions.begin() as session:
            accept(session, Accepted(change))

    with ThreadPoolExecutor(1) as pool:
        with sessions.begin() as session:
            save_erp(session, customer(phone="1", name="Renamed"), at=LATER)
            acknowledged = pool.submit(acknowledge)
            time.sleep(0.3)
        acknowledged.result()
    with sessions() as session:
        values = values_in(session, customer(), System.ERP) or {}
        assert (values["name"], values["phone"]) == ("Renamed", "2")
