"""Calls every operation through zeep, and prints what it got."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests
import zeep
from requests.auth import HTTPBasicAuth
from zeep.exceptions import Fault, TransportError
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

NAME = os.environ["ERP_NAME"]
SECRET = os.environ["ERP_SECRET"]
WSDL = f"{os.environ['ERP_URL']}?{os.environ['ERP_WSDL']}"


def main() -> None:
    bridge = connect(SECRET)
    step("ping", lambda: ping(bridge))
    step("refused", lambda: refused("refused.by", connect("wrong")))
    step("key", key)
    step("token", lambda: token("token", use_digest=False))
    step("digest", lambda: token("digest", use_digest=True))
    step("submit", lambda: submit(bridge))
    step("customer", lambda: customer(bridge))
    step("invoice", lambda: invoice(bridge))
    step("snapshot", lambda: snapshot(bridge))
    step("replay", lambda: replay(bridge))
    step("fault", lambda: fault(bridge))
    step("violation", lambda: violation(bridge))
    step("limit", limit)
    step("feed", lambda: feed(bridge))
    step("steady", lambda: steady(bridge))
    tell("client.end", "reached")


def connect(secret: str, name: str = NAME) -> zeep.Client:
    session = requests.Session()
    session.auth = HTTPBasicAuth(name.encode(), secret.encode())
    return zeep.Client(WSDL, transport=Transport(session=session))


def connect_by_key(api_key: str) -> zeep.Client:
    session = requests.Session()
    session.headers["X-API-Key"] = api_key
    return zeep.Client(WSDL, transport=Transport(session=session))


def ping(bridge: zeep.Client) -> None:
    health = bridge.service.Ping()
    tell("ping.version", health.Version)
    tell("ping.database", health.Database)
    tell("ping.salesforce", health.Salesforce)


def refused(fact: str, stranger: zeep.Client) -> None:
    try:
        stranger.service.Ping()
        tell(fact, "by nobody")
    except Fault as error:
        tell(fact, detail_of(stranger, error).Code)
    except TransportError as error:
        tell(fact, f"HTTP {error.status_code}")


def key() -> None:
    tell("key.version", connect_by_key(os.environ["ERP_API_KEY"]).service.Ping().Version)
    refused("key.refused", connect_by_key("1.wrong"))


def token(step: str, *, use_digest: bool) -> None:
    right, wrong = (
        zeep.Client(WSDL, wsse=UsernameToken(NAME, secret, use_digest=use_digest))
        for secret in (SECRET, "wrong")
    )
    tell(f"{step}.version", right.service.Ping().Version)
    refused(f"{step}.refused", wrong)


def submit(bridge: zeep.Client) -> None:
    call = bridge.service
    customers = [new_customer("Łódź Kōbe 東京 🚲")]
    tell("submit.customer", line(call.SubmitCustomers(f"{NAME}-1", customers)))
    tell("submit.invoice", line(call.SubmitInvoices(f"{NAME}-2", [new_invoice()])))
    tell("submit.payment", line(call.SubmitPayments(f"{NAME}-3", [new_payment()])))
    tell("submit.credit_memo", line(call.SubmitCreditMemos(f"{NAME}-4", [new_memo()])))


def new_customer(name: str) -> dict[str, Any]:
    return {
        "Number": f"{NAME}-C",
        "Name": name,
        "Billing": {"Street": '"1 < 2" & Söhne', "City": "Łódź", "Country": "PL"},
        "Currency": "USD",
        "CreditLimit": Decimal("10000000000000.01"),
        "Status": "ACTIVE",
    }


def new_invoice() -> dict[str, Any]:
    lines = [
        {
            "LineNumber": 1,
            "Description": "自転車 🚲",
            "Quantity": Decimal("0.0001"),
            "NetAmount": Decimal("-0.0001"),
        },
        {
            "LineNumber": 2,
            "Quantity": Decimal(1),
            "NetAmount": Decimal("99999999999999.9999"),
        },
    ]
    return {
        "CompanyCode": "1000",
        "Number": f"{NAME}-I",
        "CustomerNumber": f"{NAME}-C",
        "IssuedOn": date(2026, 2, 28),
        "DueOn": date(2026, 3, 30),
        "Currency": "USD",
        "NetAmount": Decimal("11888.625"),
        "TaxAmount": Decimal("-0.005"),
        "GrossAmount": Decimal("11888.62"),
        "OpenAmount": Decimal("11888.62"),
        "Status": "PARTIALLY_PAID",
        "Line": lines,
    }


def new_payment() -> dict[str, Any]:
    return {
        "CompanyCode": "1000",
        "Number": f"{NAME}-P",
        "CustomerNumber": f"{NAME}-C",
        "ReceivedOn": date(2026, 3, 1),
        "Currency": "USD",
        "Amount": Decimal(100),
        "UnappliedAmount": Decimal("0.5"),
        "Application": [{"InvoiceNumber": f"{NAME}-I", "Amount": Decimal("99.5")}],
    }


def new_memo() -> dict[str, Any]:
    return {
        "CompanyCode": "1000",
        "Number": f"{NAME}-M",
        "CustomerNumber": f"{NAME}-C",
        "InvoiceNumber": f"{NAME}-I",
        "IssuedOn": date(2026, 3, 2),
        "Currency": "USD",
        "NetAmount": Decimal(10),
        "TaxAmount": Decimal("1.9"),
        "GrossAmount": Decimal("11.9"),
        "OpenAmount": Decimal(0),
        "Status": "PAID",
    }


def customer(bridge: zeep.Client) -> None:
    view = bridge.service.GetCustomer("SEED-C")
    tell("customer.state", view.State)
    tell("customer.salesforce_id", view.SalesforceId)
    tell("customer.name", view.Erp.Name)
    tell("customer.street", view.Erp.Billing.Street)
    tell("customer.city", view.Erp.Billing.City)
    tell("customer.credit_limit", f"{view.Erp.CreditLimit:f}")
    tell("customer.status", view.Erp.Status)
    tell("customer.email", view.Erp.Email)
    (name,) = (field for field in view.Field if field.Name == "Name")
    tell("customer.crm_name", name.CrmValue)


def invoice(bridge: zeep.Client) -> None:
    erp = bridge.service.GetInvoice("1000", "SEED-I").Erp
    tell("invoice.issued_on", erp.IssuedOn)
    tell("invoice.due_on", erp.DueOn)
    tell("invoice.net_amount", f"{erp.NetAmount:f}")
    tell("invoice.tax_amount", f"{erp.TaxAmount:f}")
    for one in erp.Line:
        text = f"{shown(one.Description)} {one.Quantity:f} {one.NetAmount:f}"
        tell(f"invoice.line.{one.LineNumber}", text)


def snapshot(bridge: zeep.Client) -> None:
    call = bridge.service
    call.SubmitInvoices(f"{NAME}-5", [own_invoice("S1"), own_invoice("S2")])
    soon = datetime.now(UTC) + timedelta(minutes=1)  # counts as now, whatever its fraction
    begun = call.BeginSnapshot("INVOICE", NAME, soon)
    tell("snapshot.superseded", begun.Superseded)
    receipt = call.SubmitInvoices(f"{NAME}-6", [own_invoice("S1")], begun.SnapshotId)
    tell("snapshot.told", receipt.Result[0].Outcome)
    totals = [{"Currency": "USD", "Amount": Decimal("11888.62")}]
    try:
        call.CloseSnapshot(begun.SnapshotId, 2, totals)
    except Fault as error:
        detail = detail_of(bridge, error)
        tell("snapshot.differs", f"{detail.Code} {detail.Violation[0].Path}")
    for fact in ("closed", "again"):
        closed = call.CloseSnapshot(begun.SnapshotId, 1, totals)
        how = "replayed" if closed.Replayed else "new"
        tell(f"snapshot.{fact}", f"{closed.Members} {closed.Gone} {how}")
    view = call.GetInvoice(NAME, "S2")
    tell("snapshot.gone", f"{str(view.ErpDeleted).lower()} {view.State}")


def own_invoice(number: str) -> dict[str, Any]:
    """An invoice of a company of this client's own."""
    return new_invoice() | {"CompanyCode": NAME, "Number": number}


