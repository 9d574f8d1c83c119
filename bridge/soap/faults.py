"""Errors as SOAP faults with the typed detail `BridgeFault`.

What each code means and how its fault travels stands in `bridge.soap.fault_codes`. `InternalError`
is everything unexpected, and says no more than the correlation id. A repeat is safe even then,
because a message id is stored once.

In SOAP 1.1 faults travel with HTTP 500 (section 6.2): .NET and PHP read a fault under no other
status. In SOAP 1.2 what the sender has to repair travels with 400 (part 2, section 7.5.2.2). The
exceptions are callers that speak no SOAP (415), and wrong or missing credentials (401): .NET, Java
and PHP send them only after such a challenge, and read the fault of their second call, which is a
401 only where the credentials are wrong. A UsernameToken that is wrong gets no challenge: whoever
sent it has no other credentials to answer with, and could not read the fault. It gets the fault
code of WS-Security (SOAP Message Security 1.0, section 12), which its toolkits know.

Too many calls are the server's fault in SOAP's words: the message is good, and may succeed later
(SOAP 1.1, section 4.4.1). It travels as such faults do, and not with 429, under which nobody reads
it; the header Retry-After is there for what stands between. A server without room for a call says
so in HTTP's words (503): what is before it may send the call somewhere else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from lxml.etree import QName

from bridge import BridgeError
from bridge.operations.admission import NotPermitted, ServerBusy, TooManyCalls
from bridge.operations.authentication import WrongCredentials
from bridge.operations.lookup import UnknownRecord
from bridge.operations.notifications import (
    ForeignOrganization,
    NotificationReused,
    UnmappedObject,
    UnreadOrganization,
)
from bridge.operations.snapshots import (
    SnapshotClosed,
    SnapshotDiffers,
    SnapshotExpired,
    SnapshotNotBelieved,
    SnapshotSuperseded,
    UnfitSnapshot,
    UnknownSnapshot,
)
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
from bridge.soap.fault_codes import FAULT_CODES, INTERNAL_ERROR, NOTIFICATION_CODES, FaultCode
from bridge.soap.limits import RequestTooComplex
from bridge.soap.schema import MAX_VIOLATIONS
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SOAP_VERSIONS, SoapVersion
from bridge.soap.subjects import ActionMismatch, UnknownOperation
from bridge.soap.violations import ContractViolated, Violation
from bridge.soap.wssecurity import (
    WSSE,
    WSU,
    FailedAuthentication,
    InvalidSecurity,
    MessageExpired,
    UnsupportedSecurityToken,
)

RETRY_AFTER_SECONDS = 30

_EXPECTED: tuple[type[BridgeError], ...] = (
    WrongContentType,
    UnsupportedEncoding,
    RequestTooLarge,
    ServerBusy,
    RequestIncomplete,
    MalformedXml,
    ForbiddenMarkup,
    NotAnEnvelope,
    VersionMismatch,
    HeaderNotUnderstood,
    RequestTooComplex,
    UnknownOperation,
    ActionMismatch,
    ContractViolated,
    WrongCredentials,
    FailedAuthentication,
    InvalidSecurity,
    UnsupportedSecurityToken,
    MessageExpired,
    NotPermitted,
    TooManyCalls,
    MessageIdReused,
    UnknownMessageId,
    UnknownRecord,
    UnfitSnapshot,
    UnknownSnapshot,
    SnapshotClosed,
    SnapshotSuperseded,
    SnapshotExpired,
    SnapshotDiffers,
    SnapshotNotBelieved,
)
_OF_NOTIFICATIONS: tuple[type[BridgeError], ...] = (
    ForeignOrganization,
    UnreadOrganization,
    UnmappedObject,
    NotificationReused,
)
_CODES: Mapping[type[Exception], FaultCode] = {
    **{error: FAULT_CODES[error.__name__] for error in _EXPECTED},
    **{error: NOTIFICATION_CODES[error.__name__] for error in _OF_NOTIFICATIONS},
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
    """Whether an error is one of the contract's, and its text is for the caller."""
    return type(error) in _CODES


def code_of(error: Exception) -> FaultCode:
    """The contract's word for an error."""
    return _CODES.get(type(error), INTERNAL_ERROR)


