"""The canonical records, their keys, and the catalogue of their fields.

Each record is a frozen dataclass whose annotations say all that other layers need: the contract,
the mapping, the codec and the comparison are driven by `fields_of`. An attribute with a default is
optional: `None` means that the system holds no value there.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType, UnionType
from typing import Annotated, Any, NamedTuple, Self, get_args, get_origin, get_type_hints

from bridge import BridgeError


class System(StrEnum):
    """Whose word a version is."""

    ERP = "ERP"
    CRM = "CRM"
    AGREED = "AGREED"


class RecordType(StrEnum):
    """The kinds of record the bridge carries, parents before children."""

    CUSTOMER = "CUSTOMER"
    INVOICE = "INVOICE"
    PAYMENT = "PAYMENT"
    CREDIT_MEMO = "CREDIT_MEMO"


FINANCIAL_TYPES = (RecordType.INVOICE, RecordType.PAYMENT, RecordType.CREDIT_MEMO)


class Kind(StrEnum):
    """What a field holds, and so how it is validated, compared and written."""

    TEXT = "text"
    NAME = "name"  # of a company, a street, a place: case and spaces say nothing
    TAX_NUMBER = "tax number"
    POSTAL_CODE = "postal code"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    CURRENCY = "currency"  # ISO 4217 alphabetic
    CODE = "code"  # one of an enumeration
    DATE = "date"
    MONEY = "money"  # must fit the currency's minor units
    AMOUNT = "amount"  # up to four decimals: net, tax and line amounts
    QUANTITY = "quantity"
    INTEGER = "integer"
    CUSTOMER = "customer"  # the number of a customer: a reference to the parent
    ITEMS = "items"  # a repeated group


TEXT_KINDS = frozenset(
    {
        Kind.TEXT,
        Kind.NAME,
        Kind.TAX_NUMBER,
        Kind.POSTAL_CODE,
        Kind.EMAIL,
        Kind.PHONE,
        Kind.URL,
        Kind.CUSTOMER,
    }
)
"""What may be any text of up to its greatest length."""
AMOUNT_KINDS = (Kind.MONEY, Kind.AMOUNT, Kind.QUANTITY)


@dataclass(frozen=True, slots=True)
class Is:
    """Annotation of a record's attribute: its kind, and its greatest length where it is text."""

    kind: Kind
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a record or item, as the catalogue lists it.

    `codes` is the enumeration of a CODE, `item_type` the dataclass that an ITEMS field repeats.
    """

    name: str
    kind: Kind
    required: bool
    max_length: int | None = None
    codes: type[StrEnum] | None = None
    item_type: type[Any] | None = None


class CustomerStatus(StrEnum):
    """Whether the ERP does business with the customer."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    CLOSED = "CLOSED"


class DocumentStatus(StrEnum):
    """Where an invoice or credit memo stands."""

    OPEN = "OPEN"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    DISPUTED = "DISPUTED"
    VOID = "VOID"


_NUMBER_LENGTH, _COMPANY_LENGTH = 60, 20