def replay(bridge: zeep.Client) -> None:
    tell("replay.again", line(bridge.service.SubmitInvoices(f"{NAME}-2", [new_invoice()])))
    tell("receipt.found", line(bridge.service.GetReceipt(f"{NAME}-2")))


def fault(bridge: zeep.Client) -> None:
    try:
        bridge.service.SubmitCustomers(f"{NAME}-1", [new_customer("Another")])
    except Fault as error:
        tell_fault("fault", detail_of(bridge, error))


def violation(bridge: zeep.Client) -> None:
    try:
        bridge.service.FetchChanges("CUSTOMER", 0, 0)
    except Fault as error:
        detail = detail_of(bridge, error)
        tell_fault("violation", detail)
        tell("violation.path", detail.Violation[0].Path)
        tell("violation.line", "known" if detail.Violation[0].Line > 0 else "unknown")
        tell("violation.text", detail.Violation[0].Message)


def limit() -> None:
    busy = connect(os.environ["ERP_BUSY_SECRET"], os.environ["ERP_BUSY_NAME"])
    tell("limit.first", busy.service.Ping().Version)
    try:
        busy.service.Ping()
    except Fault as error:
        tell_fault("limit", detail_of(busy, error))


def detail_of(bridge: zeep.Client, error: Fault) -> Any:
    """The typed detail: zeep leaves it to the caller to read it by the WSDL's element."""
    element = bridge.get_element("{urn:erp-bridge:v1}BridgeFault")
    return element.parse(error.detail[0], bridge.wsdl.types)


