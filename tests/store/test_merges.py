"""Merges in Salesforce, as the store follows them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.crm import CrmRecord
from bridge.domain.records import RecordKey, RecordType, System
from bridge.store.candidates import candidates
from bridge.store.merges import follow_merges, merged_customers
from tests.builders import EARLY, crm_record, crm_values, customer, rules
from tests.storing import row_of, save, save_crm, save_erp, values_in, version_of

Sessions = sessionmaker[Session]
LATER = EARLY + timedelta(hours=1)


def account(name: str, key: str | None = None, **attributes: Any) -> CrmRecord:
    """An Account as it is read."""
    return crm_record(customer(number=key or "", name=name), erp_key=key, **attributes)


def merged(record: CrmRecord, winner: CrmRecord) -> CrmRecord:
    """The same Account after it lost a merge."""
    return account(
        str(record.values["name"]),
        record.erp_key,
        salesforce_id=record.salesforce_id,
        deleted=True,
        master_record_id=winner.salesforce_id,
    )


def follow(session: Session) -> int:
    return follow_merges(session, record_type=RecordType.CUSTOMER)


def linked(session: Session, number: str) -> tuple[str | None, Any]:
    """The Salesforce id of a customer, and the name it has there."""
    record = customer(number=number)
    return row_of(session, record).salesforce_id, (values_in(session, record, System.CRM) or {})[
        "name"
    ]


@pytest.mark.parametrize("together", [False, True])
def test_the_link_moves_to_the_winner(sessions: Sessions, together: bool) -> None:
    """Read in one page or in two: its values are the record's, what both agreed on stays."""
    loser, winner = account("old", "C1"), account("new")
    with sessions.begin() as session:
        save_erp(session, customer(name="old"))
        save_crm(session, loser, *([] if together else [winner]))
        save(
            session, System.AGREED, RecordKey(RecordType.CUSTOMER, "", "C1"), crm_values(customer())
        )
    with sessions.begin() as session:
        page = [merged(loser, winner), *([winner] if together else [])]
        save_crm(session, *page, read_at=LATER)
        assert follow(session) == 1
        assert follow(session) == 0
    with sessions.begin() as session:
        assert linked(session, "C1") == (winner.salesforce_id, "new")
        version = version_of(session, customer(), System.CRM)
        assert version is not None
        assert (version.deleted, version.crm_key, version.key_pending) == (False, None, True)
        assert version_of(session, customer(), System.AGREED) is not None
        save_crm(session, winner, read_at=LATER)  # seen again: the same, and still without a key
        again = version_of(session, customer(), System.CRM)
        assert again is not None
        assert again.key_pending
        with_key = account("new", "C1", salesforce_id=winner.salesforce_id)
        save_crm(session, with_key, read_at=LATER)
        keyed = version_of(session, customer(), System.CRM)
        assert keyed is not None
        assert (keyed.crm_key, keyed.key_pending) == ("C1", False)


@pytest.mark.parametrize("together", [False, True])
def test_a_winner_that_took_the_key_goes_on_where_the_loser_ended(
    sessions: Sessions, together: bool
) -> None:
    """Somebody kept the loser's key: the agreement stays, unlike with any other new record."""
    loser = account("old", "C1")
    winner = account("new", "C1")
    stranger = account("new", salesforce_id=winner.salesforce_id)
    with sessions.begin() as session:
        save_erp(session, customer())
        save_crm(session, loser, stranger)
        save(
            session, System.AGREED, RecordKey(RecordType.CUSTOMER, "", "C1"), crm_values(customer())
        )
    with sessions.begin() as session:
        if together:
            save_crm(session, merged(loser, winner), winner, read_at=LATER)
        else:
            save_crm(session, merged(loser, winner), read_at=LATER)
            save_crm(session, winner, read_at=LATER)
        assert follow(session) == 0
    with sessions.begin() as session:
        assert linked(session, "C1") == (winner.salesforce_id, "new")
        version = version_of(session, customer(), System.CRM)
        assert version is not None
        assert (version.deleted, version.key_pending, version.merged_into) == (False, False, None)
        assert version_of(session, customer(), System.AGREED) is not None


def test_a_winner_that_is_linked_keeps_its_link(sessions: Sessions) -> None:
    """The decision gets to know both, and documents the one that is left."""
    loser, winner = account("one", "C1"), account("two", "C2")
    with sessions.begin() as session:
        save_erp(session, customer(), customer(number="C2"))
        save_crm(session, loser, winner)
        assert merged_customers(session, ["C1", "C2"]) == {}
        save_crm(session, merged(loser, winner), read_at=LATER)
        assert follow(session) == 0
        assert linked(session, "C1")[0] == loser.salesforce_id
        assert merged_customers(session, ["C1", "C2", "C3"]) == {"C1": "C2"}
        (found,) = [
            one.versions
            for page in candidates(session, rules())
            for one in page
            if one.versions.merged_into is not None
        ]
        assert (found.key, found.merged_into) == (
            RecordKey(RecordType.CUSTOMER, "", "C1"),
            RecordKey(RecordType.CUSTOMER, "", "C2"),
        )
        gone = account("two", "C2", salesforce_id=winner.salesforce_id, deleted=True)
        save_crm(session, gone, read_at=LATER)
        assert merged_customers(session, ["C1"]) == {}


def test_merges_in_a_row_are_followed_to_the_last(sessions: Sessions) -> None:
    """Whether all were seen at once, or each by itself."""
    first, second, third = account("1", "C1"), account("2"), account("3")
    other, fourth = account("other", "C2"), account("4")
    with sessions.begin() as session:
        save_erp(session, customer(), customer(number="C2"))
        save_crm(session, first, second, third, other, fourth)
        save_crm(session, merged(first, second), merged(second, third), read_at=LATER)
        assert follow(session) == 1
        assert linked(session, "C1") == (third.salesforce_id, "3")
        save_crm(session, merged(other, third), read_at=LATER)
        save_crm(session, merged(third, fourth), read_at=LATER)
        assert follow(session) == 1
        assert linked(session, "C1") == (fourth.salesforce_id, "4")
        assert merged_customers(session, ["C2"]) == {"C2": "C1"}


def test_a_winner_that_nobody_knows_is_waited_for(sessions: Sessions) -> None:
    """Nothing moves to an id that was never read, nor to a record that is gone itself."""
    loser, winner = account("one", "C1"), account("two")
    with sessions.begin() as session:
        save_erp(session, customer())
        save_crm(session, loser)
        save_crm(session, merged(loser, winner), read_at=LATER)
        assert follow(session) == 0
        save_crm(session, winner, read_at=LATER)
        gone = account("two", salesforce_id=winner.salesforce_id, deleted=True)
        save_crm(session, gone, read_at=LATER)
        assert follow(session) == 0
        save_crm(session, winner, read_at=LATER)
        assert follow(session) == 1


def test_an_undeleted_loser_is_there_again(sessions: Sessions) -> None:
    """Unless its link has moved: then it is a stranger."""
    loser, winner = account("one", "C1"), account("two", "C2")
    with sessions.begin() as session:
        save_erp(session, customer(), customer(number="C2"))
        save_crm(session, loser, winner)
        save_crm(session, merged(loser, winner), read_at=LATER)
        save_crm(session, loser, read_at=LATER)
        back = version_of(session, customer(), System.CRM)
        assert back is not None
        assert (back.deleted, back.merged_into) == (False, None)
        assert merged_customers(session, ["C1"]) == {}
