"""Salesforce's outbound messages: the one contract that is not ours, and that we serve.

Written from the WSDL that each org generates for its messages (wsdl/salesforce/outbound.wsdl). Of
a message only ids are read: its session is never looked at, and what it says of a record is
Salesforce's latest state at some time, which is read from there anyway.
"""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml.etree import QName, _Element

from bridge.domain.crm import Notification
from bridge.domain.salesforce_ids import BadSalesforceId, checked_id
from bridge.operations.notifications import (
    NOTIFICATIONS,
    OutboundMessage,
    take_notifications,
)
from bridge.soap.context import Call
from bridge.soap.envelope import write_envelope
from bridge.soap.soap_versions import SoapVersion
from bridge.soap.subjects import Subject, UnknownOperation
from bridge.soap.violations import ContractViolated, violation_at

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/salesforce/notifications"
MOST_NOTIFICATIONS = 100

_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_SOBJECT = "urn:sobject.enterprise.soap.sforce.com"
_RECORD_ID = f"{{{_SOBJECT}}}Id"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_ACKNOWLEDGED = (
    f'<notificationsResponse xmlns="{_OUTBOUND[1:-1]}"><Ack>true</Ack></notificationsResponse>'
)
_WSDL = files("bridge") / "resources/wsdl/salesforce/outbound.wsdl"
_WSDL_ADDRESS = f"http://127.0.0.1:8080{PATH}"


def carry_out(body: _Element, call: Call) -> bytes:
    """The acknowledgement of a message, whose notifications are stored by then.

    Raises ContractViolated and the errors of `take_notifications`.
    """
    take_notifications(
        call.sessions,
        consumer=call.consumer,
        message=read_message(body),
        sobjects=call.sobjects,
        now=call.now,
    )
    return write_envelope(_ACKNOWLEDGED, call.soap)


def subject_in(body: _Element, _action: str) -> Subject:
    """What a message is about, by the id of the outbound message. Raises UnknownOperation."""
    if body.tag != f"{_OUTBOUND}notifications":
        raise UnknownOperation(f"{body.tag[:200]} is no outbound message of Salesforce")
    return Subject(NOTIFICATIONS, None, body.findtext(f"{_OUTBOUND}ActionId"))


def read_message(body: _Element) -> OutboundMessage:
    """What a message tells. Raises ContractViolated."""
    told = body.findall(f"{_OUTBOUND}Notification")
    if not 1 <= len(told) <= MOST_NOTIFICATIONS:
        raise _violated(body, f"a message has 1 to {MOST_NOTIFICATIONS} notifications")
    return OutboundMessage(
        _id_in(body, f"{_OUTBOUND}OrganizationId"),
        tuple(notification for each in told for notification in _read(each)),
    )


def write_wsdl(address: str, _soap: SoapVersion, _notice: str) -> bytes:
    """The WSDL of the contract, for a service at this address."""
    return _wsdl().replace(_WSDL_ADDRESS, escape(address)).encode()


def show_key_of_path(environ: "WSGIEnvironment") -> None:
    """Salesforce can be told an address and nothing else: what follows the path is its API key."""
    path, key = environ.get("PATH_INFO", ""), ""
    if path.startswith(f"{PATH}/"):
        key = path.removeprefix(f"{PATH}/").rstrip("/")
        environ["PATH_INFO"] = PATH
    if key:
        environ["HTTP_X_API_KEY"] = key


def _read(element: _Element) -> Iterator[Notification]:
    """The notification; none where the record is empty, because it was deleted by then."""
    notification_id = _id_in(element, f"{_OUTBOUND}Id")
    record = _only(element, f"{_OUTBOUND}sObject")
    if any(each.text for each in record.iterfind(_RECORD_ID)):
        yield Notification(notification_id, _type_of(record), _id_in(record, _RECORD_ID))


def _type_of(record: _Element) -> str:
    """The kind of record, which `xsi:type` names."""
    prefix, _, name = record.get(f"{_XSI}type", "").strip().rpartition(":")
    if not name or record.nsmap.get(prefix or None) != _SOBJECT:
        raise _violated(record, f"xsi:type has to name a kind of record of {_SOBJECT}")
    return name


def _id_in(parent: _Element, tag: str) -> str:
    element = _only(parent, tag)
    try:
        return checked_id("" if len(element) else (element.text or "").strip())
    except BadSalesforceId:
        raise _violated(element, "this is no Salesforce id") from None


def _only(parent: _Element, tag: str) -> _Element:
    """The child of this name. What another reader might take another one for is refused."""
    found = parent.findall(tag)
    if len(found) != 1:
        raise _violated(parent, f"there has to be one {QName(tag).localname}")
    return found[0]


def _violated(element: _Element, message: str) -> ContractViolated:
    return ContractViolated([violation_at(element, message)])


@cache
def _wsdl() -> str:
    return _WSDL.read_text(encoding="utf-8")
