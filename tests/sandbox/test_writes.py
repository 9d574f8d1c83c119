from concurrent.futures import ThreadPoolExecutor

import pytest

from bridge.sandbox import SandboxServer
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import Fault, Fields, Partner

ALL_OR_NONE = "<p:AllOrNoneHeader><p:allOrNone>true</p:allOrNone></p:AllOrNoneHeader>"
TRUNCATE = (
    "<p:AllowFieldTruncationHeader><p:allowFieldTruncation>true</p:allowFieldTruncation>"
    "</p:AllowFieldTruncationHeader>"
)


def test_a_created_record_is_found_as_it_was_sent(partner: Partner) -> None:
    """Every type of field comes back in its wire form, and the audit fields are set."""
    (account,) = partner.create("Account", {"Name": " Acme ", "ERP_Key__c": "C1"})
    assert account.success
    (invoice,) = partner.create(
        "ERP_Invoice__c",
        {
            "ERP_Key__c": "1000/1",
            "Account__c": str(account.id)[:15],
            "Issued_On__c": "2026-02-28",
            "Net_Amount__c": "11888.625",
            "Gross_Amount__c": "20433877",
            "Status__c": "OPEN",
        },
    )
    (row,) = partner.rows(
        "SELECT Name, Account__c, Account__r.Name, Issued_On__c, Net_Amount__c, Gross_Amount__c,"
        " Status__c, CreatedDate, SystemModstamp, CreatedBy.Username FROM ERP_Invoice__c"
    )
    assert row["Name"] == "INV-00000001"
    assert row["Account__c"] == account.id
    assert row["Account__r.Name"] == "Acme"
    assert row["Issued_On__c"] == "2026-02-28"
    assert (row["Net_Amount__c"], row["Gross_Amount__c"]) == ("11888.625", "2.0433877E7")
    assert row["CreatedDate"] == row["SystemModstamp"] == "2026-03-01T12:00:00.000Z"
    assert row["CreatedBy.Username"] == "admin@example.com"
    assert str(invoice.id).startswith("a00")


def test_an_update_changes_what_was_sent_and_nothing_else(partner: Partner, clock: Clock) -> None:
    """Empty elements are ignored, fieldsToNull empties, the stamp moves."""
    (made,) = partner.create(
        "Account", {"Name": "A", "Phone": "1", "Website": "w", "BillingCity": "Ulm"}
    )
    clock.advance(seconds=90)
    (done,) = partner.update(
        "Account", {"Id": str(made.id), "Phone": "2", "Website": None, "Name": ""}
    )
    assert done.success
    (row,) = partner.rows(
        "SELECT Name, Phone, Website, BillingCity, CreatedDate, SystemModstamp FROM Account"
    )
    assert (row["Name"], row["Phone"], row["Website"], row["BillingCity"]) == (
        "A",
        "2",
        None,
        "Ulm",
    )
    assert (row["CreatedDate"], row["SystemModstamp"]) == (
        "2026-03-01T12:00:00.000Z",
        "2026-03-01T12:01:30.000Z",
    )


def test_upsert_creates_then_updates(partner: Partner) -> None:
    """The first call answers created, the second the same id and not created."""
    (first,) = partner.upsert("Account", {"ERP_Key__c": "C1", "Name": "A"})
    (second,) = partner.upsert("Account", {"ERP_Key__c": "C1", "Phone": "5"})
    (other,) = partner.upsert("Account", {"ERP_Key__c": "c1", "Name": "B"})
    assert (first.created, second.created, other.created) == (True, False, True)
    assert first.id == second.id != other.id
    assert partner.count("SELECT COUNT() FROM Account") == 2


def test_upsert_by_id_creates_and_updates(partner: Partner) -> None:
    """Id is an external id too: with one a record is changed, without one it is made."""
    (made,) = partner.upsert("Account", {"Name": "A"}, key="Id")
    changed, new = partner.upsert(
        "Account", {"Id": str(made.id), "Name": "B"}, {"Name": "C"}, key="Id"
    )
    assert (changed.created, changed.id, new.created) == (False, made.id, True)


