"""Merges and undeletes in Salesforce, from the fetch to the last delivery."""

import pytest

from bridge.domain.records import System
from bridge.operations.breaks import list_breaks
from bridge.operations.overview import list_dead_letters
from tests.builders import customer, invoice, payment
from tests.jobs.world import World
from tests.storing import row_of, save_erp, values_in

CUSTOMERS, FINANCIALS = "reconcile-customers", "reconcile-financials"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def catch_up(world: World) -> None:
    for job in ("fetch", CUSTOMERS, FINANCIALS, "relay", "fetch", CUSTOMERS, FINANCIALS):
        world.do(job)


def broken(world: World) -> list[tuple[str, str]]:
    return [(str(one.key), str(one.kind)) for one in list_breaks(world.sessions)]


def test_the_link_moves_to_the_winner_and_its_documents_follow(world: World) -> None:
    """The record that won gets the key; documents, old and new, hang on it; nothing is broken."""
    world.submit(customer(), invoice())
    world.settle()
    world.do(CUSTOMERS, FINANCIALS)
    winner = world.create("Account", Name="Muster GmbH", Phone="+49 30 99")
    world.merge(winner, world.id_of("Account", "C1"))
    assert world.do("fetch")["merged"] == 1
    world.submit(payment())
    world.do(CUSTOMERS, FINANCIALS)
    summary = world.do("relay")
    assert (summary["delivered"], summary["dead"]) == (3, 0)
    account = world.rows("Account")["C1"]
    assert account.id == winner
    catch_up(world)
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == winner
    assert world.rows("ERP_Payment__c", "Account__c")["1000/P1"].fields["Account__c"] == winner
    assert broken(world) == []
    assert world.do(CUSTOMERS)["types"]["CUSTOMER"]["corrections"] == {}
    with world.sessions() as session:
        assert row_of(session, customer()).salesforce_id == winner
        assert (values_in(session, customer(), System.CRM) or {})["phone"] == "+49 30 99"


def test_a_winner_that_keeps_the_losers_key(world: World) -> None:
    """What people chose in the merge is a change in Salesforce like any other."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    winner = world.create("Account", Name="Muster GmbH", Phone="+49 30 99")
    world.merge(winner, world.id_of("Account", "C1"))
    world.change_by_id("Account", winner, ERP_Key__c="C1")
    world.do("fetch")
    assert world.do(CUSTOMERS)["types"]["CUSTOMER"]["breaks_open"] == {}
    with world.sessions() as session:
        assert row_of(session, customer()).salesforce_id == winner


def test_two_linked_records_that_become_one_are_a_break(world: World) -> None:
    """Nothing is written to either; the documents of both are on the one that is left."""
    world.submit(
        customer(), customer(number="C2"), invoice(), invoice(number="I2", customer_number="C2")
    )
    world.settle()
    world.do(CUSTOMERS, FINANCIALS)
    winner = world.id_of("Account", "C2")
    world.merge(winner, world.id_of("Account", "C1"))
    world.submit(payment())
    catch_up(world)
    assert broken(world) == [("C1", "MERGED_IN_CRM")]
    (found,) = list_breaks(world.sessions)
    assert found.detail == "merged in Salesforce into the record of C2"
    assert (found.cause, found.evidence) == ("DUPLICATE", "looks like C2")
    for sobject, key in (
        ("ERP_Invoice__c", "1000/I1"),
        ("ERP_Invoice__c", "1000/I2"),
        ("ERP_Payment__c", "1000/P1"),
    ):
        assert world.rows(sobject, "Account__c")[key].fields["Account__c"] == winner
    assert list_dead_letters(world.sessions) == []
    assert world.do("relay")["due"] == {}


def test_what_was_undeleted_is_there_again(world: World) -> None:
    """The break of its deletion clears itself, and its link is as it was."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    salesforce_id = world.id_of("Account", "C1")
    world.delete("Account", "C1")
    world.do("fetch", CUSTOMERS)
    assert broken(world) == [("C1", "MISSING_IN_CRM")]
    world.undelete(salesforce_id)
    world.do("fetch", CUSTOMERS)
    assert broken(world) == []
    with world.sessions() as session:
        assert row_of(session, customer()).salesforce_id == salesforce_id


