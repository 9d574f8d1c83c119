"""What goes over the wire, with the WSDL built in and with an org's own."""

# zeep is typed in part only:
# mypy: allow-untyped-calls

import gzip
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from pydantic import SecretStr
from zeep import Client, Settings

from bridge.salesforce import (
    Auth,
    BadWsdl,
    SalesforceClient,
    SalesforceError,
    SalesforceSettings,
    SObject,
)
from bridge.salesforce.binding import BUILT_IN_WSDL
from bridge.sandbox import SandboxServer
from tests.salesforce.scripted import PARTNER, SOAP, Reply, Server, envelope, fault, settings_for

WSDLS = Path(__file__).parents[3] / "shared/salesforce/wsdl"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
real_wsdls = pytest.mark.skipif(not WSDLS.exists(), reason="Salesforce's own WSDLs are not here")

ROW = SObject(
    "ERP_Invoice__c",
    None,
    {
        "ERP_Key__c": "1000/1",
        "Gross_Amount__c": "119.5",
        "Due_On__c": None,
        "Account__r": SObject("Account", None, {"ERP_Key__c": "C1"}),
        "Purchase_Order__c": "Größe & <x>",
    },
)
OPERATIONS = [
    "login",
    "getServerTimestamp",
    "getUserInfo",
    "query",
    "queryMore",
    "queryAll",
    "create",
    "update",
    "upsert",
    "delete",
    "retrieve",
    "describeSObjects",
    "getUpdated",
    "getDeleted",
]
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sent_with(server: Server, wsdl: Path | None) -> list[tuple[str, str, bytes]]:
    """Every operation called once: path, SOAPAction and body of each request."""
    session = f"<serverUrl>{server.url}/services/Soap/u/64.0</serverUrl><sessionId>S</sessionId>"
    logged_in = Reply(200, envelope(f"<loginResponse><result>{session}</result></loginResponse>"))
    row = "<records><sf:type>Account</sf:type><sf:Id>001000000000001AAA</sf:Id></records>"
    more = f"<done>false</done><queryLocator>01g-2000</queryLocator>{row}<size>9</size>"
    page = Reply(200, envelope(f"<queryResponse><result>{more}</result></queryResponse>"))
    replies = {"login": logged_in, "query": page}
    server.answer = lambda asked: replies.get(asked.operation, fault("INSUFFICIENT_ACCESS"))
    server.asked.clear()
    settings = settings_for(
        server,
        wsdl=wsdl,
        auth="login",
        api_version="64.0",
        username="a@example.com",
        password="p",
        save_despite_duplicate_rules=True,
    )
    with SalesforceClient(settings) as client:
        for call in (
            client.server_timestamp,
            client.user_info,
            lambda: list(client.query_pages("SELECT Id FROM Account WHERE Name < 'ü'")),
            lambda: next(client.query_pages("SELECT Id FROM Account", include_deleted=True)),
            lambda: client.create([ROW]),
            lambda: client.update([SObject("Account", "001000000000001AAA", {"Name": "A"})]),
            lambda: client.upsert("ERP_Invoice__c", "ERP_Key__c", [ROW, ROW]),
            lambda: client.delete(["001000000000001AAA", "001000000000002AAA"]),
            lambda: client.retrieve("Account", ["Id", "Name"], ["001000000000001AAA"]),
            lambda: client.describe(["Account", "Contact"]),
            lambda: client.updated_ids("Account", MOMENT, MOMENT),
            lambda: client.deleted_ids("Account", MOMENT, MOMENT),
        ):
            with suppress(SalesforceError):
                call()
    return [(asked.path, asked.headers["SOAPAction"], asked.body) for asked in server.asked]


def operation_in(body: bytes) -> str:
    (operation,) = etree.fromstring(body).iterfind(f"{{{SOAP}}}Body/*")
    return etree.QName(operation).localname


@real_wsdls
@pytest.mark.parametrize("name", ["partner-66.0.wsdl", "partner-49.0.wsdl"])
def test_sends_the_same_bytes_with_an_orgs_own_wsdl(server: Server, name: str) -> None:
    """The built-in WSDL and Salesforce's own give the same messages, byte by byte."""
    ours = sent_with(server, None)
    assert [operation_in(body) for *_, body in ours] == OPERATIONS
    assert sent_with(server, WSDLS / name) == ours


