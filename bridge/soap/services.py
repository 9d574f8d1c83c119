"""The operations of contract v1: each translates a call for `bridge.operations`, and its answer.

A method's docstring is the operation's documentation in the WSDL. `ctx.udc` is the `Call`.
"""
# ruff: noqa: N805 - Spyne hands the call's context to a service method, never an instance

from collections.abc import Callable, Sequence
from typing import Any

from spyne import Integer32, Integer64, MethodContext, Service, rpc

from bridge.domain.records import (
    CreditMemo,
    Customer,
    Invoice,
    Payment,
    Record,
    RecordKey,
    RecordType,
)
from bridge.operations.changes import acknowledge_changes, fetch_changes
from bridge.operations.health import Health, check_health
from bridge.operations.lookup import get_record
from bridge.operations.submissions import Receipt, get_receipt, submit_records
from bridge.soap import contract
from bridge.soap.context import Call
from bridge.soap.elements import Model, Simple, repeated, required
from bridge.soap.views import ChangePageView, RecordAnswer, change_page_view, record_answer

_MESSAGE_ID = required(contract.MESSAGE_ID, "Names this submission; a repeat gives the receipt.")
_RECEIPT = ("Receipt", contract.RECEIPT, "What became of each record.")


def _records(of: Model) -> Model:
    doc = f"The records, whole: 1 to {contract.MAX_RECORDS}."
    return repeated(of, doc, least=1, most=contract.MAX_RECORDS)


def _operation(
    name: str, answer: tuple[str, Simple | Model, str], **arguments: Model
) -> Callable[[Callable[..., Any]], Any]:
    """A document/literal wrapped operation; `answer` is the element that it answers with."""
    element, of, doc = answer
    decorate: Callable[[Callable[..., Any]], Any] = rpc(
        *arguments.values(),
        _args=list(arguments),
        _operation_name=name,
        _out_message_name=f"{name}Response",
        _out_variable_name=element,
        _returns=required(of, doc),
        _throws=(contract.BRIDGE_FAULT,),
        _wsdl_part_name="parameters",
    )
    return decorate


class BridgeService(Service):  # type: ignore[misc]
    """Contract v1."""

    @_operation(
        "SubmitCustomers", _RECEIPT, MessageId=_MESSAGE_ID, Customer=_records(contract.CUSTOMER)
    )
    def submit_customers(
        ctx: MethodContext, message_id: str, customers: Sequence[Customer]
    ) -> Receipt:
        """Submits customers. Each record gets its own result; one bad record stops no other."""
        return _submit(ctx, message_id, RecordType.CUSTOMER, customers)

    @_operation(
        "SubmitInvoices", _RECEIPT, MessageId=_MESSAGE_ID, Invoice=_records(contract.INVOICE)
    )
    def submit_invoices(
        ctx: MethodContext, message_id: str, invoices: Sequence[Invoice]
    ) -> Receipt:
        """Submits invoices. An invoice of an unknown customer is held until the customer comes."""
        return _submit(ctx, message_id, RecordType.INVOICE, invoices)

    @_operation(
        "SubmitPayments", _RECEIPT, MessageId=_MESSAGE_ID, Payment=_records(contract.PAYMENT)
    )
    def submit_payments(
        ctx: MethodContext, message_id: str, payments: Sequence[Payment]
    ) -> Receipt:
        """Submits payments with the invoices they settle."""
        return _submit(ctx, message_id, RecordType.PAYMENT, payments)

    @_operation(
        "SubmitCreditMemos",
        _RECEIPT,
        MessageId=_MESSAGE_ID,
        CreditMemo=_records(contract.CREDIT_MEMO),
    )
    def submit_credit_memos(
        ctx: MethodContext, message_id: str, credit_memos: Sequence[CreditMemo]
    ) -> Receipt:
        """Submits credit memos."""
        return _submit(ctx, message_id, RecordType.CREDIT_MEMO, credit_memos)

    @_operation(
        "GetReceipt",
        _RECEIPT,
        MessageId=required(contract.MESSAGE_ID, "The submission's message id."),
    )
    def get_receipt(ctx: MethodContext, message_id: str) -> Receipt:
        """Gives the receipt of an earlier submission, for a caller that timed out."""
        call: Call = ctx.udc
        return get_receipt(call.sessions, consumer=call.consumer.name, message_id=message_id)

    @_operation(
        "GetCustomer",
        ("CustomerView", contract.CUSTOMER_VIEW, "The customer."),
        Number=required(contract.NUMBER, "The customer's number."),
    )
    def get_customer(ctx: MethodContext, number: str) -> RecordAnswer:
        """Gives both systems' versions of a customer, its Salesforce id and its state."""
        return _look_up(ctx, RecordKey(RecordType.CUSTOMER, "", number))

    @_operation(
        "GetInvoice",
        ("InvoiceView", contract.INVOICE_VIEW, "The invoice."),
        CompanyCode=required(contract.COMPANY_CODE, "The invoice's company."),
        Number=required(contract.NUMBER, "The invoice's number."),
    )
    def get_invoice(ctx: MethodContext, company_code: str, number: str) -> RecordAnswer:
        """Gives both systems' versions of an invoice, its Salesforce id and its state."""
        return _look_up(ctx, RecordKey(RecordType.INVOICE, company_code, number))

    @_operation(
        "FetchChanges",
        ("ChangePage", contract.CHANGE_PAGE, "The page."),
        RecordType=required(contract.RECORD_TYPE, "The kind of record whose changes to give."),
        After=required(Integer64, "Next of the page before; 0 for the first."),
        Limit=required(contract.PAGE_SIZE, "How many changes at most."),
    )
    def fetch_changes(
        ctx: MethodContext, record_type: RecordType, after: int, limit: int
    ) -> ChangePageView:
        """Gives changes that the ERP has to make and has not acknowledged, oldest first."""
        call: Call = ctx.udc
        page = fetch_changes(
            call.sessions,
            record_type=record_type,
            after=after,
            limit=limit,
            companies=call.consumer.rights.company_codes,
        )
        return change_page_view(page)

    @_operation(
        "AcknowledgeChanges",
        ("Acknowledged", Integer32, "How many changes were acknowledged by this call."),
        RecordType=required(contract.RECORD_TYPE, "The kind of record whose changes were made."),
        UpTo=required(Integer64, "The sequence of the last change that was made."),
    )
    def acknowledge_changes(ctx: MethodContext, record_type: RecordType, up_to: int) -> int:
        """Tells that the ERP has made the changes it fetched, up to and with this sequence."""
        call: Call = ctx.udc
        return acknowledge_changes(
            call.sessions,
            record_type=record_type,
            up_to=up_to,
            companies=call.consumer.rights.company_codes,
            now=call.now,
        )

    @_operation("Ping", ("Health", contract.HEALTH, "The state."))
    def ping(ctx: MethodContext) -> Health:
        """Tells the version, the time, and whether the database and Salesforce can be reached."""
        call: Call = ctx.udc
        return check_health(call.sessions, now=call.now)


def _submit(
    ctx: MethodContext, message_id: str, record_type: RecordType, records: Sequence[Record]
) -> Receipt:
    call: Call = ctx.udc
    return submit_records(
        call.sessions,
        consumer=call.consumer,
        message_id=message_id,
        record_type=record_type,
        records=records,
        now=call.now,
    )


def _look_up(ctx: MethodContext, key: RecordKey) -> RecordAnswer:
    call: Call = ctx.udc
    return record_answer(
        get_record(call.sessions, key=key, companies=call.consumer.rights.company_codes)
    )
