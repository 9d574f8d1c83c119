"""Purge: forget what is old enough."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.domain.records import RecordType
from bridge.operations.changes import fetch_changes
from bridge.operations.credentials import Consumer
from bridge.operations.settings import SnapshotSettings
from bridge.operations.snapshots import begin_snapshot
from bridge.operations.submissions import UnknownMessageId, get_receipt
from bridge.store.calls import add_calls, list_calls
from bridge.store.consumers import add_consumer, claim_nonce
from bridge.store.notifications import add_notifications
from jobs import purge
from tests.builders import customer
from tests.callers import CALL
from tests.jobs.world import World
from tests.outbound import notification

# What is forgotten in each database is tested with the store.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEPT = ("record", "version", "break", "control_total", "comparison")


def test_what_is_old_enough_is_forgotten(world: World) -> None:
    """Receipts, delivered corrections and runs go; records, links and each job's watermark stay."""
    (receipt,) = world.submit(customer())
    world.settle()
    world.do("fetch")
    world.tick(days=91)
    before = world.counts()
    summary = world.do("purge")
    after = world.counts()
    assert (summary["submissions"], summary["corrections"], summary["runs"]) == (1, 1, 2)
    assert (after["submission"], after["outbox"]) == (0, 0)
    assert [after[name] for name in KEPT] == [before[name] for name in KEPT]
    with pytest.raises(UnknownMessageId):
        get_receipt(world.sessions, consumer="erp", message_id=receipt.message_id)
    assert not world.do("fetch")["records"]["CUSTOMER"]["changed"]


def test_what_is_younger_stays(world: World) -> None:
    """Ninety days are kept, or as many as the settings say."""
    world.submit(customer())
    world.settle()
    world.tick(days=89)
    assert world.do("purge")["submissions"] == 0
    assert world.with_settings(keep_days=80).do("purge")["submissions"] == 1


def test_what_still_waits_stays(world: World) -> None:
    """However old: corrections that nobody has fetched or delivered."""
    world.submit(customer())
    world.settle()
    world.do("reconcile-customers")
    world.change("Account", "C1", Phone="2")
    world.submit(customer(name="New"))
    world.do("fetch", "reconcile-customers")
    world.tick(days=200)
    world.do("purge")
    page = fetch_changes(world.sessions, record_type=RecordType.CUSTOMER, after=0, limit=9)
    assert len(page.changes) == 1
    assert world.do("relay")["delivered"] == 1


def test_a_dry_run_counts_alone(world: World) -> None:
    """It tells what would go, and leaves it."""
    world.submit(customer())
    world.tick(days=91)
    before = world.counts()
    assert world.do("purge", dry_run=True)["submissions"] == 1
    assert world.counts() == before


def call(world: World, **changes: Any) -> None:
    """A consumer calls, and its envelope is kept."""
    with world.sessions.begin() as session:
        add_calls(session, [replace(CALL, at=world.clock.moment, **changes)])


def kept_calls(world: World) -> list[tuple[int, bool]]:
    with world.sessions() as session:
        return [(one.id, one.has_envelope) for one in list_calls(session, limit=9)]


def test_calls_go_and_their_envelopes_before_them(world: World) -> None:
    """After thirty days and seven, or as many as the settings say."""
    call(world)
    world.tick(days=8)
    call(world)
    summary = world.do("purge")
    assert (summary["calls"], summary["envelopes"]) == (0, 1)
    assert kept_calls(world) == [(2, True), (1, False)]
    world.tick(days=23)
    summary = world.do("purge")
    assert (summary["calls"], summary["envelopes"]) == (1, 1)
    assert kept_calls(world) == [(2, False)]
    assert world.with_settings(keep_calls_days=22).do("purge")["calls"] == 1


def test_many_calls_go_in_batches(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is forgotten by the forgetting; a dry run counts all of them and leaves them."""
    monkeypatch.setattr(purge, "_BATCH", 2)
    for _ in range(5):
        call(world)
    world.tick(days=31)
    for options in ({"dry_run": True}, {}):
        summary = world.do("purge", **options)
        assert (summary["calls"], summary["envelopes"]) == (5, 5)
    assert kept_calls(world) == []


def test_nonces_go_after_a_day(world: World) -> None:
    """When no digest with them is good any more."""
    with world.sessions.begin() as session:
        consumer_id = add_consumer(session, name="erp", now=world.clock.moment)
        assert consumer_id is not None
        for digest in (b"d" * 32, b"e" * 32):
            now = world.clock.moment
            assert claim_nonce(session, consumer_id=consumer_id, digest=digest, now=now)
            world.tick(hours=1)
    world.tick(hours=22)
    assert world.do("purge")["nonces"] == 1
    assert world.counts()["nonce"] == 1


def test_notifications_go_after_a_week(world: World) -> None:
    """Whether their records were found or not: the windows have shown them by then."""
    for number in range(2):
        with world.sessions.begin() as session:
            add_notifications(session, [notification(number)], now=world.clock())
        world.tick(days=1)
    world.tick(days=5, hours=12)
    assert world.do("purge")["notifications"] == 1
    assert world.with_settings(keep_notifications_days=2).do("purge")["notifications"] == 1
    assert world.counts()["notification"] == 0


def test_snapshots_expire_and_are_forgotten(world: World) -> None:
    """One that nobody closes expires after so many hours; what is left of it goes with the rest."""
    begin_snapshot(
        world.sessions,
        consumer=Consumer("erp"),
        record_type=RecordType.INVOICE,
        company_code="1000",
        as_of=world.clock(),
        settings=SnapshotSettings(),
        now=world.clock(),
    )
    world.tick(hours=47)
    assert world.do("purge")["snapshots_expired"] == 0
    world.tick(hours=2)
    assert world.do("purge")["snapshots_expired"] == 1
    world.tick(days=89)
    assert world.do("purge")["snapshots"] == 0
    world.tick(days=2)
    assert world.do("purge")["snapshots"] == 1
