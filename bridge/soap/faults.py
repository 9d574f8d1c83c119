"""Errors as SOAP 1.1 faults with the typed detail `BridgeFault`.

| Code | faultcode | Retryable |
|---|---|---|
| WrongContentType, UnsupportedEncoding, RequestTooLarge, RequestIncomplete, | Client | no |
| MalformedXml, ForbiddenMarkup, NotAnEnvelope, UnknownOperation, ActionMismatch, | | |
| RequestTooComplex, ContractViolated, WrongCredentials, | | |
| NotPermitted, MessageIdReused, UnknownMessageId, UnknownRecord | | |
| VersionMismatch | VersionMismatch | no |
| HeaderNotUnderstood | MustUnderstand | no |
| InternalError | Server | yes, after RETRY_AFTER_SECONDS |

`InternalError` is everything unexpected, and says no more than the correlation id. A repeat is
safe even then, because a message id is stored once.

Faults travel with HTTP 500 (SOAP 1.1 section 6.2), because .NET and PHP read a fault under no
other status. The exceptions are callers that do not speak SOAP 1.1 (415), and wrong or missing
credentials (401): .NET, Java and PHP send them only after such a challenge, and read the fault of
their second call, which is a 401 only where the credentials are wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from bridge.operations.admission import NotPermitted
from bridge.operations.authentication import WrongCredentials
from bridge.operations.lookup import UnknownRecord
from bridge.operations.submissions import MessageIdReused, UnknownMessageId
from bridge.soap import contract
from bridge.soap.body import (
    RequestIncomplete,
    RequestTooLarge,
    UnsupportedEncoding,
    WrongContentType,
)
from bridge.soap.elements import NAMESPACE
from bridge.soap.encoding import encoder, escape
from bridge.soap.envelope import (
    ForbiddenMarkup,
    HeaderNotUnderstood,
    MalformedXml,
    NotAnEnvelope,
    VersionMismatch,
    write_envelope,
)
from bridge.soap.limits import RequestTooComplex
from bridge.soap.protocol import ActionMismatch, UnknownOperation
from bridge.soap.violations import ContractViolated, Violation

RETRY_AFTER_SECONDS = 30

_CALLERS_ERRORS: tuple[type[Exception], ...] = (
    WrongContentType,
    UnsupportedEncoding,
    RequestTooLarge,
    RequestIncomplete,
    MalformedXml,
    ForbiddenMarkup,
    NotAnEnvelope,
    RequestTooComplex,
    UnknownOperation,
    ActionMismatch,
    ContractViolated,
    WrongCredentials,
    NotPermitted,
    MessageIdReused,
    UnknownMessageId,
    UnknownRecord,
)
_FAULT_CODES: Mapping[type[Exception], str] = dict.fromkeys(_CALLERS_ERRORS, "Client") | {
    VersionMismatch: "VersionMismatch",
    HeaderNotUnderstood: "MustUnderstand",
}

_STATUS: Mapping[type[Exception], HTTPStatus] = {
    WrongContentType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    WrongCredentials: HTTPStatus.UNAUTHORIZED,
}


@dataclass(frozen=True, slots=True)
class BridgeFault:
    """The detail of a fault, as the contract has it."""

    code: str
    message: str
    retryable: bool
    retry_after_seconds: int | None = None
    correlation_id: str = ""
    violations: tuple[Violation, ...] = ()


def is_expected(error: Exception) -> bool:
    """Whether an error is the caller's, and its text is for the caller."""
    return type(error) in _FAULT_CODES


def fault_of(error: Exception, correlation_id: str) -> BridgeFault:
    """What the caller is told of an error."""
    if not is_expected(error):
        message = f"something went wrong inside the bridge; its log tells under {correlation_id}"
        return BridgeFault("InternalError", message, True, RETRY_AFTER_SECONDS, correlation_id)
    violations = error.violations if isinstance(error, ContractViolated) else ()
    message = " ".join(str(error).split())  # it may quote the caller, line feeds and all
    return BridgeFault(type(error).__name__, message, False, None, correlation_id, violations)


def status_of(error: Exception) -> HTTPStatus:
    """The HTTP status under which the fault of an error travels."""
    return _STATUS.get(type(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def write_fault(error: Exception, fault: BridgeFault) -> bytes:
    """The envelope of a fault (SOAP 1.1 section 4.4)."""
    parts: list[str] = []
    _write_detail(fault, parts)
    # PHP reads a detail without its types, and a text "false" is true to it
    detail = "".join(parts).replace("<Retryable>", '<Retryable xsi:type="xs:boolean">')
    return write_envelope(
        "<soap:Fault>"
        f"<faultcode>soap:{_FAULT_CODES.get(type(error), 'Server')}</faultcode>"
        f"<faultstring>{escape(fault.message)}</faultstring>"
        f'<detail><BridgeFault xmlns="{NAMESPACE}" {_TYPE_NAMES}>{detail}</BridgeFault></detail>'
        "</soap:Fault>"
    )


_write_detail = encoder(contract.BRIDGE_FAULT)
_TYPE_NAMES = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)
