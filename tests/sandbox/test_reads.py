from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bridge.sandbox import Limits, SandboxServer, Setup
from bridge.sandbox.schema import DEFAULT_SCHEMA
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner

SMALLEST = "<p:QueryOptions><p:batchSize>1</p:batchSize></p:QueryOptions>"


def fill(partner: Partner, count: int) -> None:
    for start in range(0, count, 200):
        rows = [{"Name": f"N{n:05}"} for n in range(start, min(start + 200, count))]
        assert all(result.success for result in partner.create("Account", *rows))


def names_of_pages(partner: Partner, soql: str, headers: str = "") -> list[list[str]]:
    """Every page's names, from query to the last queryMore."""
    page = partner.query(soql, headers=headers)
    pages = []
    while True:
        pages.append([e.text or "" for e in page.findall("p:records/sf:Name", NS)])
        locator = page.findtext("p:queryLocator", None, NS)
        assert (page.findtext("p:done", None, NS) == "true") == (not locator)
        if not locator:
            return pages
        page = partner.query_more(locator, headers)


def test_records_have_salesforces_wire_shape(partner: Partner) -> None:
    """type, Id (twice when asked for), fields in the order asked, nil for null, nested parents."""
    partner.create("Account", {"Name": "Müller & <Söhne>", "Credit_Limit__c": "1000"})
    page = partner.query(
        "SELECT Name, Id, Phone, Credit_Limit__c, IsDeleted, Owner.Name, Owner.Id, Parent.Name"
        " FROM Account"
    )
    assert page.get(f"{{{NS['xsi']}}}type") == "QueryResult"
    assert [child.tag.split("}")[1] for child in page] == [
        "done",
        "queryLocator",
        "records",
        "size",
    ]
    record = page.find("p:records", NS)
    assert record is not None
    assert record.get(f"{{{NS['xsi']}}}type") == "sf:sObject"
    tags = [child.tag.split("}")[1] for child in record]
    assert tags == (
        ["type", "Id", "Name", "Id", "Phone", "Credit_Limit__c", "IsDeleted", "Owner", "Parent"]
    )
    own, again = record.findall("sf:Id", NS)
    assert own.text == again.text
    assert record.findtext("sf:Name", None, NS) == "Müller & <Söhne>"
    assert record.findtext("sf:Credit_Limit__c", None, NS) == "1000.0"
    assert record.findtext("sf:IsDeleted", None, NS) == "false"
    for name in ("Phone", "Parent"):
        empty = record.find(f"sf:{name}", NS)
        assert empty is not None
        assert empty.get(f"{{{NS['xsi']}}}nil") == "true"
    owner = record.find("sf:Owner", NS)
    assert owner is not None
    assert owner.get(f"{{{NS['xsi']}}}type") == "sf:sObject"
    assert [child.tag.split("}")[1] for child in owner] == ["type", "Id", "Name", "Id"]


def test_an_id_that_was_not_asked_for_is_nil(partner: Partner) -> None:
    """The sObject's own Id element stands empty then."""
    partner.create("Account", {"Name": "A"})
    (own,) = partner.query("SELECT Name FROM Account").findall("p:records/sf:Id", NS)
    assert own.get(f"{{{NS['xsi']}}}nil") == "true"


def test_parents_are_followed_over_several_levels(partner: Partner) -> None:
    """Fields of a parent's parent are nested twice; filters and orders may use them too."""
    (top,) = partner.create("Account", {"Name": "Top"})
    (middle,) = partner.create("Account", {"Name": "Middle", "ParentId": str(top.id)})
    partner.create("Contact", {"LastName": "Kant", "AccountId": str(middle.id)})
    partner.create("Contact", {"LastName": "Hume"})
    rows = partner.rows(
        "SELECT Name, Account.Parent.Name, Account.Parent.Owner.Name FROM Contact c"
        " WHERE c.Account.Parent.Name = 'top' ORDER BY Account.Name"
    )
    assert len(rows) == 1
    assert rows[0]["Name"] == "Kant"
    assert rows[0]["Account.Parent.Name"] == "Top"
    assert rows[0]["Account.Parent.Owner.Name"] == "Ada Admin"


def test_count_answers_the_size_alone(partner: Partner) -> None:
    """COUNT() has no records; LIMIT caps it."""
    fill(partner, 5)
    page = partner.query("SELECT COUNT() FROM Account WHERE Name >= 'N00001'")
    assert page.findtext("p:size", None, NS) == "4"
    assert page.find("p:records", NS) is None
    assert partner.count("SELECT COUNT() FROM Account LIMIT 3") == 3


