"""What a call is about, told before its body is known to be good."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml.etree import QName, _Element

from bridge import BridgeError
from bridge.domain.records import RecordType
from bridge.soap.codec import operation_codecs
from bridge.soap.elements import NAMESPACE
from bridge.soap.violations import told_namespace
from bridge.soap.wsdl import action_of


class UnknownOperation(BridgeError):
    """The body's element is no operation of the contract."""


class ActionMismatch(BridgeError):
    """The SOAP action names another operation than the body."""


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
    operation = _operation_in(body, action)
    message_id = body.findtext(f"{{{NAMESPACE}}}MessageId")
    return Subject(operation, _record_type(operation, body), message_id)


def _operation_in(body: _Element, action: str) -> str:
    """The operation that a body's element and the action name; the action may be empty."""
    name = QName(body)
    operation = name.localname
    if operation not in operation_codecs():
        raise UnknownOperation(f"there is no operation {body.tag[:200]}: see the WSDL")
    if name.namespace != NAMESPACE:
        raise UnknownOperation(told_namespace(name, NAMESPACE))
    # An action that names another operation may have passed a firewall that this one may not. None,
    # and a bare name, are what simple callers send.
    if action not in ("", operation, action_of(operation)):
        raise ActionMismatch(f"the action is {action[:100]!r} and the body {operation}")
    return operation


def _record_type(operation: str, body: _Element) -> RecordType | None:
    """The one that the operation has, or that its element names."""
    if operation in _RECORD_TYPES:
        return _RECORD_TYPES[operation]
    named = (body.findtext(f"{{{NAMESPACE}}}RecordType") or "").strip()
    return RecordType(named) if named in set(RecordType) else None
