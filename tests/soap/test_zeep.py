"""A client that zeep generates from the live WSDL calls every operation, as a person would."""

import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests
from sqlalchemy.orm import Session, sessionmaker

from bridge.domain.records import RecordType, System, key_of
from bridge.store.staging import stage_corrections
from tests.builders import EARLY, crm_record, crm_values, customer
from tests.soap.conftest import CONSUMER, Endpoint
from tests.storing import new_run, save, save_crm, save_erp, wish

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from zeep import Client
    from zeep.exceptions import Fault
    from zeep.transports import Transport
    from zeep.wsse.username import UsernameToken


@pytest.fixture
def service(endpoint: Endpoint) -> Any:
    """zeep's proxy of the served bridge."""
    http = requests.Session()
    http.auth = (CONSUMER, endpoint.secret)
    client = Client(f"{endpoint.url}?wsdl", transport=Transport(session=http))
    return client.create_service("{urn:erp-bridge:v1}ErpBridgeSoap11", endpoint.url)


def an_invoice(**others: Any) -> dict[str, Any]:
    """An invoice as a caller writes it."""
    return {
        "CompanyCode": "1000",
        "Number": "I-1",
        "CustomerNumber": "C-1",
        "IssuedOn": date(2026, 3, 1),
        "Currency": "USD",
        "NetAmount": Decimal("11888.625"),
        "TaxAmount": Decimal("1.375"),
        "GrossAmount": Decimal("11890.00"),
        "OpenAmount": Decimal(0),
        "Status": "PAID",
        "Line": [{"LineNumber": 1, "Quantity": Decimal("2.5"), "NetAmount": Decimal("11888.625")}],
    } | others


def test_customers(service: Any, now: datetime) -> None:
    """Submitting customers and looking one up; names and amounts come back as they were."""
    customer = {
        "Number": "C-1",
        "Name": "Müller & Söhne 漢字",
        "Billing": {"City": "Köln", "Country": "DE"},
        "Currency": "EUR",
        "CreditLimit": Decimal("1234567890123.45"),
        "Status": "ACTIVE",
    }
    receipt = service.SubmitCustomers("m-1", [customer])
    assert (receipt.MessageId, receipt.ReceivedAt, receipt.Replayed) == ("m-1", now, False)
    assert [(one.CompanyCode, one.Number, one.Outcome) for one in receipt.Result] == [
        (None, "C-1", "ACCEPTED")
    ]
    assert service.SubmitCustomers("m-1", [customer]).Replayed is True
    assert service.SubmitCustomers("m-2", [customer]).Result[0].Outcome == "UNCHANGED"
    assert service.GetReceipt("m-2").Result[0].Outcome == "UNCHANGED"

    view = service.GetCustomer("C-1")
    assert (view.Number, view.State, view.SalesforceId, view.CrmDeleted) == (
        "C-1",
        "NEW",
        None,
        False,
    )
    assert (view.Erp.Name, view.Erp.CreditLimit) == (customer["Name"], customer["CreditLimit"])
    assert view.Erp.Billing.City == "Köln"
    assert view.ErpReceivedAt == now


def test_documents(service: Any) -> None:
    """Submitting invoices, payments and credit memos; an invoice is held for its customer."""
    receipt = service.SubmitInvoices(MessageId="i", Invoice=[an_invoice()])
    assert (receipt.Result[0].Outcome, receipt.Result[0].Code) == ("ACCEPTED", "CUSTOMER_UNKNOWN")
    assert receipt.Result[0].CompanyCode == "1000"
    memo = an_invoice(Number="M-1", InvoiceNumber="I-1")
    assert service.SubmitCreditMemos("c", [memo]).Result[0].Outcome == "ACCEPTED"
    payment = {
        "CompanyCode": "1000",
        "Number": "P-1",
        "CustomerNumber": "C-1",
        "ReceivedOn": date(2026, 3, 2),
        "Currency": "USD",
        "Amount": Decimal("11890.00"),
        "UnappliedAmount": Decimal(0),
        "Application": [{"InvoiceNumber": "I-1", "Amount": Decimal("11890.00")}],
    }
    assert service.SubmitPayments("p", [payment]).Result[0].Outcome == "ACCEPTED"

    view = service.GetInvoice("1000", "I-1")
    assert (view.CompanyCode, view.Number) == ("1000", "I-1")
    assert (view.Erp.NetAmount, view.Erp.IssuedOn) == (Decimal("11888.625"), date(2026, 3, 1))
    assert [(line.LineNumber, line.Quantity) for line in view.Erp.Line] == [(1, Decimal("2.5"))]


