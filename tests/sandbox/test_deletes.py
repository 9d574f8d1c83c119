from pathlib import Path

import pytest

from bridge.sandbox import SandboxServer, Setup
from bridge.sandbox.schema import DEFAULT_SCHEMA
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import Partner


def test_delete_marks_and_stamps(partner: Partner, clock: Clock) -> None:
    """The record stays for queryAll, with the moment of its deletion."""
    (made,) = partner.create("Account", {"Name": "A"})
    clock.advance(seconds=5)
    (done,) = partner.delete(str(made.id)[:15])
    assert (done.success, done.id) == (True, made.id)
    (row,) = partner.rows("SELECT IsDeleted, SystemModstamp FROM Account", operation="queryAll")
    assert (row["IsDeleted"], row["SystemModstamp"]) == ("true", "2026-03-01T12:00:05.000Z")


def test_what_cannot_be_deleted_is_refused_by_row(partner: Partner, sandbox: SandboxServer) -> None:
    """Malformed, of no object, unknown, read-only, and deleted already."""
    (made,) = partner.create("Account", {"Name": "A"})
    user = partner.rows("SELECT Id FROM User")[0]["Id"]
    results = partner.delete("nonsense", "zzz000000000000AAA", "001000000000000AAA", user, made.id)
    assert [result.codes for result in results] == [
        ("MALFORMED_ID",),
        ("MALFORMED_ID",),
        ("INVALID_CROSS_REFERENCE_KEY",),
        ("INSUFFICIENT_ACCESS_OR_READONLY",),
        (),
    ]
    assert results[0].messages == ("bad id nonsense",)
    assert partner.delete(made.id)[0].codes == ("ENTITY_IS_DELETED",)


def test_children_are_cleared_or_go_too(partner: Partner, clock: Clock) -> None:
    """Invoices lose their account and are stamped, contacts are deleted with it."""
    (account,) = partner.create("Account", {"Name": "A"})
    partner.create("ERP_Invoice__c", {"ERP_Key__c": "I1", "Account__c": str(account.id)})
    partner.create("Contact", {"LastName": "C", "AccountId": str(account.id)})
    clock.advance(seconds=1)
    partner.delete(account.id)
    (invoice,) = partner.rows("SELECT Account__c, SystemModstamp FROM ERP_Invoice__c")
    assert invoice["Account__c"] is None
    assert invoice["SystemModstamp"] == "2026-03-01T12:00:01.000Z"
    assert partner.count("SELECT COUNT() FROM Contact") == 0


def test_restricting_children_keep_their_parent(
    tmp_path_factory: pytest.TempPathFactory, clock: Clock
) -> None:
    """With on_delete = restrict a parent in use is not deleted."""
    path = tmp_path_factory.mktemp("restrict")
    text = DEFAULT_SCHEMA.read_text()
    schema = path / "schema.toml"
    lookup = 'children = "ERP_Invoices__r"'
    assert lookup in text
    schema.write_text(text.replace(lookup, f'{lookup}, on_delete = "restrict"'))
    with SandboxServer(path / "org.db", clock=clock, setup=Setup(schema=schema)) as server:
        partner = Partner(server)
        (account,) = partner.create("Account", {"Name": "A"})
        (invoice,) = partner.create(
            "ERP_Invoice__c", {"ERP_Key__c": "I1", "Account__c": str(account.id)}
        )
        assert partner.delete(account.id)[0].codes == ("DELETE_FAILED",)
        assert partner.delete(invoice.id, account.id)[1].success
        partner.http.close()


def test_undelete_brings_a_record_back(partner: Partner, clock: Clock) -> None:
    """It lives again, stamped; what is not in the recycle bin is refused."""
    gone, kept = partner.create("Account", {"Name": "A", "ERP_Key__c": "C1"}, {"Name": "B"})
    partner.delete(gone.id)
    clock.advance(seconds=3)
    back, refused, unknown = partner.undelete(gone.id, kept.id, "001000000000000AAA")
    assert back.success
    assert (refused.codes, unknown.codes) == (("UNDELETE_FAILED",), ("UNDELETE_FAILED",))
    (row,) = partner.rows("SELECT SystemModstamp FROM Account WHERE ERP_Key__c = 'C1'")
    assert row["SystemModstamp"] == "2026-03-01T12:00:03.000Z"


