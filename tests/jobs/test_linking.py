"""Customers that are on both sides already, from the reconciliation to the last delivery."""

import pytest

from bridge.matching import looking
from bridge.operations.breaks import list_breaks
from bridge.operations.linking import (
    Word,
    confirm_link,
    list_proposals,
    reject_link,
    unlink_customer,
)
from bridge.store.models import LinkStatus
from tests.builders import customer, invoice
from tests.jobs.world import World

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def enter(world: World, name: str = "Muster", **fields: str) -> str:
    """Somebody enters an Account by hand; its id."""
    salesforce_id = world.create("Account", Name=name, Tax_Number__c="DE123456789", **fields)
    world.do("fetch")
    return salesforce_id


def ada(world: World, reason: str = "") -> Word:
    return Word(by="ada", now=world.clock(), reason=reason)


def accounts(world: World) -> int:
    return sum(len(page.rows) for page in world.crm.query_pages("SELECT Id FROM Account"))


def broken(world: World) -> list[tuple[str, str]]:
    return [(str(one.key), str(one.kind)) for one in list_breaks(world.sessions)]


def test_who_is_there_already_is_not_created_again(world: World) -> None:
    """The Account gets the key, and both are compared; the customer's invoice hangs on it."""
    one = enter(world, Phone="+49 30 99")
    world.submit(customer(), invoice())
    links = world.do(CUSTOMERS)["links"]
    assert (links["linked"], links["links"]) == (1, [f"C1 = {one}: the same tax number"])
    for job in (FINANCIALS, "relay", "fetch", CUSTOMERS, FINANCIALS, "relay"):
        world.do(job)
    assert accounts(world) == 1
    assert world.id_of("Account", "C1") == one
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == one
    assert world.do(CUSTOMERS)["types"]["CUSTOMER"]["corrections"] == {}


def test_a_dry_run_tells_what_it_would_link(world: World) -> None:
    """And links nothing."""
    enter(world)
    world.submit(customer())
    before = world.counts()
    assert world.do(CUSTOMERS, dry_run=True)["links"]["linked"] == 1
    assert world.counts() == before


def test_who_may_be_there_waits_for_a_person(world: World) -> None:
    """The customer is held as a break; confirmed it is linked, and the break clears."""
    one = enter(world, "Somebody")
    world.submit(customer())
    world.do(CUSTOMERS, "relay")
    assert broken(world) == [("C1", "LINK_SUGGESTED")]
    (found,) = list_proposals(world.sessions, status=LinkStatus.SUGGESTED)
    assert (found.salesforce_id, found.names) == (one, ("muster", "somebody"))
    confirm_link(world.sessions, proposal_id=found.id, word=ada(world))
    world.do(CUSTOMERS, "relay", "fetch", CUSTOMERS)
    assert (accounts(world), world.id_of("Account", "C1")) == (1, one)
    assert ("C1", "LINK_SUGGESTED") not in broken(world)


def test_what_waits_is_not_matched_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run tells the same as the one before, and the break stays."""
    enter(world, "Somebody")
    world.submit(customer())
    first = world.do(CUSTOMERS)["links"]
    monkeypatch.setattr(looking, "find_links", None)
    world.do("relay", "fetch")
    assert world.do(CUSTOMERS)["links"] == first
    assert broken(world) == [("C1", "LINK_SUGGESTED")]


def test_who_is_another_is_created(world: World) -> None:
    """Rejected, the customer is new."""
    enter(world, "Somebody")
    world.submit(customer())
    world.do(CUSTOMERS)
    (found,) = list_proposals(world.sessions, status=LinkStatus.SUGGESTED)
    reject_link(world.sessions, proposal_id=found.id, word=ada(world, "a branch"))
    world.do(CUSTOMERS, "relay", "fetch", CUSTOMERS)
    assert accounts(world) == 2
    assert broken(world) == []


def test_a_link_is_taken_back(world: World) -> None:
    """Salesforce's Account loses the key; the customer gets one of its own, and its invoice."""
    one = enter(world)
    world.submit(customer(), invoice())
    for job in (CUSTOMERS, FINANCIALS, "relay", "fetch", CUSTOMERS, FINANCIALS, "relay", "fetch"):
        world.do(job)
    assert not unlink_customer(world.sessions, number="C1", word=ada(world, "two"))
    for job in (CUSTOMERS, "relay", "fetch", CUSTOMERS, FINANCIALS, "relay", "fetch"):
        world.do(job)
    for job in (CUSTOMERS, FINANCIALS, "relay", "fetch", CUSTOMERS, FINANCIALS):
        world.do(job)
    assert accounts(world) == 2
    other = world.id_of("Account", "C1")
    assert other != one
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == other
    assert broken(world) == []
