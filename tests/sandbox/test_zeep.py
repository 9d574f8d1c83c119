"""A client generated from Salesforce's own WSDL reads every answer, strictly."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zeep
from lxml import etree
from zeep.exceptions import Fault

from bridge.sandbox import SandboxServer
from tests.sandbox.partner import Partner

Caller = Callable[..., Any]


@pytest.fixture(scope="module")
def client(partner_wsdl: Path) -> Any:
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_external=True)
    return zeep.Client(str(partner_wsdl), settings=settings)  # type: ignore[no-untyped-call]


@pytest.fixture
def call(client: Any, sandbox: SandboxServer, partner: Partner) -> Caller:
    """Calls an operation by name; answers its body."""
    address = f"{sandbox.url}/services/Soap/u/66.0"
    service = client.create_service("{urn:partner.soap.sforce.com}SoapBinding", address)

    def call(operation: str, *arguments: Any, **headers: Any) -> Any:
        soap_headers = {"SessionHeader": {"sessionId": partner.token}, **headers}
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
        QueryOptions={"batchSize": 200, "scope": zeep.xsd.SkipValue},
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


def test_faults_are_typed(client: Any, call: Caller) -> None:
    """The detail of a fault is the type that the WSDL declares."""
    with pytest.raises(Fault) as refused:
        call("query", "SELECT Nope FROM Account")
    detail = refused.value.detail[0]
    kind = client.get_element("{urn:fault.partner.soap.sforce.com}MalformedQueryFault").type
    parsed = kind.parse_xmlelement(detail, client.wsdl.types)
    assert (parsed.exceptionCode, parsed.row, parsed.column) == ("INVALID_FIELD", 1, 8)
