"""What Salesforce told of is read at once, as the windows would have read it."""

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from bridge.domain.crm import Notification
from bridge.domain.records import System
from bridge.domain.salesforce_ids import normalise_id
from bridge.operations.notifications import get_notifications_view
from bridge.store.models import NotificationStatus, RunStatus, Version
from bridge.store.notifications import add_notifications
from bridge.store.orgs import adopt_org
from jobs.fetch_notified import has_notified
from tests.builders import customer
from tests.jobs.world import World
from tests.outbound import OTHER_ORG
from tests.storing import row_of, version_of

JOB = "fetch-notified"
NOTHING = "001000000000999AAA"
_numbers = itertools.count(1)


def tell(world: World, *salesforce_ids: str, sobject: str = "Account") -> None:
    """Salesforce tells that these records changed."""
    told = [Notification(f"04l{next(_numbers):012}AAA", sobject, one) for one in salesforce_ids]
    with world.sessions.begin() as session:
        add_notifications(session, told, now=world.clock())


def states(world: World) -> dict[NotificationStatus, int]:
    view = get_notifications_view(world.sessions, since=world.clock() - timedelta(days=1))
    counts: Counter[NotificationStatus] = Counter()
    for one in view.notifications:
        counts[one.status] += one.count
    return dict(counts)


def crm_version(world: World, key: str = "C1") -> Version:
    with world.sessions() as session:
        version = version_of(session, customer(number=key), System.CRM)
        assert version is not None
        return version


def columns(version: Version) -> dict[str, object]:
    """All but when it was read."""
    names = Version.__table__.columns.keys()
    return {name: getattr(version, name) for name in names if name != "known_at"}


@pytest.fixture
def settled(world: World) -> World:
    """Customer C1 and its invoice are in Salesforce, and were read there an hour ago."""
    account = world.create("Account", ERP_Key__c="C1", Name="Muster GmbH")
    world.create("ERP_Invoice__c", ERP_Key__c="1000/I1", Number__c="I1", Account__c=account)
    world.do("fetch")
    world.tick(hours=1)
    return world


def test_an_edit_is_read_as_a_window_reads_it(settled: World) -> None:
    """The version is the same in each column; the window that follows finds nothing new."""
    settled.change("Account", "C1", Phone="1", Credit_Limit__c="10.5")
    tell(settled, settled.id_of("Account", "C1"))
    settled.tick()
    summary = settled.do(JOB)
    assert summary["records"] == {"CUSTOMER": {"read": 1, "changed": 1, "deleted": 0}}
    assert summary["notifications"] == 1
    assert summary["salesforce_calls"]["queries"] == summary["fewest_calls"] == 1
    assert states(settled) == {NotificationStatus.FETCHED: 1}
    told = columns(crm_version(settled))
    with settled.sessions.begin() as session:  # as if it had never been told
        version = version_of(session, customer(), System.CRM)
        assert version is not None
        version.digest, version.content = b"", "{}"
        version.known_at -= timedelta(hours=1)
    assert settled.do("fetch")["records"]["CUSTOMER"]["changed"] == 1
    assert columns(crm_version(settled)) == told
    assert settled.do("fetch")["records"]["CUSTOMER"]["changed"] == 0


def test_a_notification_moves_no_watermark(settled: World) -> None:
    """What nobody told of is found by the window, which begins where the last one ended."""
    settled.change("Account", "C1", Phone="1")
    tell(settled, settled.id_of("Account", "C1"))
    other = settled.create("Account", ERP_Key__c="C2", Name="B")
    settled.do(JOB)
    summary = settled.do("fetch")
    assert summary["records"]["CUSTOMER"]["changed"] == 1
    with settled.sessions() as session:
        assert row_of(session, customer(number="C2")).salesforce_id == other


def test_all_kinds_are_read_each_record_once(settled: World) -> None:
    """However often and in however many notifications it was told."""
    account, document = settled.id_of("Account", "C1"), settled.id_of("ERP_Invoice__c", "1000/I1")
    new = settled.create("Account", ERP_Key__c="C2", Name="B")
    tell(settled, account, new, account)
    tell(settled, account)
    tell(settled, document, sobject="ERP_Invoice__c")
    summary = settled.do(JOB)
    assert {kind: outcome["read"] for kind, outcome in summary["records"].items()} == {
        "CUSTOMER": 2,
        "INVOICE": 1,
    }
    assert summary["salesforce_calls"]["queries"] == 2
    assert states(settled) == {NotificationStatus.FETCHED: 5}


