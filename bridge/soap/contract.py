"""Contract v1: the types that consumers see, as Spyne models.

Records are derived from the domain's catalogue, so that lengths and requiredness live in one
place; what stands here is their documentation, and the messages around them.

The shapes suit generated clients: what is required says so and is never nil, repeated elements
stand directly in their parent, whole numbers are xs:int or xs:long, codes are enumerations. An
absent optional element means that the sender holds no value there.
"""

from typing import Any

from spyne import Boolean, DateTime, Integer32, Integer64, Unicode

from bridge.domain import records
from bridge.domain.records import RecordType
from bridge.operations import submissions
from bridge.operations.lookup import RecordState
from bridge.operations.submissions import Outcome
from bridge.soap.elements import (
    complex_type,
    enumeration,
    optional,
    record_type,
    repeated,
    required,
    simple_type,
    text_type,
)
from bridge.soap.fault_codes import describe_codes
from bridge.soap.violations import Violation

MAX_RECORDS = 500
"""Records in one submission, and changes on one page."""

MESSAGE_ID = simple_type(
    Unicode,
    "MessageId",
    "A text that the consumer makes up for one submission, and never uses for another.",
    min_len=1,
    max_len=80,
)
PAGE_SIZE = simple_type(
    Integer32, "PageSize", f"How many changes at most: 1 to {MAX_RECORDS}.", ge=1, le=MAX_RECORDS
)
NUMBER = text_type(60)
COMPANY_CODE = text_type(20)

CUSTOMER_STATUS = enumeration(
    records.CustomerStatus, "Whether the ERP does business with the customer."
)
DOCUMENT_STATUS = enumeration(records.DocumentStatus, "Where an invoice or a credit memo stands.")
RECORD_TYPE = enumeration(RecordType, "A kind of record.")
OUTCOME = enumeration(
    Outcome,
    "What became of a record: ACCEPTED is stored, UNCHANGED was stored already, REJECTED is not"
    " stored and must be repaired.",
)
RECORD_STATE = enumeration(
    RecordState,
    "Where a record stands between both systems: NEW is not compared yet, HELD waits for its"
    " customer, PENDING has a correction on its way, FAILED has one that Salesforce refused for"
    " good, AGREED is equal on both sides, CHANGED was so and has a newer value that is not"
    " compared yet, BREAK has a difference that a person must close, GONE is no longer in the ERP.",
)


# Records

CUSTOMER = record_type(
    records.Customer,
    "A company that buys; in Salesforce an Account.",
    {
        "Number": "The customer's number in the ERP; the key.",
        "Name": "The company's name.",
        "TaxNumber": "VAT or tax registration number.",
        "Email": "Address for business mail, such as office@example.com.",
        "Phone": "Telephone number, as people write it.",
        "Website": "Web address, such as www.example.com.",
        "Billing": "Where invoices go.",
        "Billing.Street": "Street and house number; may have several lines.",
        "Billing.City": "City.",
        "Billing.Region": "State, province or region.",
        "Billing.PostalCode": "Postal code.",
        "Billing.Country": "Country, as an ISO 3166-1 alpha-2 code.",
        "Currency": "The currency of the credit limit, as an ISO 4217 code.",
        "CreditLimit": "How much may be open at a time.",
        "PaymentTerms": "The ERP's code of the payment terms.",
        "Status": "Whether the ERP does business with the customer.",
    },
    nested={records.CustomerStatus: CUSTOMER_STATUS},
)

DOCUMENT_LINE = record_type(
    records.DocumentLine,
    "One line of an invoice or a credit memo.",
    {
        "LineNumber": "The line's number, unique in its document.",
        "ProductCode": "The product's code in the ERP.",
        "Description": "What was sold, in words.",
        "Quantity": "How many.",
        "NetAmount": "The line's amount without tax; may be finer than the currency.",
    },
    nested={},
)

