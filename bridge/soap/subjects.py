"""What a call is about, told before its body is known to be good."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml.etree import _Element

from bridge.domain.records import RecordType
from bridge.soap.elements import NAMESPACE
from bridge.soap.protocol import operation_in

_RECORD_TYPES: Mapping[str, RecordType] = {
    "SubmitCustomers": RecordType.CUSTOMER,
    "SubmitInvoices": RecordType.INVOICE,
    "SubmitPayments": RecordType.PAYMENT,
    "SubmitCreditMemos": RecordType.CREDIT_MEMO,
    "GetCustomer": RecordType.CUSTOMER,
    "GetInvoice": RecordType.INVOICE,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """An operation, and the record type and the message id that the call is about, if any."""

    operation: str
    record_type: RecordType | None
    message_id: str | None


def subject_in(body: _Element, action: str) -> Subject:
    """What the element of a body is about. Raises UnknownOperation, ActionMismatch."""
    operation = operation_in(body, action)
    message_id = body.findtext(f"{{{NAMESPACE}}}MessageId")
    return Subject(operation, _record_type(operation, body), message_id)


def _record_type(operation: str, body: _Element) -> RecordType | None:
    """The one that the operation has, or that its element names."""
    if operation in _RECORD_TYPES:
        return _RECORD_TYPES[operation]
    named = (body.findtext(f"{{{NAMESPACE}}}RecordType") or "").strip()
    return RecordType(named) if named in set(RecordType) else None