def test_a_deleted_record_is_deleted(settled: World) -> None:
    """It was told of before it went."""
    salesforce_id = settled.id_of("Account", "C1")
    settled.delete("ERP_Invoice__c", "1000/I1")
    settled.delete("Account", "C1")
    tell(settled, salesforce_id)
    assert settled.do(JOB)["records"]["CUSTOMER"]["deleted"] == 1
    assert crm_version(settled).deleted


def test_a_merge_is_followed(settled: World) -> None:
    """The link goes to the winner, as after a window."""
    loser, winner = settled.id_of("Account", "C1"), settled.create("Account", Name="Muster GmbH")
    settled.merge(winner, loser)
    tell(settled, loser, winner)
    assert settled.do(JOB)["merged"] == 1
    with settled.sessions() as session:
        assert row_of(session, customer()).salesforce_id == winner


def test_what_a_message_says_of_a_record_is_no_matter(settled: World) -> None:
    """A record of another kind is not taken for one of the kind that was told."""
    tell(settled, settled.id_of("ERP_Invoice__c", "1000/I1"), sobject="Account")
    summary = settled.do(JOB)
    assert (summary["records"]["CUSTOMER"]["read"], summary["postponed"]) == (0, 1)


def test_a_record_that_is_not_shown_is_looked_for_again(settled: World) -> None:
    """After as long again as it waited, until the windows have looked back so far."""
    tell(settled, NOTHING)
    asked, started = 0, settled.clock()
    while NotificationStatus.WAITING in states(settled):
        settled.tick(seconds=20)
        if has_notified(settled.context):
            asked += 1
            settled.do(JOB)
    assert states(settled) == {NotificationStatus.NOT_FOUND: 1}
    assert 5 <= asked <= 12
    assert timedelta(seconds=600) <= settled.clock() - started <= timedelta(seconds=1_300)


def test_a_late_commit_is_found(settled: World) -> None:
    """What was told before it could be seen is read as soon as it can."""
    before = settled.create("Account", ERP_Key__c="C2", Name="B")
    next_id = normalise_id(f"{before[:14]}{chr(ord(before[14]) + 1)}")
    tell(settled, next_id)
    settled.tick(seconds=10)
    assert settled.do(JOB)["postponed"] == 1
    assert settled.create("Account", ERP_Key__c="C3", Name="Late") == next_id
    assert not has_notified(settled.context)
    settled.tick(seconds=12)
    assert has_notified(settled.context)
    assert settled.do(JOB)["records"]["CUSTOMER"]["changed"] == 1
    assert states(settled) == {NotificationStatus.FETCHED: 1}
    assert not crm_version(settled, "C3").deleted


def test_an_org_that_fails_is_left_alone_for_a_while(
    settled: World, ask_for_faults: Callable[[str], None]
) -> None:
    """What was told waits; the clock tries again after a minute."""
    settled.change("Account", "C1", Phone="1")
    tell(settled, settled.id_of("Account", "C1"))
    ask_for_faults('[[fault]]\nkind = "fault"\ncode = "SERVER_UNAVAILABLE"')
    assert has_notified(settled.context)
    assert settled.run(JOB).status is RunStatus.FAILED
    assert states(settled) == {NotificationStatus.WAITING: 1}
    ask_for_faults("")
    settled.tick(seconds=50)
    assert not has_notified(settled.context)
    settled.tick(seconds=20)
    assert has_notified(settled.context)
    settled.do(JOB)
    assert states(settled) == {NotificationStatus.FETCHED: 1}
    tell(settled, NOTHING)
    assert has_notified(settled.context)


def test_another_org_is_refused(settled: World) -> None:
    """Its records are not those that were told of."""
    with settled.sessions.begin() as session:
        adopt_org(session, OTHER_ORG, now=settled.clock())
    tell(settled, NOTHING)
    assert settled.run(JOB).status is RunStatus.REFUSED
    assert states(settled) == {NotificationStatus.WAITING: 1}


def test_nothing_told_is_nothing_done(settled: World) -> None:
    """Not a single call; what is told of a kind that is mapped no more is left."""
    assert not has_notified(settled.context)
    tell(settled, NOTHING, sobject="Contact")
    assert not has_notified(settled.context)
    summary = settled.do(JOB)
    assert (summary["notifications"], sum(summary["salesforce_calls"].values())) == (0, 0)


def test_a_dry_run_closes_nothing(settled: World) -> None:
    """It tells what it would read."""
    settled.change("Account", "C1", Phone="1")
    tell(settled, settled.id_of("Account", "C1"))
    before = columns(crm_version(settled))
    assert settled.do(JOB, dry_run=True)["records"]["CUSTOMER"]["changed"] == 1
    assert columns(crm_version(settled)) == before
    assert states(settled) == {NotificationStatus.WAITING: 1}
