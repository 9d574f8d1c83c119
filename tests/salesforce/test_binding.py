"""The Enterprise WSDL at work: the same client, in an org's own types."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from bridge.domain.records import RecordKey, RecordType
from bridge.salesforce import (
    Mapping,
    SalesforceClient,
    SalesforceError,
    SObject,
    check_org,
    read_everything,
    read_window,
)
from bridge.salesforce.binding import ENTERPRISE_DIALECT
from bridge.sandbox import SandboxServer
from tests.builders import credit_memo, crm_values, customer, invoice, payment
from tests.salesforce.enterprise import ENS, XSI_TYPE, enterprise_wsdl, translated
from tests.salesforce.scripted import SOAP, Reply, Server, fault, settings_for
from tests.sandbox.partner import Partner

EXAMPLES = {
    RecordType.CUSTOMER: customer(),
    RecordType.INVOICE: invoice(),
    RecordType.PAYMENT: payment(),
    RecordType.CREDIT_MEMO: credit_memo(),
}


@pytest.fixture
def wsdl(tmp_path: Path) -> Path:
    path = tmp_path / "enterprise.wsdl"
    path.write_text(enterprise_wsdl(), encoding="utf-8")
    return path


@pytest.fixture
def enterprise(server: Server, sandbox: SandboxServer, wsdl: Path) -> Iterator[SalesforceClient]:
    """A client that is bound by an Enterprise WSDL, of the sandbox behind a translator."""
    settings = settings_for(
        server,
        wsdl=wsdl,
        client_id=sandbox.credentials.client_id,
        client_secret=sandbox.credentials.client_secret,
    )
    with SalesforceClient(settings) as direct:
        server.token = lambda asked: Reply(200, direct_token(sandbox, server))
        server.answer = lambda asked: translated(asked, sandbox)
        yield direct


def direct_token(sandbox: SandboxServer, server: Server) -> bytes:

    token = Partner(sandbox).token
    return (f'{{"access_token": "{token}", "instance_url": "{server.url}"}}').encode()


def test_writes_and_reads_every_kind_of_record(
    enterprise: SalesforceClient,
    mappings: dict[RecordType, Mapping],
    server: Server,
) -> None:
    """Parents, nulls, exact amounts and dates go there and come back as with the Partner WSDL."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    for record_type, mapping in mappings.items():
        record = EXAMPLES[record_type]
        key = RecordKey(record_type, getattr(record, "company_code", ""), record.number)
        row = mapping.write(key, {**crm_values(record)})
        (result,) = enterprise.upsert(mapping.sobject, mapping.external_id_field, [row])
        assert result.success, result
        until = datetime.now(UTC) + timedelta(minutes=1)
        for pages in (
            read_window(enterprise, mapping, since=since, until=until),
            read_everything(enterprise, mapping),
        ):
            (read,) = [one for page in pages for one in page]
            assert (read.erp_key, read.values) == (str(key), crm_values(record))
            assert read.problems == ()
    assert all("/Soap/c/66.0" in one.path for one in server.asked if one.operation != "token")


def test_requests_are_as_the_wsdl_demands(
    enterprise: SalesforceClient, server: Server, wsdl: Path
) -> None:
    """Every body is valid by the WSDL's own schema; a row is of its object's type."""
    server.answer = lambda _: fault("INSUFFICIENT_ACCESS")
    rows = [
        SObject(
            "ERP_Invoice__c",
            None,
            {
                "Gross_Amount__c": "12345678901234.1234",
                "ERP_Key__c": "1000/1",
                "Due_On__c": None,
                "Account__r": SObject("Account", None, {"ERP_Key__c": "C1"}),
            },
        ),
        SObject("ERP_Invoice__c", "a00000000000001AAA", {"Issued_On__c": "2026-01-31"}),
    ]
    for call in (
        lambda: enterprise.upsert("ERP_Invoice__c", "ERP_Key__c", rows),
        lambda: enterprise.update(rows[1:]),
        lambda: next(enterprise.query_pages("SELECT Id FROM Account")),
        lambda: enterprise.deleted_ids("Account", datetime.now(UTC), datetime.now(UTC)),
        lambda: enterprise.describe(["Account"]),
        lambda: enterprise.retrieve("Account", ["Id"], ["001000000000001AAA"]),
        enterprise.user_info,
    ):
        with pytest.raises(SalesforceError, match="INSUFFICIENT_ACCESS"):
            call()
    schema = schema_of(wsdl)
    bodies = [
        asked.envelope.find(f"{{{SOAP}}}Body") for asked in server.asked if "/Soap/" in asked.path
    ]
    for body in bodies:
        assert body is not None
        schema.assertValid(body[0])
    (row, _) = bodies[0].findall(".//{*}sObjects")
    prefix, _, kind = str(row.get(XSI_TYPE)).partition(":")
    assert (row.nsmap[prefix], kind) == (ENS, "ERP_Invoice__c")
    assert [etree.QName(e).localname for e in row] == [
        "fieldsToNull",
        "Account__r",
        "ERP_Key__c",
        "Gross_Amount__c",
    ]
    assert row.findtext("{*}Gross_Amount__c") == "12345678901234.1234"


def schema_of(wsdl: Path) -> etree.XMLSchema:
    """All schemas of a WSDL as one that validates; a new row has no Id, whatever the WSDL says."""
    types = etree.parse(wsdl).getroot().find("{*}types")
    assert types is not None
    wrapper = etree.Element("{http://www.w3.org/2001/XMLSchema}schema")
    folder = wsdl.parent
    for number, schema in enumerate(types.iterchildren("{*}schema")):
        path = folder / f"part{number}.xsd"
        for own_id in schema.iterfind(".//{*}complexType[@name='sObject']//{*}element[@name='Id']"):
            own_id.set("minOccurs", "0")
        path.write_bytes(etree.tostring(schema))
        etree.SubElement(
            wrapper,
            "{http://www.w3.org/2001/XMLSchema}import",
            namespace=str(schema.get("targetNamespace")),
            schemaLocation=str(path),
        )
    return etree.XMLSchema(wrapper)


def test_checks_an_org_by_its_enterprise_wsdl(
    enterprise: SalesforceClient, mappings: dict[RecordType, Mapping]
) -> None:
    """What the org says of itself is the same in either."""
    report = check_org(enterprise, mappings.values(), now=lambda: datetime.now(UTC))
    assert report.misfits == ()
    assert report.user.username == "admin@example.com"


@pytest.mark.parametrize(
    "row",
    [SObject("Brand_New__c", None, {}), SObject("Account", None, {"Brand_New__c": "1"})],
)
def test_an_old_wsdl_is_told(enterprise: SalesforceClient, row: SObject) -> None:
    """It lacks what the org has got since: the row is not sent."""
    with pytest.raises(SalesforceError, match="the Enterprise WSDL is older than the org"):
        enterprise.update([row])


def test_logs_in_at_the_enterprise_endpoint(server: Server, wsdl: Path) -> None:
    """login() of old orgs stands in the same WSDL."""
    server.answer = lambda _: fault("INVALID_LOGIN", kind="LoginFault")
    settings = settings_for(
        server, wsdl=wsdl, auth="login", api_version="64.0", username="a", password="p"
    )
    with SalesforceClient(settings) as client, pytest.raises(SalesforceError):
        client.server_timestamp()
    assert server.asked[0].path == "/services/Soap/c/64.0"
    assert server.asked[0].envelope.find(f".//{{{ENTERPRISE_DIALECT.api}}}login") is not None