def test_a_large_result_comes_in_pages(partner: Partner) -> None:
    """2,000 a page unless told otherwise, every record once, in the order asked for."""
    fill(partner, 2450)
    pages = names_of_pages(partner, "SELECT Name FROM Account ORDER BY Name DESC")
    assert [len(page) for page in pages] == [2000, 450]
    names = [name for page in pages for name in page]
    assert names == [f"N{n:05}" for n in reversed(range(2450))]
    assert [
        len(page) for page in names_of_pages(partner, "SELECT Name FROM Account LIMIT 2001")
    ] == [
        2000,
        1,
    ]


def test_the_batch_size_is_kept_between_its_bounds(partner: Partner) -> None:
    """Less than 200 is 200; a result that fits one page needs no locator."""
    fill(partner, 450)
    pages = names_of_pages(partner, "SELECT Name FROM Account", SMALLEST)
    assert [len(page) for page in pages] == [200, 200, 50]
    assert len(names_of_pages(partner, "SELECT Name FROM Account LIMIT 200", SMALLEST)) == 1
    shifted = names_of_pages(partner, "SELECT Name FROM Account ORDER BY Id OFFSET 100", SMALLEST)
    assert [len(page) for page in shifted] == [200, 150]
    assert shifted[0][0] == "N00100"


def test_long_texts_come_in_small_pages(tmp_path: Path) -> None:
    """Two long text fields make pages of 200, whatever was asked for."""
    schema = tmp_path / "schema.toml"
    notes = 'Notes__c = { type = "textarea", length = 5000 }\nPhone'
    schema.write_text(DEFAULT_SCHEMA.read_text().replace("Phone", notes, 1))
    with SandboxServer(tmp_path / "org.db", setup=Setup(schema=schema)) as server:
        partner = Partner(server)
        fill(partner, 250)
        assert len(names_of_pages(partner, "SELECT Name, Notes__c FROM Account")) == 1
        pages = names_of_pages(partner, "SELECT Name, Notes__c, Description FROM Account")
        assert [len(page) for page in pages] == [200, 50]
        partner.http.close()


def test_pages_are_of_the_moment_of_the_query(partner: Partner) -> None:
    """What is created or moved while paging neither appears nor shifts the pages."""
    fill(partner, 450)
    page = partner.query("SELECT Name FROM Account ORDER BY Name", headers=SMALLEST)
    partner.create("Account", {"Name": "A"}, {"Name": "N00100b"})
    (first,) = partner.rows("SELECT Id FROM Account WHERE Name = 'N00000'")
    partner.update("Account", {"Id": str(first["Id"]), "Name": "N99999"})
    rest = partner.query_more(page.findtext("p:queryLocator", "", NS), SMALLEST)
    names = [e.text for e in rest.findall("p:records/sf:Name", NS)]
    assert names == [f"N{n:05}" for n in range(200, 400)]
    assert rest.findtext("p:size", None, NS) == "450"


def test_a_locator_may_be_used_again(partner: Partner) -> None:
    """A client that lost the answer asks for the same page once more."""
    fill(partner, 450)
    locator = partner.query("SELECT Name FROM Account", headers=SMALLEST).findtext(
        "p:queryLocator", "", NS
    )
    first, second = (partner.query_more(locator, SMALLEST) for _ in range(2))
    assert [r.findtext("sf:Name", None, NS) for r in first.findall("p:records", NS)] == [
        r.findtext("sf:Name", None, NS) for r in second.findall("p:records", NS)
    ]


@pytest.mark.parametrize("locator", ["", "x", "01g000000000000AAA-200", "nonsense-abc"])
def test_an_unknown_locator_is_refused(partner: Partner, locator: str) -> None:
    """INVALID_QUERY_LOCATOR, as its own kind of fault."""
    with pytest.raises(Fault) as refused:
        partner.query_more(locator)
    assert refused.value.code == "sf:INVALID_QUERY_LOCATOR"
    assert refused.value.detail is not None
    assert refused.value.detail.tag.endswith("}InvalidQueryLocatorFault")


def test_a_locator_ends_after_two_days(partner: Partner, clock: Clock) -> None:
    """Then the query has to be made again."""
    fill(partner, 201)
    page = partner.query("SELECT Name FROM Account", headers=SMALLEST)
    clock.advance(days=2)
    partner.renew()
    with pytest.raises(Fault, match="INVALID_QUERY_LOCATOR"):
        partner.query_more(page.findtext("p:queryLocator", "", NS))


def locators(partner: Partner, count: int) -> list[str]:
    """So many locators, each of a query of its own."""
    pages = [partner.query("SELECT Name FROM Account", headers=SMALLEST) for _ in range(count)]
    return [page.findtext("p:queryLocator", "", NS) for page in pages]


