import pytest

from bridge.sandbox import SandboxServer
from bridge.sandbox.schema import DEFAULT_SCHEMA
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner, sobject


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
    with SandboxServer(path / "org.db", schema=schema, clock=clock) as server:
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


def merge(
    partner: Partner, winner: dict[str, str], *losers: str | None
) -> "tuple[list[str], list[str], str]":
    """Error codes, merged ids, and success of one merge."""
    sent = "".join(f"<p:recordToMergeIds>{loser}</p:recordToMergeIds>" for loser in losers)
    master = f"<p:masterRecord>{sobject('Account', winner)}</p:masterRecord>"
    (found,) = partner.call("merge", f"<p:request>{master}{sent}</p:request>")
    codes = [e.text or "" for e in found.findall("p:errors/p:statusCode", NS)]
    merged = [e.text or "" for e in found.findall("p:mergedRecordIds", NS)]
    return codes, merged, found.findtext("p:success", "", NS)


def test_merge_deletes_the_loser_and_says_who_won(partner: Partner, clock: Clock) -> None:
    """The loser names the winner, its children move, and the winner shows nothing."""
    winner, loser = partner.create("Account", {"Name": "W"}, {"Name": "L"})
    partner.create("ERP_Invoice__c", {"ERP_Key__c": "I1", "Account__c": str(loser.id)})
    clock.advance(seconds=7)
    assert merge(partner, {"Id": str(winner.id)}, loser.id) == ([], [loser.id], "true")
    rows = partner.rows(
        "SELECT Id, IsDeleted, MasterRecordId, SystemModstamp FROM Account ORDER BY Id",
        operation="queryAll",
    )
    assert [(row["IsDeleted"], row["MasterRecordId"]) for row in rows] == [
        ("false", None),
        ("true", winner.id),
    ]
    assert rows[0]["SystemModstamp"] == "2026-03-01T12:00:00.000Z"
    (invoice,) = partner.rows("SELECT Account__c, SystemModstamp FROM ERP_Invoice__c")
    assert invoice["Account__c"] == winner.id
    assert invoice["SystemModstamp"] == "2026-03-01T12:00:07.000Z"


def test_a_bad_merge_changes_nothing(partner: Partner) -> None:
    """Itself, another type, a deleted loser, none or too many: refused, the winner untouched."""
    one, two, gone = partner.create("Account", {"Name": "1"}, {"Name": "2"}, {"Name": "3"})
    (contact,) = partner.create("Contact", {"LastName": "C"})
    partner.delete(gone.id)
    winner = {"Id": str(one.id), "Name": "changed"}
    assert merge(partner, winner, one.id)[0] == ["INVALID_MERGE_RECORD"]
    assert merge(partner, winner, contact.id)[0] == ["INVALID_MERGE_RECORD"]
    assert merge(partner, winner, two.id, gone.id)[0] == ["ENTITY_IS_DELETED"]
    assert merge(partner, winner)[0] == ["INVALID_MERGE_RECORD"]
    assert merge(partner, winner, two.id, two.id, two.id)[0] == ["INVALID_MERGE_RECORD"]
    assert partner.count("SELECT COUNT() FROM Account WHERE Name IN ('1', '2')") == 2
    with pytest.raises(Fault, match="does not support merge"):
        partner.call(
            "merge",
            f"<p:request><p:masterRecord>{sobject('Contact', {'Id': str(contact.id)})}"
            f"</p:masterRecord><p:recordToMergeIds>{one.id}</p:recordToMergeIds></p:request>",
        )
