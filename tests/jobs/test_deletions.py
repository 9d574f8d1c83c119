"""Deletions that no query shows."""

from collections.abc import Callable

import pytest

from bridge.domain.records import System
from bridge.store.models import RunStatus
from tests.builders import customer
from tests.jobs.world import World
from tests.storing import version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FAULT = '[[fault]]\nkind = "fault"\noperations = ["getDeleted"]\ncode = '


def is_there(world: World, key: str) -> bool:
    with world.sessions() as session:
        version = version_of(session, customer(number=key), System.CRM)
        assert version is not None
        return not version.deleted


def purge(world: World, key: str) -> None:
    """Somebody deletes an Account and empties the recycle bin."""
    salesforce_id = world.id_of("Account", key)
    world.delete("Account", key)
    assert world.partner.empty_recycle_bin(salesforce_id)[0].success
    world.tick(hours=25)  # queryAll shows it for a day still


@pytest.fixture
def settled(world: World) -> World:
    """Two customers that are in Salesforce, and were read there an hour ago."""
    world.create("Account", ERP_Key__c="C1", Name="A")
    world.create("Account", ERP_Key__c="C2", Name="B")
    world.do("fetch")
    world.tick(hours=1)
    return world


def test_what_was_purged_is_found_by_the_list_of_deletions(settled: World) -> None:
    """Within the hour; what is in the bin still is found by the window."""
    purge(settled, "C1")
    settled.delete("Account", "C2")
    summary = settled.do("fetch")
    assert not summary["full"]
    assert (summary["records"]["CUSTOMER"]["deleted"], summary["purged"]) == (1, 1)
    assert (is_there(settled, "C1"), is_there(settled, "C2")) == (False, False)


def test_the_list_is_not_asked_for_each_time(settled: World) -> None:
    """One call for each kind of record, once an hour."""
    kinds = len(settled.context.mappings)
    calls = [settled.do("fetch")["salesforce_calls"]["other"] for _ in range(2)]
    assert calls[0] - calls[1] >= kinds
    settled.tick(hours=1)
    assert settled.do("fetch")["salesforce_calls"]["other"] >= kinds


def test_what_was_undeleted_is_not_gone(settled: World) -> None:
    """It stands in no list, or is given out all the same: whatever is there stays."""
    salesforce_id = settled.id_of("Account", "C1")
    settled.delete("Account", "C1")
    settled.undelete(salesforce_id)
    assert settled.do("fetch")["purged"] == 0
    assert is_there(settled, "C1")


@pytest.mark.parametrize("code", ["INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"])
def test_what_the_list_cannot_tell_is_read_in_full(
    settled: World, ask_for_faults: Callable[[str], None], code: str
) -> None:
    """By the next fetch: a full read shows what is missing."""
    purge(settled, "C1")
    ask_for_faults(f'{FAULT}"{code}"')
    summary = settled.do("fetch")
    assert (summary["full"], summary["purged"], is_there(settled, "C1")) == (False, 0, True)
    summary = settled.do("fetch")
    assert (summary["full"], summary["records"]["CUSTOMER"]["deleted"]) == (True, 1)
    assert not is_there(settled, "C1")


def test_a_list_that_fails_fails_the_run(
    settled: World, ask_for_faults: Callable[[str], None]
) -> None:
    """Nothing is taken to be known; the next run asks again."""
    purge(settled, "C1")
    ask_for_faults(f'{FAULT}"INSUFFICIENT_ACCESS"')
    assert settled.run("fetch").status is RunStatus.FAILED
    ask_for_faults("")
    assert settled.do("fetch")["purged"] == 1


def test_a_dry_run_marks_nothing(settled: World) -> None:
    """It tells what it would find."""
    purge(settled, "C1")
    assert settled.do("fetch", dry_run=True)["purged"] == 1
    assert is_there(settled, "C1")
    assert settled.do("fetch")["purged"] == 1
