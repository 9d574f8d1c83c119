"""A client generated from Salesforce's own WSDL reads every answer, strictly."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep.exceptions import Fault

from bridge.sandbox import SandboxServer
from tests.sandbox.conftest import Clock

Caller = Callable[..., Any]


@pytest.fixture(scope="module")
def client(partner_wsdl: Path) -> Any:
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_external=True)
    return zeep.Client(str(partner_wsdl), settings=settings)  # type: ignore[no-untyped-call]


def small_pages(client: Any) -> Any:
    """The header in the WSDL's own form: the newer one knows a scope, which stays away."""
    header = client.get_element("{urn:partner.soap.sforce.com}QueryOptions")(200)
    if hasattr(header, "scope"):
        header.scope = zeep.xsd.SkipValue
    return header


def service_at(client: Any, address: str) -> Any:
    return client.create_service("{urn:partner.soap.sforce.com}SoapBinding", address)


def log_in(client: Any, sandbox: SandboxServer) -> Any:
    """login() at 64.0, the last version that has it."""
    credentials = sandbox.credentials
    service = service_at(client, f"{sandbox.url}/services/Soap/u/64.0")
    answer = service.login(credentials.username, credentials.password)
    return getattr(answer, "body", answer)  # zeep unwraps answers without headers


@pytest.fixture
def call(client: Any, sandbox: SandboxServer, partner_wsdl: Path) -> Caller:
    """Calls an operation by name, logged in by login(); answers its body."""
    session_id = log_in(client, sandbox).sessionId
    version = partner_wsdl.stem.removeprefix("partner-")
    service = service_at(client, f"{sandbox.url}/services/Soap/u/{version}")

    def call(operation: str, *arguments: Any, **headers: Any) -> Any:
        soap_headers = {"SessionHeader": {"sessionId": session_id}, **headers}
        answer = service[operation](*arguments, _soapheaders=soap_headers)
        assert answer.header.LimitInfoHeader.limitInfo[0].type == "API REQUESTS"
        return answer.body.result

    return call


def sobject(client: Any, kind: str, **fields: str) -> Any:
    namespace = "{urn:sobject.partner.soap.sforce.com}"
    elements = []
    for name, value in fields.items():
        element = etree.Element(namespace + name)
        element.text = value
        elements.append(element)
    return client.get_type(f"{namespace}sObject")(
        type=kind, Id=zeep.xsd.SkipValue, _value_1=elements
    )


def test_login_tells_where_to_call(client: Any, sandbox: SandboxServer) -> None:
    """The address of the version that was logged in at, and the user."""
    result = log_in(client, sandbox)
    assert result.serverUrl.startswith(f"{sandbox.url}/services/Soap/u/64.0/00D")
    assert result.userInfo.userName == sandbox.credentials.username
    found = service_at(client, result.serverUrl).query(
        "SELECT Id FROM User", _soapheaders={"SessionHeader": {"sessionId": result.sessionId}}
    )
    assert found.body.result.records[0].Id == result.userId


def test_writes_are_read_back(client: Any, call: Caller) -> None:
    """create, upsert, update, delete and undelete answer typed results."""
    (made,) = call("create", [sobject(client, "Account", Name="A", ERP_Key__c="C1")])
    assert made.success
    assert made.errors == []
    (again,) = call(
        "upsert", "ERP_Key__c", [sobject(client, "Account", Phone="1", ERP_Key__c="C1")]
    )
    assert (again.created, again.id) == (False, made.id)
    (bad,) = call("create", [sobject(client, "Account", Phone="1" * 41)])
    assert [error.statusCode for error in bad.errors] == [
        "STRING_TOO_LONG",
        "REQUIRED_FIELD_MISSING",
    ]
    assert bad.errors[1].fields == ["Name"]
    assert call("delete", [made.id])[0].success
    assert call("undelete", [made.id])[0].success


def test_queries_are_read_in_pages(client: Any, call: Caller) -> None:
    """Records, locator and size are where the WSDL has them."""
    for start in (0, 200):
        rows = [sobject(client, "Account", Name=f"N{n}") for n in range(start, start + 200)]
        assert all(result.success for result in call("create", rows))
    page = call(
        "query",
        "SELECT Id, Name, Owner.Name FROM Account",
        QueryOptions=small_pages(client),
    )
    assert (page.done, page.size, len(page.records)) == (False, 400, 200)
    rest = call("queryMore", page.queryLocator)
    assert (rest.done, rest.queryLocator, len(rest.records)) == (True, None, 200)
    assert call("queryAll", "SELECT COUNT() FROM Account").size == 400
    (found,) = call("retrieve", "Name", "Account", [page.records[0].Id])
    assert found.type == "Account"


def test_the_schema_is_read(call: Caller) -> None:
    """Every element of describeSObject stands in the WSDL's order, or strict zeep would refuse."""
    (account, invoice) = call("describeSObjects", ["Account", "ERP_Invoice__c"])
    fields = {field.name: field for field in account.fields}
    assert fields["ERP_Key__c"].externalId
    assert fields["ERP_Key__c"].caseSensitive
    assert fields["Name"].nillable is False
    assert [entry.value for entry in fields["ERP_Status__c"].picklistValues] == [
        "ACTIVE",
        "BLOCKED",
        "CLOSED",
    ]
    gross = next(field for field in invoice.fields if field.name == "Gross_Amount__c")
    assert (gross.type, gross.soapType, gross.precision, gross.scale) == (
        "double",
        "xsd:double",
        18,
        4,
    )
    children = {child.childSObject for child in account.childRelationships}
    assert children == {
        "Account",
        "Contact",
        "ERP_Invoice__c",
        "ERP_Payment__c",
        "ERP_Credit_Memo__c",
    }
    assert call("describeSObject", "user").createable is False
    names = [sobject.name for sobject in call("describeGlobal").sobjects]
    assert "ERP_Credit_Memo__c" in names


def test_the_rest_is_read(call: Caller) -> None:
    """getUserInfo, getServerTimestamp, getUpdated and getDeleted."""
    assert call("getUserInfo").userName == "admin@example.com"
    now = call("getServerTimestamp").timestamp
    assert now == datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    window = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 13, tzinfo=UTC))
    assert call("getUpdated", "Account", *window).ids == []
    assert call("getDeleted", "Account", *window).deletedRecords == []


def test_merges_and_deletions_are_told(client: Any, call: Caller, clock: Clock) -> None:
    """The merged loser is among the deleted, and gone for good once the bin is emptied."""
    winner, loser = call(
        "create", [sobject(client, "Account", Name="W"), sobject(client, "Account", Name="L")]
    )
    master = sobject(client, "Account", Phone="1")
    master.Id = winner.id
    (merged,) = call("merge", [{"masterRecord": master, "recordToMergeIds": [loser.id]}])
    assert (merged.success, merged.id, merged.mergedRecordIds) == (True, winner.id, [loser.id])
    clock.advance(minutes=2)
    window = (clock.moment - timedelta(minutes=10), clock.moment)
    (gone,) = call("getDeleted", "Account", *window).deletedRecords
    assert gone.id == loser.id


def test_faults_are_typed(client: Any, call: Caller) -> None:
    """The detail of a fault is the type that the WSDL declares."""
    with pytest.raises(Fault) as refused:
        call("query", "SELECT Nope FROM Account")
    detail = refused.value.detail[0]
    kind = client.get_element("{urn:fault.partner.soap.sforce.com}MalformedQueryFault").type
    parsed = kind.parse_xmlelement(detail, client.wsdl.types)
    assert (parsed.exceptionCode, parsed.row, parsed.column) == ("INVALID_FIELD", 1, 8)