def test_a_winner_that_loses_the_next_merge_takes_all_documents_along(world: World) -> None:
    """Three linked records become one: documents of each, old and new, are on the last."""
    numbers = ("C1", "C2", "C3")
    world.submit(*(customer(number=number) for number in numbers), invoice())
    world.settle()
    world.do(CUSTOMERS, FINANCIALS)
    first, second, third = (world.id_of("Account", number) for number in numbers)
    world.merge(second, first)
    world.do("fetch", CUSTOMERS)
    world.merge(third, second)
    world.submit(payment())
    catch_up(world)
    assert broken(world) == [("C1", "MERGED_IN_CRM"), ("C2", "MERGED_IN_CRM")]
    for sobject, key in (("ERP_Invoice__c", "1000/I1"), ("ERP_Payment__c", "1000/P1")):
        assert world.rows(sobject, "Account__c")[key].fields["Account__c"] == third


def test_a_document_that_a_merge_left_in_the_bin_follows(world: World) -> None:
    """Undeleted, it hangs on the Account that lost: it is moved to the one that is left."""
    world.submit(customer(), customer(number="C2"), invoice())
    world.settle()
    world.do(CUSTOMERS, FINANCIALS)
    winner, document = world.id_of("Account", "C2"), world.id_of("ERP_Invoice__c", "1000/I1")
    world.delete("ERP_Invoice__c", "1000/I1")
    world.merge(winner, world.id_of("Account", "C1"))
    world.undelete(document)
    catch_up(world)
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == winner
    assert broken(world) == [("C1", "MERGED_IN_CRM")]


def test_documents_wait_for_a_customer_whose_account_lost_its_key(world: World) -> None:
    """Nothing could name it: a break of its own each, and none is sent in vain."""
    world.submit(customer())
    world.settle()
    world.change("Account", "C1", ERP_Key__c=None)
    world.do("fetch")
    world.submit(invoice())
    catch_up(world)
    assert broken(world) == [("C1", "KEY_MISMATCH"), ("1000/I1", "CUSTOMER_UNKNOWN")]
    assert world.do("relay")["due"] == {}


def test_documents_of_a_merged_customer_wait_for_a_winner_without_a_key(world: World) -> None:
    """The ERP has lost the winner's customer, so its Account never gets the key."""
    world.submit(*(customer(number=number) for number in ("C1", "C2", "C3")))
    world.settle()
    world.do(CUSTOMERS)
    winner = world.create("Account", Name="Muster GmbH")
    world.merge(winner, world.id_of("Account", "C2"))
    world.do("fetch")
    with world.sessions.begin() as session:
        save_erp(session, customer(number="C2"), deleted=True)
    world.merge(winner, world.id_of("Account", "C1"))
    world.submit(invoice())
    catch_up(world)
    assert ("1000/I1", "CUSTOMER_UNKNOWN") in broken(world)
    assert world.do("relay")["due"] == {}


@pytest.mark.parametrize("key", ["C1", None])
def test_a_winner_that_named_another_key_goes_on_as_the_loser(
    world: World, key: str | None
) -> None:
    """Its key was one that the ERP never sent: a break, until somebody gives or takes it."""
    world.submit(customer(), invoice())
    world.settle()
    world.do(CUSTOMERS, FINANCIALS)
    winner = world.create("Account", Name="Muster GmbH", ERP_Key__c="C9")
    world.merge(winner, world.id_of("Account", "C1"))
    catch_up(world)
    assert broken(world) == [("C1", "MERGED_IN_CRM"), ("C9", "MISSING_IN_ERP")]
    world.change_by_id("Account", winner, ERP_Key__c=key)
    for _ in range(2):
        catch_up(world)
    assert (broken(world), list_dead_letters(world.sessions)) == ([], [])
    assert world.id_of("Account", "C1") == winner
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == winner