_DOCUMENT = {
    "CompanyCode": "The ERP's company (ledger) that the document belongs to; part of the key.",
    "Number": "The document's number, unique in its company; part of the key.",
    "CustomerNumber": "The number of the customer that the document is for.",
    "IssuedOn": "Date of the document.",
    "DueOn": "Date on which payment is due.",
    "Currency": "The currency of all amounts, as an ISO 4217 code.",
    "NetAmount": "Amount without tax; may be finer than the currency.",
    "TaxAmount": "Tax; may be finer than the currency.",
    "GrossAmount": "Amount with tax, in whole minor units of the currency.",
    "OpenAmount": "What is still to be settled, in whole minor units of the currency.",
    "Status": "Where the document stands.",
    "PurchaseOrder": "The customer's own order number.",
    "Line": "The document's lines.",
}
_IN_DOCUMENTS = {records.DocumentStatus: DOCUMENT_STATUS, records.DocumentLine: DOCUMENT_LINE}

INVOICE = record_type(records.Invoice, "A bill.", _DOCUMENT, nested=_IN_DOCUMENTS)

CREDIT_MEMO = record_type(
    records.CreditMemo,
    "What takes an invoice, or a part of it, back.",
    _DOCUMENT | {"InvoiceNumber": "The number of the invoice that is credited."},
    nested=_IN_DOCUMENTS,
)

PAYMENT_APPLICATION = record_type(
    records.PaymentApplication,
    "The part of a payment that settles one invoice.",
    {
        "InvoiceNumber": "The number of the invoice, in the payment's company.",
        "Amount": "How much of the payment settles it.",
    },
    nested={},
)

PAYMENT = record_type(
    records.Payment,
    "Money received, and what it was applied to.",
    {
        "CompanyCode": _DOCUMENT["CompanyCode"],
        "Number": "The payment's number, unique in its company; part of the key.",
        "CustomerNumber": "The number of the customer who paid.",
        "ReceivedOn": "Date on which the money came.",
        "Currency": _DOCUMENT["Currency"],
        "Amount": "The whole payment, in whole minor units of the currency.",
        "UnappliedAmount": "What is not applied to any invoice yet.",
        "Method": "The ERP's code of the way of payment.",
        "Application": "The invoices that the payment settles.",
    },
    nested={records.PaymentApplication: PAYMENT_APPLICATION},
)


# Receipts

_KEY = {
    "CompanyCode": optional(COMPANY_CODE, "The record's company; absent for customers."),
    "Number": required(NUMBER, "The record's number."),
}


def _record_result(company_code: str | None, **others: Any) -> submissions.RecordResult:
    return submissions.RecordResult(company_code=company_code or "", **others)


RECORD_RESULT = complex_type(
    "RecordResult",
    "What became of one record. An ACCEPTED one may carry a warning in Code and Message.",
    {
        **_KEY,
        "Outcome": required(OUTCOME, "What became of the record."),
        "Code": optional(Unicode, "Why it was rejected, or what is suspicious: a fixed word."),
        "Message": optional(Unicode, "The same for a person."),
    },
    python_type=_record_result,
)

RECEIPT = complex_type(
    "Receipt",
    "The answer to a submission. The same MessageId with the same records gives it again.",
    {
        "MessageId": required(MESSAGE_ID, "The submission's message id."),
        "ReceivedAt": required(DateTime, "When the submission was first accepted, in UTC."),
        "Replayed": required(Boolean, "True if the submission had been accepted before."),
        "Result": repeated(RECORD_RESULT, "One result for each key that was submitted."),
    },
    python_type=submissions.Receipt,
)


# Looking a record up

FIELD_VERSIONS = complex_type(
    "FieldVersions",
    "What both systems say of one field, and what they last agreed on, as text.",
    {
        "Name": required(Unicode, "The field by its name in this contract, such as Email."),
        "ErpValue": optional(Unicode, "The ERP's value."),
        "CrmValue": optional(Unicode, "Salesforce's value."),
        "AgreedValue": optional(Unicode, "The value that both last agreed on."),
    },
)