def test_the_same_key_twice_in_a_call_fails_those_rows(partner: Partner) -> None:
    """Their neighbour is saved."""
    results = partner.upsert(
        "Account",
        {"ERP_Key__c": "C1", "Name": "A"},
        {"ERP_Key__c": "C2", "Name": "B"},
        {"ERP_Key__c": "C1", "Name": "C"},
    )
    assert [result.codes for result in results] == [("DUPLICATE_VALUE",), (), ("DUPLICATE_VALUE",)]
    assert results[0].messages == ("Duplicate external id specified: C1",)
    assert [row["Name"] for row in partner.rows("SELECT Name FROM Account")] == ["B"]


def test_a_parent_is_found_by_its_external_id(partner: Partner) -> None:
    """A nested sObject names the parent; one that is not there fails its row alone."""
    (account,) = partner.create("Account", {"Name": "A", "ERP_Key__c": "C1"})
    good, bad = partner.upsert(
        "ERP_Invoice__c",
        {"ERP_Key__c": "I1", "Account__r": {"ERP_Key__c": "C1"}},
        {"ERP_Key__c": "I2", "Account__r": {"ERP_Key__c": "C9"}},
    )
    assert good.success
    assert bad.codes == ("INVALID_FIELD",)
    assert bad.messages == (
        "Foreign key external ID: C9 not found for field ERP_Key__c in entity Account",
    )
    (row,) = partner.rows("SELECT Account__c FROM ERP_Invoice__c")
    assert row["Account__c"] == account.id


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Name]"),
        ({"Name": "x" * 256}, "STRING_TOO_LONG", "(max length=255)"),
        ({"Name": "A", "Nope__c": "1"}, "INVALID_FIELD", "No such column 'Nope__c'"),
        (
            {"Name": "A", "CreatedDate": "2026-01-01T00:00:00Z"},
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "CreatedDate",
        ),
        ({"Name": "A", "Id": "001000000000000AAA"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Id"),
        ({"Name": "A", "ERP_Status__c": "GONE"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "GONE"),
        ({"Name": "A", "Credit_Limit__c": "1e17"}, "NUMBER_OUTSIDE_VALID_RANGE", "1e17"),
        ({"Name": "A", "Credit_Limit__c": "ten"}, "INVALID_TYPE_ON_FIELD_IN_RECORD", "ten"),
        ({"Name": "A", "ERP_Email__c": "nobody"}, "INVALID_EMAIL_ADDRESS", "nobody"),
        ({"Name": "A", "ParentId": "nonsense"}, "MALFORMED_ID", "nonsense"),
        (
            {"Name": "A", "ParentId": "001000000000000AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "cross reference",
        ),
        (
            {"Name": "A", "ParentId": "003000000000000AAA"},
            "FIELD_INTEGRITY_EXCEPTION",
            "incorrect type",
        ),
        ({"Name": "A", "Parent": {"Name": "B"}}, "INVALID_FIELD", "exactly one External ID"),
        ({"Name": "A", "Account__r": {"ERP_Key__c": "B"}}, "INVALID_FIELD", "Account__r"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_saved(
    partner: Partner, fields: Fields, code: str, message: str
) -> None:
    """Each kind of mistake has Salesforce's status code; results keep the order of the rows."""
    before, bad, after = partner.create("Account", {"Name": "B"}, fields, {"Name": "C"})
    assert before.success
    assert after.success
    assert (bad.success, bad.id, bad.codes) == (False, None, (code,))
    assert message in bad.messages[0]
    assert partner.count("SELECT COUNT() FROM Account") == 2


def test_errors_name_their_fields(partner: Partner) -> None:
    """Several mistakes of a row are told at once, each with its field."""
    (bad,) = partner.create("Account", {"Phone": "1" * 41, "Credit_Limit__c": "x"})
    assert bad.codes == (
        "STRING_TOO_LONG",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "REQUIRED_FIELD_MISSING",
    )
    assert bad.fields == ("Phone", "Credit_Limit__c", "Name")


def test_too_long_texts_are_cut_when_the_header_allows(partner: Partner) -> None:
    """AllowFieldTruncationHeader turns STRING_TOO_LONG into a cut."""
    (made,) = partner.create("Account", {"Name": "x" * 300}, headers=TRUNCATE)
    assert made.success
    assert partner.rows("SELECT Name FROM Account")[0]["Name"] == "x" * 255


def test_a_required_field_cannot_be_emptied(partner: Partner) -> None:
    """fieldsToNull on Name fails the row."""
    (made,) = partner.create("Account", {"Name": "A"})
    (bad,) = partner.update("Account", {"Id": str(made.id), "Name": None})
    assert bad.codes == ("REQUIRED_FIELD_MISSING",)


def test_updates_need_a_living_record(partner: Partner) -> None:
    """No id, a malformed, another type's, an unknown, a deleted and a repeated one are refused."""
    one, gone = partner.create("Account", {"Name": "A"}, {"Name": "B"})
    partner.delete(gone.id)
    results = partner.update(
        "Account",
        {"Name": "X"},
        {"Id": "nonsense", "Phone": "1"},
        {"Id": "003000000000000AAA", "Name": "X"},
        {"Id": "001000000000000AAA", "Name": "X"},
        {"Id": str(gone.id), "Name": "X"},
        {"Id": str(one.id), "Name": "Y"},
        {"Id": str(one.id), "Name": "Z"},
    )
    assert [result.codes for result in results] == [
        ("MISSING_ARGUMENT",),
        ("MALFORMED_ID",),
        ("MALFORMED_ID",),
        ("INVALID_CROSS_REFERENCE_KEY",),
        ("ENTITY_IS_DELETED",),
        (),
        ("DUPLICATE_VALUE",),
    ]
    assert [row["Name"] for row in partner.rows("SELECT Name FROM Account")] == ["Y"]


def test_upserts_need_their_key_and_no_id(partner: Partner) -> None:
    """A row without the external id, or with an Id beside it, fails."""
    without, both = partner.upsert(
        "Account",
        {"Name": "A"},
        {"Name": "B", "ERP_Key__c": "C1", "Id": "001000000000000AAA"},
    )
    assert without.codes == ("MISSING_ARGUMENT",)
    assert both.codes == ("INVALID_FIELD_FOR_INSERT_UPDATE",)


def test_unique_values_are_unique(partner: Partner) -> None:
    """Create and update answer DUPLICATE_VALUE and name the record that holds the value."""
    holder, other = partner.create("Account", {"Name": "A", "ERP_Key__c": "C1"}, {"Name": "B"})
    (made,) = partner.create("Account", {"Name": "C", "ERP_Key__c": "C1"})
    (moved,) = partner.update("Account", {"Id": str(other.id), "ERP_Key__c": "C1"})
    for result in (made, moved):
        assert result.codes == ("DUPLICATE_VALUE",)
        assert result.messages == (
            "duplicate value found: ERP_Key__c duplicates value on record with id:"
            f" {str(holder.id)[:15]}",
        )


def test_a_deleted_record_gives_its_key_free(partner: Partner) -> None:
    """The same external id may be created again."""
    (first,) = partner.upsert("Account", {"ERP_Key__c": "C1", "Name": "A"})
    partner.delete(first.id)
    (second,) = partner.upsert("Account", {"ERP_Key__c": "C1", "Name": "B"})
    assert second.created
    assert second.id != first.id


def test_all_or_none_undoes_the_innocent(partner: Partner) -> None:
    """One bad row: the good ones are told ALL_OR_NONE_OPERATION_ROLLED_BACK, nothing is saved."""
    good, bad = partner.upsert(
        "Account", {"ERP_Key__c": "C1", "Name": "A"}, {"ERP_Key__c": "C2"}, headers=ALL_OR_NONE
    )
    assert (good.success, good.id, good.created) == (False, None, False)
    assert good.codes == ("ALL_OR_NONE_OPERATION_ROLLED_BACK",)
    assert bad.codes == ("REQUIRED_FIELD_MISSING",)
    assert partner.count("SELECT COUNT() FROM Account") == 0
    (later,) = partner.upsert("Account", {"ERP_Key__c": "C1", "Name": "A"}, headers=ALL_OR_NONE)
    assert later.created


def test_a_call_takes_200_records(partner: Partner) -> None:
    """One more is a fault, and nothing of it is saved."""
    rows = [{"Name": f"A{n}", "ERP_Key__c": f"C{n}"} for n in range(201)]
    for attempt in (partner.create, partner.update, partner.upsert):
        with pytest.raises(Fault, match="cannot submit more than 200"):
            attempt("Account", *rows)
    assert len(partner.upsert("Account", *rows[:200])) == 200
    assert partner.count("SELECT COUNT() FROM Account") == 200


def test_create_mixes_types_and_upsert_does_not(partner: Partner) -> None:
    """Results of mixed rows keep their order; upsert refuses the call."""
    mixed = (
        "<p:sObjects><sf:type>Account</sf:type><sf:Name>A</sf:Name></p:sObjects>"
        "<p:sObjects><sf:type>Contact</sf:type><sf:LastName>B</sf:LastName></p:sObjects>"
    )
    found = partner.call("create", mixed)
    keys = [element.findtext("{urn:partner.soap.sforce.com}id") or "" for element in found]
    assert [key[:3] for key in keys] == ["001", "003"]
    with pytest.raises(Fault, match="one type"):
        partner.call("upsert", f"<p:externalIDFieldName>Id</p:externalIDFieldName>{mixed}")


@pytest.mark.parametrize(
    ("kind", "key", "code"),
    [
        ("Nothing__c", "ERP_Key__c", "INVALID_TYPE"),
        ("Account", "Name", "INVALID_FIELD"),
        ("Account", "Nope__c", "INVALID_FIELD"),
        ("User", "Id", "INVALID_TYPE_FOR_OPERATION"),
    ],
)
def test_calls_that_make_no_sense_are_faults(
    partner: Partner, kind: str, key: str, code: str
) -> None:
    """An unknown type, a field that is no external id, a read-only object."""
    with pytest.raises(Fault, match=code):
        partner.upsert(kind, {"Name": "A"}, key=key)


def test_threads_that_upsert_the_same_keys_make_no_duplicates(sandbox: SandboxServer) -> None:
    """Eight clients, the same 50 keys at once: 50 records, each created once."""

    def upsert(n: int) -> list[bool | None]:
        partner = Partner(sandbox)
        rows = [{"ERP_Key__c": f"C{key}", "Name": f"by {n}"} for key in range(50)]
        results = partner.upsert("Account", *rows)
        partner.http.close()
        assert all(result.success for result in results)
        return [result.created for result in results]

    with ThreadPoolExecutor(8) as pool:
        created = [flag for flags in pool.map(upsert, range(8)) for flag in flags]
    assert sum(flag is True for flag in created) == 50
    partner = Partner(sandbox)
    assert partner.count("SELECT COUNT() FROM Account") == 50
    partner.http.close()


def test_threads_that_create_get_ids_of_their_own(sandbox: SandboxServer) -> None:
    """Concurrent creates share no id, and readers meanwhile are never disturbed."""

    def create(n: int) -> list[str]:
        partner = Partner(sandbox)
        keys = []
        for turn in range(5):
            keys += [str(r.id) for r in partner.create("Account", *[{"Name": f"{n}"}] * 20)]
            assert partner.count("SELECT COUNT() FROM Account") >= 20 * (turn + 1)
        partner.http.close()
        return keys

    with ThreadPoolExecutor(8) as pool:
        keys = [key for some in pool.map(create, range(8)) for key in some]
    assert len(set(keys)) == len(keys) == 800