@pytest.mark.parametrize(
    ("version", "wsdl"),
    [
        ("40.0", None),
        ("49.0", None),
        ("64.0", None),
        ("68.0", None),
        pytest.param("49.0", "partner-49.0.wsdl", marks=real_wsdls),
        pytest.param("66.0", "partner-66.0.wsdl", marks=real_wsdls),
    ],
)
def test_works_with_every_version(sandbox: SandboxServer, version: str, wsdl: str | None) -> None:
    """Writes, reads and describes, whichever WSDL it is bound by."""
    settings = SalesforceSettings(
        login_url=sandbox.url,
        auth=Auth.CLIENT_CREDENTIALS,
        client_id=sandbox.credentials.client_id,
        client_secret=SecretStr(sandbox.credentials.client_secret),
        api_version=version,
        wsdl=WSDLS / wsdl if wsdl else None,
    )
    key = f"V{version}{wsdl}"
    row = SObject("Account", None, {"ERP_Key__c": key, "Name": "Größe", "Phone": None})
    with SalesforceClient(settings) as client:
        (result,) = client.upsert("Account", "ERP_Key__c", [row])
        assert result.success, result
        soql = f"SELECT Id, Name, Phone FROM Account WHERE ERP_Key__c = '{key}'"
        (page,) = client.query_pages(soql)
        assert page.rows[0].fields == {"Name": "Größe", "Phone": None}
        assert client.describe(["Account"])["Account"].fields["Name"].length == 255
        client.delete([str(result.id)])


def test_unknown_elements_break_nothing(server: Server) -> None:
    """A newer org may say more, wherever it likes: what is known is read as before."""
    new = f"<brandNew xmlns='{PARTNER}' a='b'><deep>x</deep></brandNew>"
    header = (
        f"<Future>{new}</Future><LimitInfoHeader>{new}<limitInfo>{new}<current>7</current>"
        f"<limit>9000</limit><type>API REQUESTS</type>{new}</limitInfo></LimitInfoHeader>"
    )
    bodies = {
        "query": f"<queryResponse>{new}<result>{new}<done>true</done>"
        "<records xsi:type='sf:sObject'><sf:type>Account</sf:type>"
        "<sf:Id>001000000000001AAA</sf:Id><sf:Name>A</sf:Name></records>"
        f"<size>1</size>{new}</result>{new}</queryResponse>",
        "upsert": f"<upsertResponse><result>{new}<created>true</created><errors>{new}"
        f"<message>no</message><statusCode>NEW_CODE</statusCode></errors>"
        f"<success>false</success>{new}</result></upsertResponse>",
        "getUserInfo": f"<getUserInfoResponse><result>{new}<organizationId>00D</organizationId>"
        f"<userName>ada</userName></result></getUserInfoResponse>",
        "describeSObjects": f"<describeSObjectsResponse><result>{new}<fields>{new}"
        f"<name>Name</name><type>brandNewType</type></fields><name>Account</name></result>"
        "</describeSObjectsResponse>",
    }
    server.answer = lambda asked: Reply(200, envelope(bodies[asked.operation], header))
    with SalesforceClient(settings_for(server)) as client:
        (page,) = client.query_pages("SELECT Id, Name FROM Account")
        assert page.rows == [SObject("Account", "001000000000001AAA", {"Name": "A"})]
        (result,) = client.upsert("Account", "ERP_Key__c", page.rows)
        assert result.errors[0].code == "NEW_CODE"
        assert client.user_info().username == "ada"
        assert client.describe(["Account"])["Account"].fields["Name"].type == "brandNewType"
        assert client.limit is not None
        assert client.limit.current == 7


@real_wsdls
@pytest.mark.parametrize("name", ["partner-66.0.wsdl", "partner-49.0.wsdl"])
def test_the_built_in_wsdl_says_what_the_real_one_says(name: str) -> None:
    """Types, messages and faults are those of the real WSDL, less what is never called."""
    ours, real = etree.fromstring(BUILT_IN_WSDL.read_bytes()), etree.parse(WSDLS / name).getroot()
    later_than_49 = {"defaultAppIdForProfile", "upgradeURL", "upgradeMessage"}
    for path in ("{*}complexType", "{*}element"):
        theirs = {
            e.get("name"): parts_of(e) for e in real.iterfind(f"{{*}}types/{{*}}schema/{path}")
        }
        for element in ours.iterfind(f"{{*}}types/{{*}}schema/{path}"):
            known = [part for part in parts_of(element) if part[0] not in later_than_49]
            if element.get("name") not in ("DescribeSObjectResult", "LimitInfo"):
                assert is_within(known, theirs[element.get("name")]), element.get("name")
    their_faults = faults_of(real)
    assert {name: their_faults[name] for name in faults_of(ours)} == faults_of(ours)


