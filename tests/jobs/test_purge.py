"""Purge: forget what is old enough."""

import pytest

from bridge.domain.records import RecordType
from bridge.operations.changes import fetch_changes
from bridge.operations.submissions import UnknownMessageId, get_receipt
from tests.builders import customer
from tests.jobs.world import World

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
