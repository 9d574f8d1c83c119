"""What a call is about, told before its body is known to be good: record type and message id."""

from collections.abc import Mapping

from lxml.etree import _Element

from bridge.domain.records import RecordType
from bridge.soap.elements import NAMESPACE

_RECORD_TYPES: Mapping[str, RecordType] = {
    "SubmitCustomers": RecordType.CUSTOMER,
    "SubmitInvoices": RecordType.INVOICE,
    "SubmitPayments": RecordType.PAYMENT,
    "SubmitCreditMemos": RecordType.CREDIT_MEMO,
    "GetCustomer": RecordType.CUSTOMER,
    "GetInvoice": RecordType.INVOICE,
}


def record_type_of(operation: str, body: _Element) -> RecordType | None:
    """The record type that an operation has, or that its element names; None where neither does."""
    if operation in _RECORD_TYPES:
        return _RECORD_TYPES[operation]
    named = (body.findtext(f"{{{NAMESPACE}}}RecordType") or "").strip()
    return RecordType(named) if named in set(RecordType) else None


def message_id_of(body: _Element) -> str | None:
    """The message id, as far as there is one."""
    return body.findtext(f"{{{NAMESPACE}}}MessageId")