def test_a_snapshot(service: Any, now: datetime) -> None:
    """Begun, told and closed; its arguments stand in the order of the contract."""
    snapshot = service.BeginSnapshot("INVOICE", "1000", now)
    assert (snapshot.BegunAt, snapshot.Superseded) == (now, None)
    receipt = service.SubmitInvoices("i", [an_invoice()], snapshot.SnapshotId)
    assert receipt.Result[0].Outcome == "ACCEPTED"
    totals = [{"Currency": "USD", "Amount": an_invoice()["GrossAmount"]}]
    closed = service.CloseSnapshot(snapshot.SnapshotId, 1, totals)
    assert (closed.Members, closed.Gone, closed.ClosedAt) == (1, 0, now)
    again = service.BeginSnapshot(RecordType="CUSTOMER", AsOf=now)
    assert service.CloseSnapshot(again.SnapshotId, 0).Members == 0


def test_the_change_feed(service: Any, sessions: sessionmaker[Session]) -> None:
    """Pages of changes, in order; what is acknowledged does not come again."""
    record = customer(number="C1", billing_city="Köln")
    with sessions.begin() as session:
        (record_id,) = save_erp(session, record)
        save_crm(session, crm_record(record))
        save(session, System.AGREED, key_of(record), crm_values(record))
        stage_corrections(
            session,
            record_type=RecordType.CUSTOMER,
            corrections=[
                (record_id, wish(System.ERP, old={"billing_city": "Köln"}, billing_city="Bonn"))
            ],
            run_id=new_run(session, EARLY),
            now=EARLY,
        )
    page = service.FetchChanges(RecordType="CUSTOMER", After=0, Limit=1)
    (change,) = page.Change
    assert (change.RecordType, change.CompanyCode, change.Number) == ("CUSTOMER", None, "C1")
    assert change.StagedAt == EARLY.astimezone(UTC)
    assert [(one.Name, one.OldValue, one.NewValue) for one in change.Field] == [
        ("Billing.City", "Köln", "Bonn")
    ]
    assert (page.Next, page.More) == (change.Sequence, False)
    assert service.AcknowledgeChanges("CUSTOMER", page.Next) == 1
    assert service.AcknowledgeChanges("CUSTOMER", page.Next) == 0
    assert service.FetchChanges("CUSTOMER", 0, 500).Change == []


def test_ping(service: Any, now: datetime) -> None:
    """The state of the bridge."""
    health = service.Ping()
    assert (health.Database, health.Time) == ("OK", now)


def test_soap_1_2(endpoint: Endpoint) -> None:
    """A client of the other WSDL submits, and reads a typed fault."""
    http = requests.Session()
    http.auth = (CONSUMER, endpoint.secret)
    client = Client(f"{endpoint.url}?wsdl12", transport=Transport(session=http))
    service = client.create_service("{urn:erp-bridge:v1}ErpBridgeSoap12", endpoint.url)
    assert service.SubmitInvoices("m-1", [an_invoice()]).Result[0].Outcome == "ACCEPTED"
    with pytest.raises(Fault) as caught:
        service.GetReceipt("never sent")
    assert caught.value.code.endswith(":Sender")
    assert "no submission with message id 'never sent'" in caught.value.message
    assert caught.value.detail.findtext("{*}BridgeFault/{*}Code") == "UnknownMessageId"


@pytest.mark.parametrize("use_digest", [False, True])
@pytest.mark.parametrize("soap", ["Soap11", "Soap12"])
def test_a_username_token(endpoint: Endpoint, now: datetime, soap: str, use_digest: bool) -> None:
    """WS-Security as somebody else writes it, in the clear and as a digest."""
    token = UsernameToken(CONSUMER, endpoint.secret, use_digest=use_digest, created=now)
    query = "wsdl12" if soap == "Soap12" else "wsdl"
    client = Client(f"{endpoint.url}?{query}", wsse=token)
    service = client.create_service(f"{{urn:erp-bridge:v1}}ErpBridge{soap}", endpoint.url)
    assert service.Ping().Database == "OK"
    wrong = UsernameToken(CONSUMER, "wrong", use_digest=use_digest, created=now)
    service = Client(f"{endpoint.url}?{query}", wsse=wrong).create_service(
        f"{{urn:erp-bridge:v1}}ErpBridge{soap}", endpoint.url
    )
    with pytest.raises(Fault) as caught:
        service.Ping()
    codes = [caught.value.code, *(str(one) for one in caught.value.subcodes or ())]
    assert any("FailedAuthentication" in one for one in codes)


def test_a_typed_fault(service: Any) -> None:
    """A fault's detail has its fields."""
    with pytest.raises(Fault) as caught:
        service.GetReceipt("never sent")
    assert caught.value.code == "soap:Client"
    (detail,) = caught.value.detail
    assert detail.findtext("{*}Code") == "UnknownMessageId"
    assert detail.findtext("{*}Retryable") == "false"