def test_undelete_meets_a_key_that_was_given_away(partner: Partner) -> None:
    """The external id belongs to another record now."""
    (gone,) = partner.create("Account", {"Name": "A", "ERP_Key__c": "C1"})
    partner.delete(gone.id)
    partner.create("Account", {"Name": "B", "ERP_Key__c": "C1"})
    assert partner.undelete(gone.id)[0].codes == ("DUPLICATE_VALUE",)
    assert partner.count("SELECT COUNT() FROM Account") == 1


def test_undelete_brings_back_what_went_along(partner: Partner, clock: Clock) -> None:
    """Contacts with their account, and the account of invoices that have no other since."""
    gone, other = partner.create("Account", {"Name": "A"}, {"Name": "B"})
    (contact,) = partner.create("Contact", {"LastName": "C", "AccountId": str(gone.id)})
    _, taken = partner.create(
        "ERP_Invoice__c", *[{"ERP_Key__c": key, "Account__c": str(gone.id)} for key in ("1", "2")]
    )
    partner.delete(gone.id)
    partner.update("ERP_Invoice__c", {"Id": str(taken.id), "Account__c": str(other.id)})
    clock.advance(seconds=9)
    assert partner.undelete(contact.id)[0].codes == ("UNDELETE_FAILED",)
    assert partner.undelete(gone.id)[0].success
    assert partner.count("SELECT COUNT() FROM Contact") == 1
    rows = partner.rows("SELECT Account__c, SystemModstamp FROM ERP_Invoice__c ORDER BY Id")
    assert [row["Account__c"] for row in rows] == [gone.id, other.id]
    assert [row["SystemModstamp"] for row in rows] == (
        ["2026-03-01T12:00:09.000Z", "2026-03-01T12:00:00.000Z"]
    )


def test_undelete_is_whole_or_not_at_all(tmp_path: Path, clock: Clock) -> None:
    """A child whose key was given away keeps its parent in the bin, too."""
    schema = tmp_path / "schema.toml"
    text = DEFAULT_SCHEMA.read_text()
    email = 'Email = { type = "email", length = 80 }'
    assert email in text
    schema.write_text(text.replace(email, email.replace(" }", ", unique = true }")))
    with SandboxServer(tmp_path / "org.db", clock=clock, setup=Setup(schema=schema)) as server:
        partner = Partner(server)
        (gone,) = partner.create("Account", {"Name": "A"})
        contact = {"LastName": "C", "Email": "c@example.com"}
        partner.create("Contact", {**contact, "AccountId": str(gone.id)})
        partner.delete(gone.id)
        partner.create("Contact", contact)
        assert partner.undelete(gone.id)[0].codes == ("DUPLICATE_VALUE",)
        assert partner.count("SELECT COUNT() FROM Account") == 0
        partner.http.close()


def test_an_emptied_bin_gives_nothing_back(partner: Partner, clock: Clock) -> None:
    """No undelete; getDeleted tells it still, queryAll for a day."""
    (gone,) = partner.create("Account", {"Name": "A"})
    partner.create("Contact", {"LastName": "C", "AccountId": str(gone.id)})
    assert partner.empty_recycle_bin(gone.id)[0].codes == ("DELETE_FAILED",)
    partner.delete(gone.id)
    (emptied,) = partner.empty_recycle_bin(gone.id)
    assert (emptied.success, emptied.id) == (True, gone.id)
    assert partner.undelete(gone.id)[0].codes == ("UNDELETE_FAILED",)
    assert partner.empty_recycle_bin(gone.id)[0].codes == ("DELETE_FAILED",)
    assert shown(partner, "Account", "Contact") == [1, 1]
    clock.advance(days=1)
    partner.renew()
    assert shown(partner, "Account", "Contact") == [0, 0]
    assert partner.deleted("Account", clock.ago(days=3), clock.moment) == [gone.id]
    assert partner.delete(gone.id)[0].codes == ("ENTITY_IS_DELETED",)


def test_the_bin_forgets_after_fifteen_days(partner: Partner, clock: Clock) -> None:
    """Then neither queryAll nor undelete find the record."""
    (gone,) = partner.create("Account", {"Name": "A"})
    partner.delete(gone.id)
    clock.advance(days=15, seconds=-1)
    partner.renew()
    assert shown(partner, "Account") == [1]
    clock.advance(seconds=1)
    assert shown(partner, "Account") == [0]
    assert partner.undelete(gone.id)[0].codes == ("UNDELETE_FAILED",)


def shown(partner: Partner, *kinds: str) -> list[int]:
    """How many records of each kind queryAll has."""
    return [len(partner.rows(f"SELECT Id FROM {kind}", operation="queryAll")) for kind in kinds]
