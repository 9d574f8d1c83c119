"""The operations of contract v1: each translates a call for `bridge.operations`, and its answer.

A method's docstring is the operation's documentation in the WSDL. Spyne describes the operations,
`bridge.soap.dispatch` carries them out.
"""
# ruff: noqa: N805 - a service method is given the call that it serves, never an instance

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from spyne import DateTime, Integer32, Integer64, Service, rpc

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
from bridge.operations.snapshots import (
    BegunSnapshot,
    ClosedSnapshot,
    CurrencyTotal,
    begin_snapshot,
    close_snapshot,
)
from bridge.operations.submissions import Receipt, get_receipt, submit_records
from bridge.soap import contract, snapshot_types
from bridge.soap.context import Call
from bridge.soap.elements import Model, Simple, optional, repeated, required
from bridge.soap.views import ChangePageView, RecordAnswer, change_page_view, record_answer

_MESSAGE_ID = required(contract.MESSAGE_ID, "Names this submission; a repeat gives the receipt.")
_IN_SNAPSHOT = optional(
    snapshot_types.SNAPSHOT_ID, "The snapshot that the records are told in, if they are."
)
_RECEIPT = ("Receipt", contract.RECEIPT, "What became of each record.")


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


def _submitting(name: str, **record: Model) -> Callable[[Callable[..., Any]], Any]:
    ((element, of),) = record.items()
    records = repeated(
        of,
        f"The records, whole: 1 to {contract.MAX_RECORDS}.",
        least=1,
        most=contract.MAX_RECORDS,
    )
    # What is optional stands last: callers that know nothing of it keep their signature's begin.
    return _operation(
        name, _RECEIPT, MessageId=_MESSAGE_ID, **{element: records}, SnapshotId=_IN_SNAPSHOT
    )


