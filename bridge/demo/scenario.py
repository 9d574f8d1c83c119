"""The story that the demonstration plays: the records, the planted drift, and what must come of it.

The amounts are made up. Each planted change says what the decision table demands, so the expected
figures are added up from the changes themselves.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from bridge.domain.decisions import BreakKind
from bridge.domain.records import (
    CreditMemo,
    Customer,
    CustomerStatus,
    DocumentLine,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentApplication,
    Record,
    RecordType,
    System,
)

COMPANY = "1000"
_FIRST_DAY = date(2026, 1, 5)
_NAMES = (
    ("Nordwind Anlagenbau GmbH", "Hamburg", "DE", "EUR"),
    ("Blue Harbor Outfitters Inc.", "Portland", "US", "USD"),
    ("Société Générale des Vélos SARL", "Lyon", "FR", "EUR"),
    ("Kōbe Seimitsu K.K.", "Kobe", "JP", "JPY"),
    ("Łódzkie Zakłady Rowerowe S.A.", "Łódź", "PL", "EUR"),
    ("Prairie Wind Tools LLC", "Omaha", "US", "USD"),
    ("Officina Meccanica Bianchi S.r.l.", "Bergamo", "IT", "EUR"),
    ("Ørsted Maskinfabrik A/S", "Aarhus", "DK", "EUR"),
    ("Highland Cycles Ltd", "Inverness", "GB", "USD"),
    ("Ibérica de Transmisiones S.L.", "Vitoria", "ES", "EUR"),
    ("Sakura Trading K.K.", "Osaka", "JP", "JPY"),
    ("Lakeside Dormant Co.", "Duluth", "US", "USD"),
)
_WITHOUT_DOCUMENTS = 12
_INVOICES_EACH = 5
_DECIMALS = {"JPY": Decimal(1)}


@dataclass(frozen=True, slots=True)
class Books:
    """The ERP's records."""

    customers: Mapping[str, Customer]
    invoices: Mapping[str, Invoice]
    payments: Mapping[str, Payment]
    credit_memos: Mapping[str, CreditMemo]

    def by_type(self) -> dict[RecordType, list[Record]]:
        """All records in the order in which an ERP sends them."""
        return {
            RecordType.CUSTOMER: list(self.customers.values()),
            RecordType.INVOICE: list(self.invoices.values()),
            RecordType.PAYMENT: list(self.payments.values()),
            RecordType.CREDIT_MEMO: list(self.credit_memos.values()),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmEdit:
    """What a person in Salesforce does: updates the record of a key, deletes it, or enters one."""

    sobject: str
    key: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One planted change, on one side or both, and what it must lead to."""

    story: str
    erp: Record | None = None
    crm: CrmEdit | None = None
    record_type: RecordType
    corrections: tuple[System, ...] = ()
    breaks: tuple[BreakKind, ...] = ()


def opening_books() -> Books:
    """The records with which both sides start."""
    customers = {f"C-{n:03}": _customer(n) for n in range(1, len(_NAMES) + 1)}
    debtors = [one for n, one in enumerate(customers.values(), 1) if n != _WITHOUT_DOCUMENTS]
    invoices = {}
    for position in range(_INVOICES_EACH * len(debtors)):
        invoice = _invoice(position, debtors[position % len(debtors)])
        invoices[invoice.number] = invoice
    first = list(invoices.values())
    payments = {p.number: p for p in (_payment(n, first[n]) for n in range(20))}
    memos = {m.number: m for m in (_credit_memo(n, first[20 + n]) for n in range(6))}
    return Books(customers, invoices, payments, memos)


def planted_drift(books: Books) -> list[Planted]:
    """What each side changes on its own once both agree."""
    return [*_customer_drift(books), *_document_drift(books)]


def expected_figures(drift: list[Planted]) -> dict[str, int]:
    """What the run after the drift must find: corrections and open breaks by type."""
    found: Counter[str] = Counter()
    for one in drift:
        for target in one.corrections:
            found[f"{one.record_type} corrections for {target}"] += 1
        for kind in one.breaks:
            found[f"{one.record_type} breaks {kind}"] += 1
    return dict(found)


def _customer_drift(books: Books) -> list[Planted]:
    def erp(number: str, **changes: object) -> Customer:
        return replace(books.customers[number], **changes)  # type: ignore[arg-type]

    def crm(number: str, **fields: str) -> CrmEdit:
        return CrmEdit(sobject="Account", key=number, fields=fields)

    plant = _planter(RecordType.CUSTOMER)
    return [
        plant("sales corrects a phone number", crm=crm("C-001", Phone="+49 40 555 0199"), to="ERP"),
        plant("sales adds a web site", crm=crm("C-002", Website="https://blue.example"), to="ERP"),
        plant("the ERP moves a customer", erp=erp("C-003", billing_city="Villeurbanne"), to="CRM"),
        plant(
            "both rename a customer: the ERP's name survives",
            erp=erp("C-004", name="Kōbe Seimitsu Kōgyō K.K."),
            crm=crm("C-004", Name="Kobe Precision"),
            to="CRM",
        ),
        plant(
            "both move a customer, to different places: a person decides",
            erp=erp("C-005", billing_city="Pabianice"),
            crm=crm("C-005", BillingCity="Zgierz"),
            breaks=(BreakKind.CONFLICT,),
        ),
        plant(
            "the ERP learns a tax number while sales changes the phone",
            erp=erp("C-006", tax_number="47-5551234"),
            crm=crm("C-006", Phone="+1 402 555 0111"),
            to="CRM ERP",
        ),
        plant(
            "sales raises a credit limit, which only the ERP may: it is put back",
            crm=crm("C-007", Credit_Limit__c="999999"),
            to="CRM",
        ),
        plant(
            "an Account is deleted: nobody but a person may conclude from that",
            crm=CrmEdit(sobject="Account", key="C-012", delete=True),
            breaks=(BreakKind.MISSING_IN_CRM,),
        ),
        plant(
            "a prospect enters Salesforce: not the ERP's business yet",
            crm=CrmEdit(sobject="Account", fields={"Name": "Prospective Pedals BV"}),
        ),
    ]


def _document_drift(books: Books) -> list[Planted]:
    numbers = list(books.invoices)
    plant = _planter(RecordType.INVOICE)
    paid = [
        replace(books.invoices[numbers[n]], open_amount=Decimal(0), status=DocumentStatus.PAID)
        for n in (30, 31, 32)
    ]
    newest = _invoice(len(numbers), books.customers["C-001"])
    orphan = replace(_invoice(len(numbers) + 1, books.customers["C-001"]), customer_number="C-999")
    edited = books.invoices[numbers[40]]
    payment = _payment(20, paid[0])
    return [
        *(plant(f"invoice {one.number} is paid", erp=one, to="CRM") for one in paid),
        plant("a new invoice is written", erp=newest, to="CRM"),
        plant(
            "an invoice names a customer that nobody knows: it is held",
            erp=orphan,
            breaks=(BreakKind.CUSTOMER_UNKNOWN,),
        ),
        plant(
            "someone edits an invoice in Salesforce by a cent: it is put back",
            crm=CrmEdit(
                sobject="ERP_Invoice__c",
                key=f"{COMPANY}/{edited.number}",
                fields={"Gross_Amount__c": str(edited.gross_amount + Decimal("0.01"))},
            ),
            to="CRM",
        ),
        plant(
            "someone enters an invoice in Salesforce that the books do not have",
            crm=CrmEdit(
                sobject="ERP_Invoice__c",
                fields={"Number__c": "BY-HAND", "Currency_Code__c": "EUR", "Gross_Amount__c": "75"},
            ),
            breaks=(BreakKind.MISSING_IN_ERP,),
        ),
        _planter(RecordType.PAYMENT)("a payment arrives", erp=payment, to="CRM"),
    ]


def _planter(record_type: RecordType) -> Callable[..., Planted]:
    def plant(
        story: str,
        *,
        erp: Record | None = None,
        crm: CrmEdit | None = None,
        to: str = "",
        breaks: tuple[BreakKind, ...] = (),
    ) -> Planted:
        return Planted(
            story=story,
            erp=erp,
            crm=crm,
            record_type=record_type,
            corrections=tuple(System(name) for name in to.split()),
            breaks=breaks,
        )

    return plant


def _customer(n: int) -> Customer:
    name, city, country, currency = _NAMES[n - 1]
    return Customer(
        number=f"C-{n:03}",
        name=name,
        email=f"accounts{n}@customer{n}.example",
        phone=f"+1 555 01{n:02}",
        billing_street=f"{n} Harbour Street",
        billing_city=city,
        billing_postal_code=f"{10_000 + 37 * n}",
        billing_country=country,
        currency=currency,
        credit_limit=Decimal(10_000 * n),
        payment_terms="30 days net",
        status=CustomerStatus.ACTIVE,
    )


def _invoice(position: int, customer: Customer) -> Invoice:
    currency = customer.currency or "EUR"
    unit = _DECIMALS.get(currency, Decimal("0.01"))
    net = (Decimal(137 * (position + 3)) / 4 + position * position).quantize(Decimal("0.001"))
    gross = (net * Decimal("1.19")).quantize(unit)
    issued = _FIRST_DAY + timedelta(days=position)
    return Invoice(
        company_code=COMPANY,
        number=f"90{position + 1:04}",
        customer_number=customer.number,
        issued_on=issued,
        due_on=issued + timedelta(days=30),
        currency=currency,
        net_amount=net,
        tax_amount=gross - net,
        gross_amount=gross,
        open_amount=gross,
        status=DocumentStatus.OPEN,
        purchase_order=f"PO-{700 + position}",
        lines=(
            DocumentLine(
                line_number=1,
                product_code="GEAR-11",
                description="Gearbox, eleven speeds",
                quantity=Decimal(position + 1),
                net_amount=net,
            ),
        ),
    )


def _payment(n: int, invoice: Invoice) -> Payment:
    return Payment(
        company_code=COMPANY,
        number=f"70{n + 1:04}",
        customer_number=invoice.customer_number,
        received_on=invoice.issued_on + timedelta(days=20),
        currency=invoice.currency,
        amount=invoice.gross_amount,
        unapplied_amount=Decimal(0),
        method="WIRE",
        applications=(
            PaymentApplication(invoice_number=invoice.number, amount=invoice.gross_amount),
        ),
    )


def _credit_memo(n: int, invoice: Invoice) -> CreditMemo:
    return CreditMemo(
        company_code=COMPANY,
        number=f"80{n + 1:04}",
        customer_number=invoice.customer_number,
        invoice_number=invoice.number,
        issued_on=invoice.issued_on + timedelta(days=3),
        currency=invoice.currency,
        net_amount=Decimal(-10 * (n + 1)),
        tax_amount=Decimal(-2 * (n + 1)),
        gross_amount=Decimal(-12 * (n + 1)),
        open_amount=Decimal(-12 * (n + 1)),
        status=DocumentStatus.OPEN,
    )
