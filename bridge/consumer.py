"""A consumer of our own service: what an ERP does, for flat files and the demo.

Calls go out as SOAP 1.1 with HTTP Basic over keep-alive connections. Every operation of the
contract may be repeated safely, so what fails on the way is sent again as it is, a few times.
"""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit

import requests
from lxml.etree import _Element
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from bridge import BridgeError, __version__
from bridge.domain.content import decode_value
from bridge.domain.records import (
    RECORD_CLASSES,
    Field,
    Kind,
    Record,
    RecordKey,
    RecordType,
    Value,
    fields_of,
    record_type_of,
)
from bridge.operations.changes import Change, ChangePage, FieldChange
from bridge.operations.health import Health
from bridge.operations.snapshots import BegunSnapshot, ClosedSnapshot, CurrencyTotal
from bridge.operations.submissions import Receipt
from bridge.soap.calls import (
    SOAP_11,
    action_of,
    decode_answer,
    decode_fault,
    decode_receipt,
    encode_request,
)
from bridge.soap.elements import NAMESPACE, contract_name
from bridge.soap.envelope import read_envelope
from bridge.soap.faults import BridgeFault

SERVICE_PATH = "/soap/v1"

_CONNECT_TIMEOUT_SECONDS = 10.0
_CONNECTIONS = 16
_PASSING_STATUS = (429, 502, 503, 504)  # what stands between, such as a proxy, is in trouble
_SUBMIT = {
    RecordType.CUSTOMER: "SubmitCustomers",
    RecordType.INVOICE: "SubmitInvoices",
    RecordType.PAYMENT: "SubmitPayments",
    RecordType.CREDIT_MEMO: "SubmitCreditMemos",
}


class BadServiceUrl(BridgeError):
    """A text that is no address of the service."""