_VIEW = {
    "State": required(RECORD_STATE, "Where the record stands between both systems."),
    "SalesforceId": optional(Unicode, "The 18-character id of the linked Salesforce record."),
    "ErpReceivedAt": optional(DateTime, "When the ERP's version last came, in UTC."),
    "ErpDeleted": required(
        Boolean, "True if a snapshot showed that the ERP no longer has the record."
    ),
    "CrmModifiedAt": optional(DateTime, "When Salesforce's version was last changed, in UTC."),
    "CrmDeleted": required(Boolean, "True if the record was deleted in Salesforce."),
}
_FIELDS = repeated(FIELD_VERSIONS, "The fields that both systems hold.")

CUSTOMER_VIEW = complex_type(
    "CustomerView",
    "A customer: both systems' versions, the link and the state.",
    {
        "Number": _KEY["Number"],
        **_VIEW,
        "Erp": optional(CUSTOMER, "The customer as the ERP last submitted it."),
        "Field": _FIELDS,
    },
)

INVOICE_VIEW = complex_type(
    "InvoiceView",
    "An invoice: both systems' versions, the link and the state.",
    {
        "CompanyCode": required(COMPANY_CODE, "The invoice's company."),
        "Number": _KEY["Number"],
        **_VIEW,
        "Erp": optional(INVOICE, "The invoice as the ERP last submitted it."),
        "Field": _FIELDS,
    },
)


# The change feed

FIELD_CHANGE = complex_type(
    "FieldChange",
    "A field's value in the ERP as the bridge knows it, and the one to set, as text.",
    {
        "Name": required(Unicode, "The field by its name in this contract, such as Email."),
        "OldValue": optional(Unicode, "The value to replace; absent if there is none."),
        "NewValue": optional(Unicode, "The value to set; absent if it is to be cleared."),
    },
)

CHANGE = complex_type(
    "Change",
    "What the ERP has to change in one record. A record may come again with a later sequence.",
    {
        "Sequence": required(Integer64, "The change's place in the feed; grows, with gaps."),
        "RecordType": required(RECORD_TYPE, "The record's kind."),
        **_KEY,
        "SalesforceId": optional(Unicode, "The 18-character id of the linked Salesforce record."),
        "StagedAt": required(DateTime, "When the change was decided, in UTC."),
        "Field": repeated(FIELD_CHANGE, "The fields to change.", least=1),
    },
)

CHANGE_PAGE = complex_type(
    "ChangePage",
    "A page of the change feed: ask again after Next while there are more.",
    {
        "Change": repeated(CHANGE, "The changes, oldest first.", most=MAX_RECORDS),
        "Next": required(Integer64, "What to pass as After for the next page, and as UpTo."),
        "More": required(Boolean, "True if another page waits."),
    },
)


# The state of the bridge, and faults

HEALTH = complex_type(
    "Health",
    "The state of the bridge and of what it depends on.",
    {
        "Version": required(Unicode, "The bridge's version."),
        "Time": required(DateTime, "The bridge's clock, in UTC."),
        "Database": required(Unicode, "OK, or one line that says what is wrong."),
        "Salesforce": required(Unicode, "OK, or one line that says what is wrong."),
    },
)

VIOLATION = complex_type(
    "Violation",
    "One place where a request breaks the contract.",
    {
        "Line": required(Integer32, "The line of the request; 0 if unknown."),
        "Path": required(Unicode, "The element, such as SubmitInvoices/Invoice[2]/IssuedOn."),
        "Message": required(Unicode, "What is wrong with it."),
    },
    python_type=Violation,
)

BRIDGE_FAULT = complex_type(
    "BridgeFault",
    "Why a call failed. Nothing of it was stored.",
    {
        "Code": required(Unicode, describe_codes()),
        "Message": required(Unicode, "What is wrong and what to do, for a person."),
        "Retryable": required(Boolean, "True if the same call may succeed later as it is."),
        "RetryAfterSeconds": optional(Integer32, "How long to wait before it."),
        "CorrelationId": required(Unicode, "Names this call in the bridge's log."),
        "Violation": repeated(
            VIOLATION, "Where the request breaks the contract, or where totals differ."
        ),
    },
)