def fault_of(error: Exception, correlation_id: str) -> BridgeFault:
    """What the caller is told of an error."""
    code = code_of(error)
    if not is_expected(error):
        message = f"something went wrong inside the bridge; its log tells under {correlation_id}"
        return BridgeFault(code.word, message, True, RETRY_AFTER_SECONDS, correlation_id)
    return BridgeFault(
        code.word,
        " ".join(str(error).split()),  # it may quote the caller, line feeds and all
        code.retryable,
        error.retry_after_seconds if isinstance(error, TooManyCalls | ServerBusy) else None,
        correlation_id,
        _violations(error),
    )


def _violations(error: Exception) -> tuple[Violation, ...]:
    """The places that an error names, and the figures that differ, as far as a fault lists them."""
    match error:
        case ContractViolated():
            return error.violations
        case SnapshotDiffers():
            named = error.differences[:MAX_VIOLATIONS]
            return tuple(Violation(0, one.figure, str(one)) for one in named)
        case _:
            return ()


def write_fault(error: Exception, fault: BridgeFault, soap: SoapVersion = SOAP_11) -> bytes:
    """The envelope of a fault (SOAP 1.1 section 4.4, SOAP 1.2 part 1 section 5.4)."""
    write = _write_fault_12 if soap is SOAP_12 else _write_fault_11
    body = write(code_of(error), escape(fault.message), _detail(fault))
    return write_envelope(body, soap, "".join(_headers(error, soap)))


def _write_fault_11(code: FaultCode, text: str, detail: str) -> str:
    name = code.standard or f"soap:{SOAP_11.fault_codes[code.side]}"
    return (
        f"<soap:Fault><faultcode{_prefix_of(name)}>{name}</faultcode>"
        f"<faultstring>{text}</faultstring><detail>{detail}</detail></soap:Fault>"
    )


def _write_fault_12(code: FaultCode, text: str, detail: str) -> str:
    subcode, name = code.standard, f"soap:{SOAP_12.fault_codes[code.side]}"
    value = f"<soap:Value{_prefix_of(subcode)}>{subcode}</soap:Value>"
    below = f"<soap:Subcode>{value}</soap:Subcode>" if subcode else ""
    return (
        f"<soap:Fault><soap:Code><soap:Value>{name}</soap:Value>{below}</soap:Code>"
        f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason>'
        f"<soap:Detail>{detail}</soap:Detail></soap:Fault>"
    )


def _prefix_of(name: str) -> str:
    """The declaration of the prefix of a name of WS-Security."""
    prefix = name.partition(":")[0]
    return f' xmlns:{prefix}="{_PREFIXES[prefix]}"' if prefix in _PREFIXES else ""


def _detail(fault: BridgeFault) -> str:
    # PHP reads a detail without its types, and a text "false" is true to it
    members = _write_detail(fault).replace("<Retryable>", '<Retryable xsi:type="xs:boolean">')
    return f'<BridgeFault xmlns="{NAMESPACE}" {_TYPE_NAMES}>{members}</BridgeFault>'


def _headers(error: Exception, soap: SoapVersion) -> Iterator[str]:
    """What SOAP 1.2 tells in the header of a fault (part 1, sections 5.4.7 and 5.4.8)."""
    if isinstance(error, VersionMismatch):
        # To callers of SOAP 1.1 too, as the Recommendation's appendix A asks.
        read = (_naming("u:SupportedEnvelope", one.tag("Envelope")) for one in _best_first(soap))
        yield f'<u:Upgrade xmlns:u="{SOAP_12.namespace}">{"".join(read)}</u:Upgrade>'
    elif isinstance(error, HeaderNotUnderstood) and soap is SOAP_12:
        short = [name for name in error.names if len(name) <= _LONGEST_NAME]
        yield from (_naming("soap:NotUnderstood", name) for name in short[:_MOST_NAMES])


def _best_first(soap: SoapVersion) -> Iterator[SoapVersion]:
    """All versions of SOAP, the one of the caller's Content-Type first."""
    yield soap
    yield from (one for one in SOAP_VERSIONS if one is not soap)


def _naming(element: str, name: str) -> str:
    """An element whose qname is a name, as lxml writes names."""
    qname = QName(name)
    if qname.namespace is None:
        return f'<{element} qname="{qname.localname}"/>'
    return f'<{element} qname="n:{qname.localname}" xmlns:n={quoteattr(qname.namespace)}/>'


_PREFIXES = {"wsse": WSSE, "wsu": WSU}
_LONGEST_NAME = 200
_MOST_NAMES = 20
_write_detail = encoder(contract.BRIDGE_FAULT)
_TYPE_NAMES = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema"'
)
