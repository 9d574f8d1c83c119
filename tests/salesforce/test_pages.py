"""Query pages and results as Salesforce recorded them, and as it may write them tomorrow."""

from pathlib import Path

import pytest
from lxml import etree

from bridge.salesforce import Page, RowResult, SObject, UserInfo
from bridge.salesforce.pages import decode_sobject
from tests.salesforce.scripted import envelope

ENVELOPES = Path(__file__).parents[3] / "shared/salesforce/envelopes"
recorded = pytest.mark.skipif(not ENVELOPES.exists(), reason="recorded envelopes are not here")


def results_in(content: bytes) -> list[etree._Element]:
    """The result elements of an envelope, parsed as the wire parses them."""
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    return root.findall("{*}Body/*/{*}result")


def page_of(records: str, rest: str = "<done>true</done><size>1</size>") -> Page:
    content = envelope(f"<queryResponse><result>{rest}{records}</result></queryResponse>")
    return Page.decode(results_in(content)[0])


@recorded
@pytest.mark.parametrize("name", ["query", "query_all", "query_more"])
def test_reads_a_recorded_page(name: str) -> None:
    """A page as it came from a real org: rows, size, no more pages; the second Id is dropped."""
    content = (ENVELOPES / f"soapforce-{name}_response.xml").read_bytes()
    page = Page.decode(results_in(content)[0])
    assert (page.size, page.locator) == (2, None)
    assert page.rows[0] == SObject(
        "Opportunity",
        "006A000000LZhwNIAT",
        {"Name": "Opportunity 1", "StageName": "Prospecting"},
    )


@recorded
def test_reads_a_recorded_retrieve() -> None:
    """A null is an empty field."""
    content = (ENVELOPES / "soapforce-retrieve_response.xml").read_bytes()
    sobject = decode_sobject(results_in(content)[0])
    assert sobject.id == "006A000000LbkT5IAJ"
    assert sobject.fields["Description"] is None


@recorded
def test_reads_recorded_write_results() -> None:
    """Upserts, and a write that was refused, as real orgs answered them."""
    taken = (ENVELOPES / "soapforce-upsert_response.xml").read_bytes()
    rows = [RowResult.decode(result) for result in results_in(taken)]
    assert [(row.success, row.created) for row in rows] == [(True, True), (True, False)]
    assert rows[0].id == "006A000000LbiizIAB"
    failure = (ENVELOPES / "soapforce-delete_response_failure.xml").read_bytes()
    refused = RowResult.decode(results_in(failure)[0])
    assert (refused.success, refused.id, refused.remedy) == (False, None, "GIVE_UP")
    assert str(refused.errors[0]) == "MALFORMED_ID: bad id 006i000004DAKd"


@recorded
def test_reads_a_recorded_user() -> None:
    """Who the session belongs to, as a real org told it."""
    content = (ENVELOPES / "soapforce-get_user_info_response.xml").read_bytes()
    user = UserInfo.decode(results_in(content)[0])
    assert (user.username, user.organization_id) == ("john.doe@email.com", "00DA0000000YpZ4MAK")


def test_reads_parents() -> None:
    """A parent is an sObject within; a parent that is missing is an empty field."""
    page = page_of(
        '<records xsi:type="sf:sObject"><sf:type>ERP_Invoice__c</sf:type><sf:Id>a00</sf:Id>'
        '<sf:Account__r xsi:type="sf:sObject">\n <sf:type>Account</sf:type>\n'
        '<sf:Id xsi:nil="true"/><sf:ERP_Key__c>C1</sf:ERP_Key__c></sf:Account__r>'
        '<sf:Owner xsi:nil="true"/></records>'
    )
    row = page.rows[0]
    assert row.fields["Account__r"] == SObject("Account", None, {"ERP_Key__c": "C1"})
    assert row.value_at(("Account__r", "ERP_Key__c")) == "C1"
    assert row.value_at(("Owner", "Name")) is None


@pytest.mark.parametrize("path", [("Nope",), ("Name", "Sub"), ("Account__r",)])
def test_a_path_that_was_not_selected_is_an_error(path: tuple[str, ...]) -> None:
    """A field that is not there is told apart from a field that is empty."""
    row = SObject("X", "1", {"Name": "n", "Account__r": SObject("Account", None, {})})
    with pytest.raises(KeyError):
        row.value_at(path)


def test_never_minds_what_it_does_not_know() -> None:
    """Addresses, sub-queries, other namespaces, new parts of a page: read or passed over."""
    page = page_of(
        '<records xsi:type="sf:sObject"><sf:type>Account</sf:type><sf:Id>001</sf:Id>'
        '<sf:BillingAddress xsi:type="address"><city>Rome</city></sf:BillingAddress>'
        '<sf:Contacts xsi:type="QueryResult"><done>true</done><records><sf:type>Contact</sf:type>'
        "</records></sf:Contacts><other xmlns='urn:new'>1</other></records><novelty/>",
        rest="<done>false</done><queryLocator>L-1</queryLocator><size>many</size>",
    )
    assert (page.size, page.locator) == (0, "L-1")
    assert page.rows[0].fields["BillingAddress"] == SObject("", None, {"city": "Rome"})
    assert page.rows[0].fields["other"] == "1"


def test_an_empty_page_has_no_rows() -> None:
    """COUNT() and queries that find nothing have a size and no rows."""
    assert page_of("", rest="<done>true</done><size>42</size>") == Page([], 42, None)


def test_a_page_that_is_done_leads_nowhere() -> None:
    """A locator beside "done" is not followed."""
    rest = "<done>true</done><queryLocator>L-1</queryLocator><size>1</size>"
    assert page_of("", rest=rest).locator is None