def parts_of(declaration: etree._Element) -> list[tuple[str | None, ...]]:
    attributes = ("name", "type", "minOccurs", "maxOccurs", "nillable")
    nested = declaration.iterfind(".//{*}sequence/*")
    return [tuple(part.get(name) for name in attributes) for part in nested if part.get("name")]


def is_within(few: list[tuple[str | None, ...]], many: list[tuple[str | None, ...]]) -> bool:
    """Whether the few stand among the many, in their order."""
    rest = iter(many)
    return all(part in rest for part in few)


def faults_of(wsdl: etree._Element) -> dict[str | None, set[str | None]]:
    return {
        operation.get("name"): {fault.get("name") for fault in operation.iterfind("{*}fault")}
        for operation in wsdl.iterfind("{*}portType/{*}operation")
    }


def test_an_sobject_stands_in_the_order_that_salesforce_demands(server: Server) -> None:
    """Type first, then what becomes empty, then the fields; a parent is an sObject of its own."""
    body = next(body for *_, body in sent_with(server, None) if b":upsert" in body)
    row = etree.fromstring(body).find(f".//{{{PARTNER}}}sObjects")
    assert row is not None
    assert [etree.QName(e).localname for e in row] == [
        "type",
        "fieldsToNull",
        "ERP_Key__c",
        "Gross_Amount__c",
        "Account__r",
        "Purchase_Order__c",
    ]
    parent = row[4]
    prefix, _, name = str(parent.get(f"{{{XSI}}}type")).partition(":")
    assert (parent.nsmap[prefix], name) == (SOBJECT, "sObject")
    assert [e.text for e in parent] == ["Account", "C1"]
    assert row[5].text == "Größe & <x>"


def test_stock_zeep_reads_the_sandbox_by_the_built_in_wsdl(
    sandbox: SandboxServer, sandbox_client: SalesforceClient
) -> None:
    """The WSDL is whole: a strict client without our code logs in and describes with it."""
    client = Client(str(BUILT_IN_WSDL), settings=Settings(forbid_external=True, forbid_dtd=True))
    address = f"{sandbox.url}/services/Soap/u/64.0"
    service = client.create_service(f"{{{PARTNER}}}SoapBinding", address)
    known = sandbox.credentials
    logged_in = service.login(known.username, known.password)
    session = {"SessionHeader": {"sessionId": logged_in.sessionId}}
    answer = service.getUserInfo(_soapheaders=session)
    assert answer.body.result.userName == known.username
    assert answer.header.LimitInfoHeader.limitInfo[0].type == "API REQUESTS"
    service.describeSObject("Account", _soapheaders=session)


def test_large_requests_are_compressed(server: Server) -> None:
    """A batch travels compressed; a small call does not."""
    server.answer = lambda _: fault("INSUFFICIENT_ACCESS")
    with SalesforceClient(settings_for(server)) as client:
        with suppress(SalesforceError):
            client.create([ROW] * 100)
        with suppress(SalesforceError):
            client.server_timestamp()
    batch, small = server.asked[1], server.asked[2]
    assert batch.headers["Content-Encoding"] == "gzip"
    assert int(batch.headers["Content-Length"]) < len(gzip.compress(batch.body)) * 1.2
    assert "Content-Encoding" not in small.headers
    assert "gzip" in small.headers["Accept-Encoding"]


@pytest.mark.parametrize("content", ["", "<a/>", "<!DOCTYPE a><a/>", "no xml"])
def test_refuses_what_is_no_partner_wsdl(server: Server, tmp_path: Path, content: str) -> None:
    """A wrong file in the setting `wsdl` is one clear error."""
    wsdl = tmp_path / "own.wsdl"
    wsdl.write_text(content)
    with pytest.raises(BadWsdl, match=r"own\.wsdl is no Salesforce Partner or Enterprise WSDL"):
        SalesforceClient(settings_for(server, wsdl=wsdl))


def test_loads_nothing_from_elsewhere(server: Server, tmp_path: Path) -> None:
    """A WSDL cannot make the bridge fetch from a third place."""
    wsdl = tmp_path / "own.wsdl"
    imported = f'<import namespace="urn:x" schemaLocation="{server.url}/x.xsd"/>'
    start = '<import namespace="urn:sobject.partner.soap.sforce.com"/>'
    wsdl.write_text(BUILT_IN_WSDL.read_text(encoding="utf-8").replace(start, start + imported))
    with pytest.raises(BadWsdl):
        SalesforceClient(settings_for(server, wsdl=wsdl))
    assert server.fetched == []
