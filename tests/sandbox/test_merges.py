import pytest

from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner, sobject


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


def test_a_merge_leaves_its_traces(partner: Partner, clock: Clock) -> None:
    """getDeleted tells the loser; the winner, unchanged itself, is nowhere to be seen."""
    winner, loser = partner.create("Account", {"Name": "W"}, {"Name": "L"})
    clock.advance(minutes=5)
    merge(partner, {"Id": str(winner.id)}, loser.id)
    clock.advance(minutes=5)
    assert partner.deleted("Account", clock.ago(minutes=6), clock.moment) == [loser.id]
    assert partner.updated("Account", clock.ago(minutes=6), clock.moment) == []
    assert partner.updated("Account", clock.ago(minutes=11), clock.moment) == [winner.id]


def test_a_loser_that_is_undeleted_has_no_master(partner: Partner) -> None:
    """It lives on its own again; its children stay with the winner."""
    winner, loser = partner.create("Account", {"Name": "W"}, {"Name": "L"})
    partner.create("Contact", {"LastName": "C", "AccountId": str(loser.id)})
    merge(partner, {"Id": str(winner.id)}, loser.id)
    assert partner.undelete(loser.id)[0].success
    rows = partner.rows("SELECT MasterRecordId FROM Account ORDER BY Id")
    assert [row["MasterRecordId"] for row in rows] == [None, None]
    (contact,) = partner.rows("SELECT AccountId FROM Contact")
    assert contact["AccountId"] == winner.id


def test_a_winner_is_never_its_own_parent(partner: Partner) -> None:
    """A child that wins over its parent loses the reference."""
    (loser,) = partner.create("Account", {"Name": "L"})
    (winner,) = partner.create("Account", {"Name": "W", "ParentId": str(loser.id)})
    assert merge(partner, {"Id": str(winner.id)}, loser.id)[2] == "true"
    assert partner.rows("SELECT ParentId FROM Account")[0]["ParentId"] is None


def test_a_refused_winner_keeps_the_losers(partner: Partner) -> None:
    """A field of the winner that is taken elsewhere stops the merge."""
    winner, loser, _ = partner.create(
        "Account", {"Name": "W"}, {"Name": "L"}, {"Name": "T", "ERP_Key__c": "C1"}
    )
    taken = {"Id": str(winner.id), "ERP_Key__c": "C1"}
    assert merge(partner, taken, loser.id)[0] == ["DUPLICATE_VALUE"]
    assert partner.count("SELECT COUNT() FROM Account") == 3