def test_a_key_that_was_mistyped_is_corrected(world: World) -> None:
    """By the user who entered the Account: it is the customer, though its key was on its way."""
    account = world.create("Account", Name="Muster GmbH", ERP_Key__c="C9")
    world.submit(customer())
    world.do("fetch", CUSTOMERS)
    world.change("Account", "C9", ERP_Key__c="C1")
    world.do("relay")
    catch_up(world)
    assert world.id_of("Account", "C1") == account
    assert (broken(world), list_dead_letters(world.sessions)) == ([], [])


def test_a_key_that_is_corrected_before_the_erp_sends_it(world: World) -> None:
    """Its break is of the key that the Account names now, until the ERP has that one."""
    account = world.create("Account", Name="Muster GmbH", ERP_Key__c="C9")
    world.do("fetch", CUSTOMERS)
    world.change("Account", "C9", ERP_Key__c="C1")
    world.do("fetch", CUSTOMERS)
    assert broken(world) == [("C1", "MISSING_IN_ERP")]
    world.submit(customer())
    catch_up(world)
    assert (broken(world), world.id_of("Account", "C1")) == ([], account)


def test_an_account_that_lost_its_key_is_accounted_for(world: World) -> None:
    """Its key was one that the ERP never sent: once a break, then nobody's business."""
    world.create("Account", Name="Other", ERP_Key__c="C9")
    world.do("fetch", CUSTOMERS)
    assert broken(world) == [("C9", "MISSING_IN_ERP")]
    world.change("Account", "C9", ERP_Key__c=None)
    world.do("fetch", CUSTOMERS)
    assert broken(world) == []


def test_a_document_waits_for_a_winner_to_get_the_key(world: World) -> None:
    """Sent while its customer's Account is merged and not read again, it lands a little later."""
    world.submit(customer())
    world.settle()
    world.submit(invoice())
    world.do(FINANCIALS)
    winner = world.create("Account", Name="Muster GmbH")
    world.merge(winner, world.id_of("Account", "C1"))
    summary = world.do("relay")
    assert (summary["postponed"], summary["dead"]) == (1, 0)
    world.tick(minutes=1)
    catch_up(world)
    assert world.rows("ERP_Invoice__c", "Account__c")["1000/I1"].fields["Account__c"] == winner


def test_the_key_of_a_record_that_lost_is_taken_by_a_third(world: World) -> None:
    """Users entered a record under it before the winner got it: that one is the customer."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    winner = world.create("Account", Name="Muster GmbH")
    world.merge(winner, world.id_of("Account", "C1"))
    world.do("fetch", CUSTOMERS)
    third = world.create("Account", Name="Muster GmbH", ERP_Key__c="C1")
    world.do("relay")
    catch_up(world)
    assert (broken(world), list_dead_letters(world.sessions)) == ([], [])
    with world.sessions() as session:
        assert row_of(session, customer()).salesforce_id == third


def test_another_owner_changes_nothing(world: World) -> None:
    """It is read, and is no business of the books."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.change("Account", "C1", OwnerId=world.crm.user_info().user_id)
    assert world.do("fetch")["records"]["CUSTOMER"] == {"read": 1, "changed": 0, "deleted": 0}


def test_another_currency_is_a_change(world: World) -> None:
    """Mirrored from the books, it is put back."""
    world.submit(customer())
    world.settle()
    world.do(CUSTOMERS)
    world.change("Account", "C1", Currency_Code__c="USD")
    catch_up(world)
    assert world.rows("Account", "Currency_Code__c")["C1"].fields["Currency_Code__c"] == "EUR"