class CallFailed(BridgeError):
    """A call without the answer it asked for. `retryable`: the same call may succeed later."""

    def __init__(
        self, message: str, *, retryable: bool, pause_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.retryable, self.pause_seconds = retryable, pause_seconds


class ServiceUnreachable(CallFailed):
    """No answer of the service came: whether the call was carried out is unknown."""


class ServiceFault(CallFailed):
    """The service refused a call and stored nothing of it.

    `code` is the contract's word (see `bridge.soap.faults`), `violations` say where a request
    breaks the contract.
    """

    def __init__(self, fault: BridgeFault) -> None:
        super().__init__(
            f"{fault.code}: {fault.message}",
            retryable=fault.retryable,
            pause_seconds=fault.retry_after_seconds,
        )
        self.code, self.message, self.violations = fault.code, fault.message, fault.violations


class ServiceConsumer:
    """Calls the service at a URL by a consumer's name and secret. Threads may share it.

    The URL is the server's, as in http://127.0.0.1:8080, or the service's with its path. A call
    is tried up to `attempts` times, each with `timeout_seconds` to be answered; between them lies
    `pause_seconds`, doubled every time, or what the service asks for. All calls raise ServiceFault
    where the service refuses and ServiceUnreachable where no answer comes.
    """

    def __init__(
        self,
        url: str,
        name: str,
        secret: str,
        *,
        timeout_seconds: float = 60.0,
        attempts: int = 4,
        pause_seconds: float = 0.5,
    ) -> None:
        self._url = _service_url(url)
        self._timeouts = (_CONNECT_TIMEOUT_SECONDS, timeout_seconds)
        self._attempts, self._pause_seconds = attempts, pause_seconds
        self._http = requests.Session()
        self._http.auth = HTTPBasicAuth(name.encode(), secret.encode())
        self._http.headers["User-Agent"] = f"erp-bridge/{__version__}"
        self._http.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def submit(
        self, message_id: str, records: Sequence[Record], snapshot_id: str | None = None
    ) -> Receipt:
        """Submits 1 to 500 records of one type. A repeat with the same id gives the receipt."""
        operation = _SUBMIT[record_type_of(records[0])]
        return decode_receipt(self._call(operation, message_id, records, snapshot_id))

    def get_receipt(self, message_id: str) -> Receipt:
        """The receipt of an earlier submission."""
        return decode_receipt(self._call("GetReceipt", message_id))

    def begin_snapshot(
        self, record_type: RecordType, company_code: str | None, *, as_of: datetime
    ) -> BegunSnapshot:
        """Begins to tell all records of a type that the ERP held at an instant."""
        answer = self._call("BeginSnapshot", record_type, company_code, as_of)
        return decode_answer(answer, BegunSnapshot)

    def close_snapshot(
        self, snapshot_id: str, *, count: int, totals: Sequence[CurrencyTotal]
    ) -> ClosedSnapshot:
        """Closes a snapshot by the ERP's own totals; what it left out is gone then."""
        answer = self._call("CloseSnapshot", snapshot_id, count, totals)
        return decode_answer(answer, ClosedSnapshot)

    def fetch_changes(
        self, record_type: RecordType, *, after: int = 0, limit: int = 500
    ) -> ChangePage:
        """Changes past `after` that wait to be made in the ERP, oldest first."""
        return _change_page(_member(self._call("FetchChanges", record_type, after, limit)))

    def acknowledge_changes(self, record_type: RecordType, *, up_to: int) -> int:
        """Tells that the ERP has made the changes up to this sequence; how many that was."""
        return int(_member(self._call("AcknowledgeChanges", record_type, up_to)).text or 0)

    def ping(self) -> Health:
        """The state of the bridge."""
        health = _member(self._call("Ping"))
        return Health(
            version=_text(health, "Version"),
            time=datetime.fromisoformat(_text(health, "Time")),
            database=_text(health, "Database"),
            salesforce=_text(health, "Salesforce"),
        )

    def _call(self, operation: str, *arguments: object) -> bytes:
        """The answer to a call, however often it takes to get one."""
        request = encode_request(operation, *arguments)
        for attempt in range(1, self._attempts):
            try:
                return self._send(operation, request)
            except CallFailed as failure:
                if not failure.retryable:
                    raise
                backoff = self._pause_seconds * 2 ** (attempt - 1)
                time.sleep(failure.pause_seconds or backoff)
        return self._send(operation, request)

    def _send(self, operation: str, request: bytes) -> bytes:
        try:
            response = self._http.post(
                self._url,
                data=request,
                headers=_headers(operation),
                timeout=self._timeouts,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            message = f"no answer from {self._url}: {_reason(error)}"
            raise ServiceUnreachable(message, retryable=True) from error
        self._check(response)
        return response.content

    def _check(self, response: requests.Response) -> None:
        """Raises what an answer that is none stands for."""
        is_xml = response.headers.get("Content-Type", "").startswith("text/xml")
        if is_xml and response.status_code == requests.codes.ok:
            return
        fault = decode_fault(response.content) if is_xml else None
        if fault is not None:
            raise ServiceFault(fault)
        raise ServiceUnreachable(
            f"{self._url} answers HTTP {response.status_code}: is this the URL of the bridge?",
            retryable=response.status_code in _PASSING_STATUS,
        )


def _service_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadServiceUrl(
            "the service's URL is its scheme, host and port alone, as in http://127.0.0.1:8080"
        )
    path = parts.path.rstrip("/") or SERVICE_PATH
    return f"{parts.scheme}://{parts.netloc}{path}"


def _headers(operation: str) -> dict[str, str]:
    return {"Content-Type": SOAP_11.content_type, "SOAPAction": f'"{action_of(operation)}"'}


def _reason(error: requests.RequestException) -> str:
    """Why no answer came, without the many layers that tell it."""
    if isinstance(error, requests.ConnectTimeout):
        return f"no connection within {_CONNECT_TIMEOUT_SECONDS:g} seconds"
    if isinstance(error, requests.Timeout):
        return "the answer took too long"
    innermost: BaseException = error
    while (cause := innermost.__cause__ or innermost.__context__) is not None:
        innermost = cause
    return getattr(innermost, "strerror", None) or str(innermost) or type(innermost).__name__


def _member(answer: bytes) -> _Element:
    """The one member of an answer's element."""
    return read_envelope(answer).body[0]


def _text(parent: _Element, name: str) -> str:
    return parent.findtext(f"{{{NAMESPACE}}}{name}", "")


def _change_page(page: _Element) -> ChangePage:
    changes = tuple(_change(one) for one in page.iterchildren(f"{{{NAMESPACE}}}Change"))
    return ChangePage(changes, next=int(_text(page, "Next")), more=_text(page, "More") == "true")


def _change(change: _Element) -> Change:
    record_type = RecordType(_text(change, "RecordType"))
    catalogue = {contract_name(one): one for one in fields_of(RECORD_CLASSES[record_type]).values()}
    return Change(
        sequence=int(_text(change, "Sequence")),
        key=RecordKey(record_type, _text(change, "CompanyCode"), _text(change, "Number")),
        salesforce_id=_text(change, "SalesforceId") or None,
        staged_at=datetime.fromisoformat(_text(change, "StagedAt")),
        fields=tuple(
            _field_change(catalogue[_text(one, "Name")], one)
            for one in change.iterchildren(f"{{{NAMESPACE}}}Field")
        ),
    )


def _field_change(field: Field, change: _Element) -> FieldChange:
    old, new = _text(change, "OldValue"), _text(change, "NewValue")
    return FieldChange(field.name, _value(field, old), _value(field, new))


def _value(field: Field, text: str) -> Value | None:
    if not text:
        return None
    if field.kind is not Kind.ITEMS or field.item_type is None:
        return decode_value(field, text)
    names = {contract_name(one): one.name for one in fields_of(field.item_type).values()}
    items = [{names[name]: part for name, part in item.items()} for item in json.loads(text)]
    return decode_value(field, items)
