"""Customers that are on both sides already, from the reconciliation to the last delivery."""

import pytest

from bridge.domain.records import RecordType
from bridge.matching import looking
from bridge.operations.breaks import list_breaks
from bridge.operations.linking import (
    BadLink,
    Word,
    confirm_link,
    list_proposals,
    reject_link,
    unlink_customer,
)
from bridge.operations.overview import list_dead_letters
from bridge.store.models import LinkStatus
from bridge.store.outbox import claim_batch
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


def catch_up(world: World) -> None:
    for _ in range(2):
        for job in ("fetch", CUSTOMERS, FINANCIALS, "relay"):
            world.do(job)


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


def test_a_link_is_taken_back_before_its_key_was_sent(world: World) -> None:
    """The key is not sent any more: at once the Account stands for itself."""
    enter(world)
    world.submit(customer())
    world.do(CUSTOMERS)
    assert unlink_customer(world.sessions, number="C1", word=ada(world, "two"))
    assert world.do("relay")["due"] == {}
    catch_up(world)
    assert (accounts(world), list_dead_letters(world.sessions)) == (2, [])


def test_a_link_is_not_taken_back_while_its_key_is_sent(world: World) -> None:
    """It would be made again by the key that arrives."""
    enter(world)
    world.submit(customer())
    world.do(CUSTOMERS)
    with world.sessions.begin() as session:
        claim_batch(session, record_type=RecordType.CUSTOMER, limit=1, now=world.clock())
    with pytest.raises(BadLink, match="try again"):
        unlink_customer(world.sessions, number="C1", word=ada(world, "two"))


@pytest.mark.parametrize("rekeyed", ["before", "meanwhile"])
def test_a_link_is_taken_back_of_an_account_that_names_another_key(
    world: World, rekeyed: str
) -> None:
    """It was entered under the wrong customer's number: it is the other, and the first one new."""
    account = enter(world, ERP_Key__c="C1")
    other = customer(number="C2", name="Other", tax_number="DE999999999")
    world.submit(customer(), other, invoice(), invoice(number="I2", customer_number="C2"))
    world.do(CUSTOMERS)
    if rekeyed == "before":
        world.change_by_id("Account", account, ERP_Key__c="C2")
        catch_up(world)
        assert ("C1", "KEY_MISMATCH") in broken(world)
    done = unlink_customer(world.sessions, number="C1", word=ada(world, "typed"))
    assert done is (rekeyed == "before")
    if rekeyed == "meanwhile":
        world.do(CUSTOMERS)
        world.change_by_id("Account", account, ERP_Key__c="C2")
    for _ in range(2):
        catch_up(world)
    assert (broken(world), list_dead_letters(world.sessions)) == ([], [])
    ids = {key: world.id_of("Account", key) for key in ("C1", "C2")}
    assert ids["C2"] == account != ids["C1"]
    hang_on = world.rows("ERP_Invoice__c", "Account__c")
    assert hang_on["1000/I1"].fields["Account__c"] == ids["C1"]
    assert hang_on["1000/I2"].fields["Account__c"] == ids["C2"]


@pytest.mark.parametrize("winner", ["a stranger", "another customer"])
def test_a_link_is_taken_back_of_an_account_that_is_merged(world: World, winner: str) -> None:
    """It goes with its Account: the winner stays who it is, and the customer gets its own."""
    one = enter(world)
    world.submit(customer(), customer(number="C2", name="Other", tax_number="DE999999999"))
    world.settle()
    won = world.id_of("Account", "C2")
    if winner == "a stranger":
        won = world.create("Account", Name="Somebody")
    assert not unlink_customer(world.sessions, number="C1", word=ada(world, "two"))
    world.merge(won, one)
    catch_up(world)
    assert world.id_of("Account", "C1") not in (one, won)
    assert (broken(world), world.do("relay")["due"]) == ([], {})


def test_a_link_is_taken_back_of_an_account_that_another_followed(world: World) -> None:
    """That one was entered under the key meanwhile, and keeps it: nobody said a word against it."""
    enter(world)
    world.submit(customer())
    world.settle()
    assert not unlink_customer(world.sessions, number="C1", word=ada(world, "two"))
    world.delete("Account", "C1")
    other = world.create("Account", Name="Muster", ERP_Key__c="C1")
    catch_up(world)
    assert (world.id_of("Account", "C1"), world.do("relay")["due"]) == (other, {})


@pytest.mark.parametrize("sent", [False, True])
def test_who_names_the_key_is_the_customer_whom_matching_took_for_another(
    world: World, sent: bool
) -> None:
    """Entered before the key was sent to the one that was found: that one is a stranger again."""
    found = enter(world)
    world.submit(customer(), invoice())
    assert world.do(CUSTOMERS)["links"]["linked"] == 1
    taker = world.create("Account", Name="Muster", ERP_Key__c="C1")
    if sent:
        assert world.do("relay")["dead"] == 1
    catch_up(world)
    assert world.id_of("Account", "C1") == taker
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == taker
    assert world.rows("Account")["None"].id == found
    assert (broken(world), list_dead_letters(world.sessions)) == ([], [])