def tell_fault(step: str, detail: Any) -> None:
    tell(f"{step}.code", detail.Code)
    tell(f"{step}.message", detail.Message)
    tell(f"{step}.retryable", str(detail.Retryable).lower())
    tell(f"{step}.retry_after", detail.RetryAfterSeconds)
    tell(f"{step}.correlation_id", detail.CorrelationId)


def feed(bridge: zeep.Client) -> None:
    after, number, more = 0, 0, True
    while more and number < 10:
        page = bridge.service.FetchChanges("CUSTOMER", after, 1)
        number, after, more = number + 1, page.Next, page.More
        tell(f"feed.page.{number}", "; ".join(line_of_change(one) for one in page.Change))
    tell("feed.acknowledged", bridge.service.AcknowledgeChanges("CUSTOMER", after))
    tell("feed.left", len(bridge.service.FetchChanges("CUSTOMER", 0, 1).Change))


def steady(bridge: zeep.Client) -> None:
    pings = 0
    while pings < 200:
        bridge.service.Ping()
        pings += 1
    tell("steady.pings", pings)


def line_of_change(change: Any) -> str:
    fields = (f" {f.Name}: {shown(f.OldValue)} > {shown(f.NewValue)}" for f in change.Field)
    return f"{change.RecordType} {change.Number}" + "".join(fields)


def line(receipt: Any) -> str:
    received = receipt.ReceivedAt.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    how = "replayed" if receipt.Replayed else "new"
    results = (f"{one.Number} {one.Outcome} {shown(one.Code)}" for one in receipt.Result)
    return f"{receipt.MessageId} {received} {how} {', '.join(results)}"


def step(name: str, run: Callable[[], None]) -> None:
    try:
        run()
    except Exception as error:  # a step that fails is a finding; the next ones are tried
        tell(f"{name}.error", f"{type(error).__name__}: {error}")


def tell(fact: str, value: object) -> None:
    print(json.dumps({"fact": fact, "value": shown(value)}, ensure_ascii=False))


def shown(value: object) -> str:
    return "null" if value is None else str(value)


if __name__ == "__main__":
    main()
