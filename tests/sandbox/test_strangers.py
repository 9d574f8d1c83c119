"""Clients that know nothing of us: simple-salesforce, its SOAP login and REST calls over TLS."""

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import simple_salesforce
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from bridge.sandbox import Certificate, SandboxServer, Setup
from tests.sandbox.conftest import Clock


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of 127.0.0.1, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    made.key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


@pytest.fixture
def server(
    tmp_path: Path, clock: Clock, jwt_key: bytes, certificate: Certificate
) -> Iterator[SandboxServer]:
    (tmp_path / "org.db.jwt-key.pem").write_bytes(jwt_key)
    with SandboxServer(
        tmp_path / "org.db", clock=clock, setup=Setup(certificate=certificate)
    ) as running:
        yield running


@pytest.fixture
def http(certificate: Certificate) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would win over verify
        session.verify = str(certificate.path)
        yield session


def login(server: SandboxServer, http: requests.Session, password: str = "") -> tuple[str, str]:
    """simple-salesforce's own SOAP login; it answers the session and the host."""
    return simple_salesforce.SalesforceLogin(
        username=server.credentials.username,
        password=password or server.credentials.password,
        security_token="",
        scratch_url=server.url,
        sf_version="64.0",
        session=http,
    )


@pytest.fixture
def salesforce(server: SandboxServer, http: requests.Session) -> Any:
    session_id, instance = login(server, http)
    return simple_salesforce.Salesforce(
        session_id=session_id, instance=instance, session=http, version="64.0"
    )


def test_a_wrong_password_is_refused(server: SandboxServer, http: requests.Session) -> None:
    """The client finds code and message where it looks for them."""
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        login(server, http, "wrong")


def test_records_are_created_changed_and_deleted(salesforce: Any) -> None:
    """create, get, update, upsert by external id and delete, typed as JSON is."""
    made = salesforce.Account.create({"Name": "Müller", "Credit_Limit__c": 12.5, "Phone": "1"})
    assert made["success"]
    assert made["errors"] == []
    salesforce.Account.update(made["id"], {"ERP_Key__c": "C/1ü", "Phone": None})
    found = salesforce.Account.get(made["id"])
    assert (found["Name"], found["Phone"], found["Credit_Limit__c"]) == ("Müller", None, 12.5)
    assert (found["IsDeleted"], found["attributes"]["type"]) == (False, "Account")
    assert found["SystemModstamp"] == "2026-03-01T12:00:00.000+0000"
    assert salesforce.Account.get_by_custom_id("ERP_Key__c", "C/1ü")["Id"] == made["id"]
    assert salesforce.Account.upsert("ERP_Key__c/C2", {"Name": "New"}) == 201
    assert salesforce.Account.upsert("ERP_Key__c/C2", {"Name": "Old"}) == 200
    assert salesforce.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Account.get(made["id"])
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        salesforce.Account.delete(made["id"])


def test_a_parent_is_named_by_its_external_id(salesforce: Any) -> None:
    """A nested object; the query shows it nested again."""
    salesforce.Account.upsert("ERP_Key__c/C1", {"Name": "A"})
    salesforce.ERP_Invoice__c.upsert("ERP_Key__c/I1", {"Account__r": {"ERP_Key__c": "C1"}})
    (row,) = salesforce.query("SELECT Id, Account__r.Name FROM ERP_Invoice__c")["records"]
    assert row["Account__r"]["Name"] == "A"
    assert row["Account__r"]["attributes"]["type"] == "Account"


def test_queries_are_followed_to_the_last_page(salesforce: Any) -> None:
    """query_all goes from page to page, with its own batch size."""
    for n in range(201):
        salesforce.Contact.create({"LastName": f"N{n:03}"})
    salesforce.session.headers["Sforce-Query-Options"] = "batchSize=200"
    first = salesforce.query("SELECT LastName FROM Contact ORDER BY LastName")
    assert (first["done"], first["totalSize"], len(first["records"])) == (False, 201, 200)
    names = [row["LastName"] for row in salesforce.query_all_iter("SELECT LastName FROM Contact")]
    assert len(set(names)) == 201


def test_deletions_are_told(salesforce: Any, clock: Clock) -> None:
    """The deleted resource has the id, queryAll the record."""
    made = salesforce.Account.create({"Name": "A"})
    salesforce.Account.delete(made["id"])
    clock.advance(minutes=2)
    window = (clock.moment - timedelta(minutes=10), clock.moment)
    told = salesforce.Account.deleted(*window)
    assert [each["id"] for each in told["deletedRecords"]] == [made["id"]]
    assert salesforce.Account.updated(*window)["ids"] == []
    everything = salesforce.query("SELECT Id, IsDeleted FROM Account", include_deleted=True)
    assert everything["records"][0]["IsDeleted"] is True


def test_the_schema_and_the_limits_are_told(salesforce: Any) -> None:
    """describe, describe of all, limits, and the usage of each answer."""
    fields = {field["name"]: field for field in salesforce.Account.describe()["fields"]}
    assert (fields["Name"]["nillable"], fields["Name"]["length"]) == (False, 255)
    assert fields["ParentId"]["referenceTo"] == ["Account"]
    assert fields["Phone"]["picklistValues"] == []
    names = [sobject["name"] for sobject in salesforce.describe()["sobjects"]]
    assert "ERP_Invoice__c" in names
    usage = salesforce.limits()["DailyApiRequests"]
    assert usage["Max"] - usage["Remaining"] == 3
    assert salesforce.api_usage["api-usage"].used == 3


def test_refusals_are_salesforces(salesforce: Any, server: SandboxServer) -> None:
    """errorCode and message in a list, with the HTTP status that the client tells apart."""
    with pytest.raises(SalesforceMalformedRequest, match="MALFORMED_QUERY"):
        salesforce.query("SELECT")
    with pytest.raises(SalesforceMalformedRequest, match="STRING_TOO_LONG"):
        salesforce.Account.create({"Name": "A", "Phone": "1" * 41})
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        salesforce.Account.create({"Name": "A", "not a name": 1})
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Nothing.describe()
    with pytest.raises(SalesforceMalformedRequest, match="JSON_PARSER_ERROR"):
        salesforce.restful("sobjects/Account", method="POST", data="{")
    salesforce.session_id = "wrong"
    salesforce.headers["Authorization"] = "Bearer wrong"
    with pytest.raises(SalesforceExpiredSession):
        salesforce.query("SELECT Id FROM Account")