def test_old_cursors_make_room_for_new_ones(partner: Partner) -> None:
    """The ten newest live."""
    fill(partner, 201)
    opened = locators(partner, 12)
    with pytest.raises(Fault, match="INVALID_QUERY_LOCATOR"):
        partner.query_more(opened[1])
    assert partner.query_more(opened[2]).findtext("p:done", None, NS) == "true"


def test_the_lives_of_locators_can_be_chosen(tmp_path: Path, clock: Clock) -> None:
    """By number and by age."""
    limits = Limits(open_locators=1, locator_lifetime=timedelta(minutes=5))
    with SandboxServer(tmp_path / "org.db", clock=clock, setup=Setup(limits=limits)) as server:
        partner = Partner(server)
        fill(partner, 201)
        first, second = locators(partner, 2)
        with pytest.raises(Fault, match="INVALID_QUERY_LOCATOR"):
            partner.query_more(first)
        clock.advance(minutes=4)
        partner.query_more(second)
        clock.advance(minutes=1)
        with pytest.raises(Fault, match="INVALID_QUERY_LOCATOR"):
            partner.query_more(second)
        partner.http.close()


def test_keyset_windows_find_every_record_once(partner: Partner, clock: Clock) -> None:
    """Many rows share a SystemModstamp; paging by (SystemModstamp, Id) loses none of them."""
    for _ in range(3):
        fill(partner, 30)
        clock.advance(seconds=1)
    seen: list[str] = []
    where = ""
    while rows := partner.rows(
        f"SELECT Id, SystemModstamp FROM Account {where} ORDER BY SystemModstamp, Id LIMIT 7"
    ):
        seen += [str(row["Id"]) for row in rows]
        stamp, last = rows[-1]["SystemModstamp"], rows[-1]["Id"]
        where = f"WHERE (SystemModstamp = {stamp} AND Id > '{last}') OR SystemModstamp > {stamp}"
    assert len(seen) == 90
    assert all(one < other for one, other in pairwise(seen))


def test_query_all_shows_the_deleted_too(partner: Partner) -> None:
    """query hides deleted records, queryAll does not."""
    kept, gone = partner.create("Account", {"Name": "Kept"}, {"Name": "Gone"})
    partner.delete(gone.id)
    soql = "SELECT Id FROM Account"
    assert [row["Id"] for row in partner.rows(soql)] == [kept.id]
    both = {row["Id"] for row in partner.rows(soql, operation="queryAll")}
    assert both == {kept.id, gone.id}
    bin_only = partner.rows(f"{soql} WHERE IsDeleted = true", operation="queryAll")
    assert [row["Id"] for row in bin_only] == [gone.id]


def test_retrieve_answers_in_the_order_of_the_ids(partner: Partner) -> None:
    """Missing and deleted ones are nil, repeated ones repeated, 15 characters are enough."""
    one, two, gone = partner.create("Account", {"Name": "One"}, {"Name": "Two"}, {"Name": "Gone"})
    partner.delete(gone.id)
    wanted = [str(two.id)[:15], gone.id, one.id, two.id, f"{str(one.id)[:14]}Z"]
    body = "<p:fieldList>Name, Phone</p:fieldList><p:sObjectType>Account</p:sObjectType>" + "".join(
        f"<p:ids>{key}</p:ids>" for key in wanted
    )
    found = partner.call("retrieve", body)
    assert [record.findtext("sf:Name", None, NS) for record in found] == (
        ["Two", None, "One", "Two", None]
    )
    assert found[1].get(f"{{{NS['xsi']}}}nil") == "true"
    assert [element.text for element in found[0].findall("sf:Id", NS)] == [two.id]


def test_retrieve_shows_an_asked_id_twice(partner: Partner) -> None:
    """As query does."""
    (one,) = partner.create("Account", {"Name": "One"})
    body = "<p:fieldList>Id</p:fieldList><p:sObjectType>account</p:sObjectType>"
    (found,) = partner.call("retrieve", f"{body}<p:ids>{one.id}</p:ids>")
    assert [element.text for element in found.findall("sf:Id", NS)] == [one.id, one.id]


@pytest.mark.parametrize(
    ("kind", "keys", "code"),
    [
        ("Account", ["001000000000000AAA"] * 2001, "EXCEEDED_ID_LIMIT"),
        ("Account", ["nonsense"], "MALFORMED_ID"),
        ("Nothing", [], "INVALID_TYPE"),
    ],
)
def test_retrieve_refuses_what_it_cannot_answer(
    partner: Partner, kind: str, keys: list[str], code: str
) -> None:
    """Too many ids, a malformed id and an unknown type are faults."""
    ids = "".join(f"<p:ids>{key}</p:ids>" for key in keys)
    with pytest.raises(Fault, match=code):
        partner.call(
            "retrieve",
            f"<p:fieldList>Name</p:fieldList><p:sObjectType>{kind}</p:sObjectType>{ids}",
        )