class BridgeService(Service):  # type: ignore[misc]
    """Contract v1."""

    @_submitting("SubmitCustomers", Customer=contract.CUSTOMER)
    def submit_customers(
        call: Call, message_id: str, customers: Sequence[Customer], snapshot_id: str | None
    ) -> Receipt:
        """Submits customers. Each record gets its own result; one bad record stops no other."""
        return _submit(call, message_id, RecordType.CUSTOMER, customers, snapshot_id)

    @_submitting("SubmitInvoices", Invoice=contract.INVOICE)
    def submit_invoices(
        call: Call, message_id: str, invoices: Sequence[Invoice], snapshot_id: str | None
    ) -> Receipt:
        """Submits invoices. An invoice of an unknown customer is held until the customer comes."""
        return _submit(call, message_id, RecordType.INVOICE, invoices, snapshot_id)

    @_submitting("SubmitPayments", Payment=contract.PAYMENT)
    def submit_payments(
        call: Call, message_id: str, payments: Sequence[Payment], snapshot_id: str | None
    ) -> Receipt:
        """Submits payments with the invoices they settle."""
        return _submit(call, message_id, RecordType.PAYMENT, payments, snapshot_id)

    @_submitting("SubmitCreditMemos", CreditMemo=contract.CREDIT_MEMO)
    def submit_credit_memos(
        call: Call, message_id: str, memos: Sequence[CreditMemo], snapshot_id: str | None
    ) -> Receipt:
        """Submits credit memos."""
        return _submit(call, message_id, RecordType.CREDIT_MEMO, memos, snapshot_id)

    @_operation(
        "GetReceipt",
        _RECEIPT,
        MessageId=required(contract.MESSAGE_ID, "The submission's message id."),
    )
    def get_receipt(call: Call, message_id: str) -> Receipt:
        """Gives the receipt of an earlier submission, for a caller that timed out."""
        return get_receipt(call.sessions, consumer=call.consumer.name, message_id=message_id)

    @_operation(
        "BeginSnapshot",
        ("Snapshot", snapshot_types.SNAPSHOT, "The snapshot."),
        RecordType=required(contract.RECORD_TYPE, "The kind of record of which it is the whole."),
        CompanyCode=optional(contract.COMPANY_CODE, "The company; absent for customers."),
        AsOf=required(DateTime, "When the records were selected; in UTC if it names no zone."),
    )
    def begin_snapshot(
        call: Call, record_type: RecordType, company_code: str | None, as_of: datetime
    ) -> BegunSnapshot:
        """Begins to tell all records of a kind that the ERP holds. Submit them in the snapshot."""
        return begin_snapshot(
            call.sessions,
            consumer=call.consumer,
            record_type=record_type,
            company_code=company_code,
            as_of=as_of,
            settings=call.snapshots,
            now=call.now,
        )

    @_operation(
        "CloseSnapshot",
        ("ClosedSnapshot", snapshot_types.CLOSED_SNAPSHOT, "What it led to."),
        SnapshotId=required(snapshot_types.SNAPSHOT_ID, "The snapshot."),
        Count=required(Integer32, "How many records the ERP holds."),
        Total=repeated(
            snapshot_types.TOTAL, "Their sum in each currency; none for customers.", most=200
        ),
    )
    def close_snapshot(
        call: Call, snapshot_id: str, count: int, totals: Sequence[CurrencyTotal]
    ) -> ClosedSnapshot:
        """Closes a snapshot. If its totals agree, the ERP no longer has what it leaves out."""
        return close_snapshot(
            call.sessions,
            consumer=call.consumer,
            snapshot_id=snapshot_id,
            count=count,
            totals=totals,
            settings=call.snapshots,
            now=call.now,
        )

    @_operation(
        "GetCustomer",
        ("CustomerView", contract.CUSTOMER_VIEW, "The customer."),
        Number=required(contract.NUMBER, "The customer's number."),
    )
    def get_customer(call: Call, number: str) -> RecordAnswer:
        """Gives both systems' versions of a customer, its Salesforce id and its state."""
        return _look_up(call, RecordKey(RecordType.CUSTOMER, "", number))

    @_operation(
        "GetInvoice",
        ("InvoiceView", contract.INVOICE_VIEW, "The invoice."),
        CompanyCode=required(contract.COMPANY_CODE, "The invoice's company."),
        Number=required(contract.NUMBER, "The invoice's number."),
    )
    def get_invoice(call: Call, company_code: str, number: str) -> RecordAnswer:
        """Gives both systems' versions of an invoice, its Salesforce id and its state."""
        return _look_up(call, RecordKey(RecordType.INVOICE, company_code, number))

    @_operation(
        "FetchChanges",
        ("ChangePage", contract.CHANGE_PAGE, "The page."),
        RecordType=required(contract.RECORD_TYPE, "The kind of record whose changes to give."),
        After=required(Integer64, "Next of the page before; 0 for the first."),
        Limit=required(contract.PAGE_SIZE, "How many changes at most."),
    )
    def fetch_changes(
        call: Call, record_type: RecordType, after: int, limit: int
    ) -> ChangePageView:
        """Gives changes that the ERP has to make and has not acknowledged, oldest first."""
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
    def acknowledge_changes(call: Call, record_type: RecordType, up_to: int) -> int:
        """Tells that the ERP has made the changes it fetched, up to and with this sequence."""
        return acknowledge_changes(
            call.sessions,
            record_type=record_type,
            up_to=up_to,
            companies=call.consumer.rights.company_codes,
            now=call.now,
        )

    @_operation("Ping", ("Health", contract.HEALTH, "The state."))
    def ping(call: Call) -> Health:
        """Tells the version, the time, and whether the database and Salesforce can be reached."""
        return check_health(call.sessions, now=call.now)


def _submit(
    call: Call,
    message_id: str,
    record_type: RecordType,
    records: Sequence[Record],
    snapshot_id: str | None,
) -> Receipt:
    return submit_records(
        call.sessions,
        consumer=call.consumer,
        message_id=message_id,
        record_type=record_type,
        records=records,
        snapshot_id=snapshot_id,
        now=call.now,
    )


def _look_up(call: Call, key: RecordKey) -> RecordAnswer:
    return record_answer(
        get_record(call.sessions, key=key, companies=call.consumer.rights.company_codes)
    )