Number = Annotated[str, Is(Kind.TEXT, _NUMBER_LENGTH)]
CompanyCode = Annotated[str, Is(Kind.TEXT, _COMPANY_LENGTH)]
CustomerReference = Annotated[str, Is(Kind.CUSTOMER, _NUMBER_LENGTH)]
Currency = Annotated[str, Is(Kind.CURRENCY, 3)]
Day = Annotated[date, Is(Kind.DATE)]
Money = Annotated[Decimal, Is(Kind.MONEY)]
Amount = Annotated[Decimal, Is(Kind.AMOUNT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A company that buys from us; the ERP's debtor, Salesforce's Account."""

    number: Number
    name: Annotated[str, Is(Kind.NAME, 255)]
    tax_number: Annotated[str | None, Is(Kind.TAX_NUMBER, 40)] = None
    email: Annotated[str | None, Is(Kind.EMAIL, 80)] = None
    phone: Annotated[str | None, Is(Kind.PHONE, 40)] = None
    website: Annotated[str | None, Is(Kind.URL, 255)] = None
    billing_street: Annotated[str | None, Is(Kind.NAME, 255)] = None
    billing_city: Annotated[str | None, Is(Kind.NAME, 40)] = None
    billing_region: Annotated[str | None, Is(Kind.NAME, 80)] = None
    billing_postal_code: Annotated[str | None, Is(Kind.POSTAL_CODE, 20)] = None
    billing_country: Annotated[str | None, Is(Kind.COUNTRY, 2)] = None
    currency: Annotated[str | None, Is(Kind.CURRENCY, 3)] = None
    credit_limit: Annotated[Decimal | None, Is(Kind.MONEY)] = None
    payment_terms: Annotated[str | None, Is(Kind.TEXT, 40)] = None
    status: Annotated[CustomerStatus, Is(Kind.CODE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line of an invoice or credit memo."""

    line_number: Annotated[int, Is(Kind.INTEGER)]
    product_code: Annotated[str | None, Is(Kind.TEXT, 60)] = None
    description: Annotated[str | None, Is(Kind.TEXT, 255)] = None
    quantity: Annotated[Decimal, Is(Kind.QUANTITY)]
    net_amount: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A bill. Gross and open amounts fit the currency; net and tax may be finer."""

    company_code: CompanyCode
    number: Number
    customer_number: CustomerReference
    issued_on: Day
    due_on: Annotated[date | None, Is(Kind.DATE)] = None
    currency: Currency
    net_amount: Amount
    tax_amount: Amount
    gross_amount: Money
    open_amount: Money
    status: Annotated[DocumentStatus, Is(Kind.CODE)]
    purchase_order: Annotated[str | None, Is(Kind.TEXT, 60)] = None
    lines: Annotated[tuple[DocumentLine, ...], Is(Kind.ITEMS)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMemo:
    """What takes an invoice, or a part of it, back."""

    company_code: CompanyCode
    number: Number
    customer_number: CustomerReference
    invoice_number: Annotated[str | None, Is(Kind.TEXT, 60)] = None
    issued_on: Day
    due_on: Annotated[date | None, Is(Kind.DATE)] = None
    currency: Currency
    net_amount: Amount
    tax_amount: Amount
    gross_amount: Money
    open_amount: Money
    status: Annotated[DocumentStatus, Is(Kind.CODE)]
    purchase_order: Annotated[str | None, Is(Kind.TEXT, 60)] = None
    lines: Annotated[tuple[DocumentLine, ...], Is(Kind.ITEMS)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentApplication:
    """The part of a payment that settles one invoice."""

    invoice_number: Number
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money received, and what it was applied to."""

    company_code: CompanyCode
    number: Number
    customer_number: CustomerReference
    received_on: Day
    currency: Currency
    amount: Money
    unapplied_amount: Money
    method: Annotated[str | None, Is(Kind.TEXT, 40)] = None
    applications: Annotated[tuple[PaymentApplication, ...], Is(Kind.ITEMS)] = ()


Record = Customer | Invoice | Payment | CreditMemo
Item = DocumentLine | PaymentApplication
Value = str | int | Decimal | date | tuple[Item, ...]
Values = Mapping[str, Value | None]
"""Field name -> value. A name that is absent was not read; `None` was read and is empty."""

RECORD_CLASSES: Mapping[RecordType, type[Record]] = MappingProxyType(
    {
        RecordType.CUSTOMER: Customer,
        RecordType.INVOICE: Invoice,
        RecordType.PAYMENT: Payment,
        RecordType.CREDIT_MEMO: CreditMemo,
    }
)

AMOUNT_COLUMNS: Mapping[RecordType, Mapping[str, str]] = MappingProxyType(
    {
        RecordType.CUSTOMER: {"amount": "credit_limit"},
        RecordType.INVOICE: {
            "amount": "gross_amount",
            "net_amount": "net_amount",
            "tax_amount": "tax_amount",
            "open_amount": "open_amount",
        },
        RecordType.PAYMENT: {"amount": "amount", "open_amount": "unapplied_amount"},
        RecordType.CREDIT_MEMO: {
            "amount": "gross_amount",
            "net_amount": "net_amount",
            "tax_amount": "tax_amount",
            "open_amount": "open_amount",
        },
    }
)
"""Which field of a record each summed amount of a control total comes from."""


class BadRecordKey(BridgeError):
    """A text that is no record key."""


class RecordKey(NamedTuple):
    """The identity that the ERP gives a record: type, company code where it has one, number.

    `str(key)` is the value of Salesforce's External ID field: the number of a customer,
    `COMPANY/NUMBER` of a document. A company code holds no slash, so the first one divides.
    """

    record_type: RecordType
    company_code: str
    number: str

    def __str__(self) -> str:
        return f"{self.company_code}/{self.number}" if self.company_code else self.number

    @classmethod
    def parse(cls, record_type: RecordType, text: str) -> Self:
        """Reads what `str` wrote. Raises BadRecordKey."""
        if record_type is RecordType.CUSTOMER:
            company_code, number = "", text
        else:
            company_code, _, number = text.partition("/")
        if not number or (record_type is not RecordType.CUSTOMER and not company_code):
            raise BadRecordKey(f"{text!r} is not the key of a {record_type}: write COMPANY/NUMBER")
        if len(number) > _NUMBER_LENGTH or len(company_code) > _COMPANY_LENGTH:
            raise BadRecordKey(f"{text!r} is longer than any key of a {record_type}")
        return cls(record_type, company_code, number)


def record_type_of(record: Record) -> RecordType:
    """The type that a record's class stands for."""
    return _TYPE_OF_CLASS[type(record)]


def key_of(record: Record) -> RecordKey:
    """The key that a record carries in its own fields."""
    company_code = "" if isinstance(record, Customer) else record.company_code
    return RecordKey(record_type_of(record), company_code, record.number)


def values_of(record: Record) -> dict[str, Value | None]:
    """The record as field name -> value, every field present."""
    return {name: getattr(record, name) for name in field_names(record_type_of(record))}


def field_names(record_type: RecordType) -> tuple[str, ...]:
    """The names of a record type's fields, in the contract's order."""
    return tuple(fields_of(RECORD_CLASSES[record_type]))


def fields_of(record_class: type[Any]) -> Mapping[str, Field]:
    """The catalogue of a record or item class: name -> Field, in the contract's order."""
    return _CATALOGUE[record_class]


def _catalogue(record_class: type[Any]) -> Mapping[str, Field]:
    hints = get_type_hints(record_class, include_extras=True)
    optional = {f.name for f in fields(record_class) if f.default is not MISSING}
    return MappingProxyType(
        {name: _field(name, hint, name not in optional) for name, hint in hints.items()}
    )


def _field(name: str, hint: Any, required: bool) -> Field:
    annotated, note = hint.__origin__, hint.__metadata__[0]
    plain = _without_none(annotated)
    return Field(
        name=name,
        kind=note.kind,
        required=required,
        max_length=note.max_length,
        codes=plain if note.kind is Kind.CODE else None,
        item_type=get_args(plain)[0] if note.kind is Kind.ITEMS else None,
    )


def _without_none(hint: Any) -> Any:
    if get_origin(hint) is UnionType:
        return next(part for part in get_args(hint) if part is not type(None))
    return hint


_TYPE_OF_CLASS = {record_class: kind for kind, record_class in RECORD_CLASSES.items()}
_CATALOGUE = {
    record_class: _catalogue(record_class)
    for record_class in (*RECORD_CLASSES.values(), DocumentLine, PaymentApplication)
}
