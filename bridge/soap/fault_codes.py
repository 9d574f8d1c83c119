"""The codes of BridgeFault: what each means, what to do, and how its fault travels.

The one place where that is said. What the service does, the contract's documentation and the
published table come from here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from bridge.soap.soap_versions import SOAP_11, SOAP_12, FaultSide, SoapVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultCode:
    """One code.

    `standard` is the fault code that another standard gives it, with its usual prefix: in SOAP 1.1
    it stands in the place of SOAP's own, in SOAP 1.2 below it. `status` is the HTTP status where
    that is not the one of the SOAP version.
    """

    word: str
    meaning: str
    remedy: str
    side: FaultSide = FaultSide.CLIENT
    retryable: bool = False
    standard: str = ""
    status: HTTPStatus | None = None

    def status_in(self, soap: SoapVersion) -> HTTPStatus:
        """The HTTP status under which the fault travels."""
        return self.status or soap.statuses[self.side]


INTERNAL_ERROR = FaultCode(
    word="InternalError",
    meaning="Something went wrong inside the bridge; its log tells under the correlation id.",
    remedy="Repeat the call later: what has a MessageId is stored once.",
    side=FaultSide.SERVER,
    retryable=True,
)

_CODES = (
    FaultCode(
        word="WrongContentType",
        meaning="The Content-Type is of no SOAP version.",
        remedy="Send text/xml for SOAP 1.1 or application/soap+xml for SOAP 1.2.",
        status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ),
    FaultCode(
        word="UnsupportedEncoding",
        meaning="The body is in a coding or character set that is not read, or not in its own.",
        remedy="Send UTF-8, as it is or in gzip, and say so.",
    ),
    FaultCode(
        word="RequestTooLarge",
        meaning="The body has more bytes than the service takes.",
        remedy="Send fewer records at a time.",
    ),
    FaultCode(
        word="ServerBusy",
        meaning="The service has no room for the call: many large bodies are on their way, or many"
        " callers whom it has not recognised lately.",
        remedy="Repeat the call after RetryAfterSeconds.",
        side=FaultSide.SERVER,
        retryable=True,
        status=HTTPStatus.SERVICE_UNAVAILABLE,
    ),
    FaultCode(
        word="RequestIncomplete",
        meaning="The body is missing, or ended before all of it had come.",
        remedy="Send all of it, within its time and with its length.",
    ),
    FaultCode(
        word="MalformedXml",
        meaning="The body is not well-formed XML.",
        remedy="Repair what writes it.",
    ),
    FaultCode(
        word="ForbiddenMarkup",
        meaning="The body holds a document type or a processing instruction.",
        remedy="Leave it out; SOAP allows none.",
    ),
    FaultCode(
        word="NotAnEnvelope",
        meaning="The XML is no SOAP envelope with one element in its body.",
        remedy="Send one operation in one envelope.",
    ),
    FaultCode(
        word="VersionMismatch",
        meaning="The envelope is of another SOAP version than the Content-Type says.",
        remedy="Let both say the same.",
        side=FaultSide.VERSION_MISMATCH,
    ),
    FaultCode(
        word="HeaderNotUnderstood",
        meaning="A header block must be understood and is not.",
        remedy="Leave it out, or do not demand that it is understood.",
        side=FaultSide.MUST_UNDERSTAND,
    ),
    FaultCode(
        word="RequestTooComplex",
        meaning="The envelope has more elements, attributes, depth or text than the service takes.",
        remedy="Send fewer records at a time.",
    ),
    FaultCode(
        word="UnknownOperation",
        meaning="The element in the body is no operation of the contract.",
        remedy="Compare its name and namespace with the WSDL.",
    ),
    FaultCode(
        word="ActionMismatch",
        meaning="The SOAP action names another operation than the body.",
        remedy="Send the action that the WSDL gives the operation, or none.",
    ),
    FaultCode(
        word="ContractViolated",
        meaning="The request is not what the schema allows; each Violation tells a place.",
        remedy="Repair these places.",
    ),
    FaultCode(
        word="WrongCredentials",
        meaning="No credentials came, or wrong ones.",
        remedy="Send the consumer's name and secret, in one of the ways that the service takes.",
        status=HTTPStatus.UNAUTHORIZED,
    ),
    FaultCode(
        word="FailedAuthentication",
        meaning="The UsernameToken proves no consumer: wrong, too old, or sent before.",
        remedy="Compare name, secret and clock; make up a Nonce for each call.",
        standard="wsse:FailedAuthentication",
    ),
    FaultCode(
        word="InvalidSecurity",
        meaning="The Security header is not as WS-Security has it.",
        remedy="Send one UsernameToken with its parts, once each.",
        standard="wsse:InvalidSecurity",
    ),
    FaultCode(
        word="UnsupportedSecurityToken",
        meaning="The Security header holds what is not read here, such as a signature.",
        remedy="Send a UsernameToken with PasswordText or PasswordDigest, and no more.",
        standard="wsse:UnsupportedSecurityToken",
    ),
    FaultCode(
        word="MessageExpired",
        meaning="The Timestamp in the Security header has expired.",
        remedy="Send the message anew, and compare the clocks.",
        standard="wsu:MessageExpired",
    ),
    FaultCode(
        word="NotPermitted",
        meaning="The consumer's rights do not allow this call.",
        remedy="Ask the bridge's administrator.",
    ),
    FaultCode(
        word="TooManyCalls",
        meaning="The consumer calls more often, or more at once, than its rights allow.",
        remedy="Repeat the call after RetryAfterSeconds.",
        side=FaultSide.SERVER,
        retryable=True,
    ),
    FaultCode(
        word="MessageIdReused",
        meaning="The MessageId was used before, with other records or in another snapshot.",
        remedy="Make up a MessageId for each submission.",
    ),
    FaultCode(
        word="UnknownMessageId",
        meaning="No submission of this consumer has the MessageId.",
        remedy="Submit the records: they have not come.",
    ),
    FaultCode(
        word="UnknownRecord",
        meaning="Neither side holds a record of this key.",
        remedy="Compare the key, blanks and leading zeros too.",
    ),
    FaultCode(
        word="UnfitSnapshot",
        meaning="A snapshot's company code, instant or totals cannot be right.",
        remedy="Repair what the message names.",
    ),
    FaultCode(
        word="UnknownSnapshot",
        meaning="No snapshot of this consumer has the SnapshotId.",
        remedy="Begin one.",
    ),
    FaultCode(
        word="SnapshotClosed",
        meaning="The snapshot is closed: it takes no more records, and no other totals.",
        remedy="Begin a new one.",
    ),
    FaultCode(
        word="SnapshotSuperseded",
        meaning="This consumer has begun a newer snapshot of the same records.",
        remedy="Go on with the newer one.",
    ),
    FaultCode(
        word="SnapshotExpired",
        meaning="The snapshot was left open for too long.",
        remedy="Begin a new one.",
    ),
    FaultCode(
        word="SnapshotDiffers",
        meaning="The snapshot's totals are not those of what was submitted in it; each Violation"
        " tells a figure.",
        remedy="Submit what was lost in the snapshot, which stays open, and close it again.",
    ),
    FaultCode(
        word="SnapshotNotBelieved",
        meaning="The snapshot leaves out so much that it looks like a wrong selection.",
        remedy="Submit the rest and close it again, or have the bridge's administrator allow it.",
    ),
    INTERNAL_ERROR,
)

_OF_NOTIFICATIONS = (
    FaultCode(
        word="ForeignOrganization",
        meaning="The outbound message comes from an org that is not read here.",
        remedy="Correct the endpoint in that org.",
    ),
    FaultCode(
        word="UnreadOrganization",
        meaning="No org has been read yet.",
        remedy="Repeat the message after the first fetch.",
        side=FaultSide.SERVER,
        retryable=True,
    ),
    FaultCode(
        word="UnmappedObject",
        meaning="The outbound message is about a kind of record that no mapping names.",
        remedy="Take the endpoint out of that message, or map the kind of record.",
    ),
    FaultCode(
        word="NotificationReused",
        meaning="The notification's id was one of another record before.",
        remedy="Find out who sends it: Salesforce does not.",
    ),
)

NOTIFICATION_CODES: Mapping[str, FaultCode] = {code.word: code for code in _OF_NOTIFICATIONS}
"""What only Salesforce is told: our own contract does not list it."""

FAULT_CODES: Mapping[str, FaultCode] = {code.word: code for code in _CODES}


def describe_codes() -> str:
    """All codes in a few words, for the documentation of BridgeFault/Code."""
    told = (f"{code.word} ({code.meaning[0].lower()}{code.meaning[1:-1]})" for code in _CODES)
    return f"The kind of fault, a fixed word. One of: {'; '.join(told)}."


def write_fault_table() -> bytes:
    """All codes as a page of Markdown."""
    return "\n".join([_ABOUT, *_rows(), ""]).encode()


def _rows() -> Iterator[str]:
    for code in _CODES:
        below = f", {code.standard}" if code.standard else ""
        names = f"{code.standard or code.side} | {SOAP_12.fault_codes[code.side]}{below}"
        statuses = f"{code.status_in(SOAP_11)} | {code.status_in(SOAP_12)}"
        retryable = "yes" if code.retryable else "no"
        about = f"{code.meaning} | {code.remedy}"
        yield f"| {code.word} | {about} | {retryable} | {names} | {statuses} |"


_ABOUT = """\
# Faults

A call that cannot be carried out is answered with a SOAP fault, and nothing of it is stored. The
fault's detail is a `BridgeFault`. Programs decide by its `Code`, and by `Retryable`: whether the
same call may succeed later as it is, after `RetryAfterSeconds` where that is there. `Message` is
for a person. `CorrelationId` names the call in the bridge's log; it is the header X-Correlation-Id
of the answer too, and of the request where the caller sends one.

The columns 1.1 and 1.2 are the fault code in these versions of SOAP, and the HTTP status. In SOAP
1.2 a second code is the subcode.

| Code | means | do | retryable | 1.1 | 1.2 | HTTP 1.1 | HTTP 1.2 |
|---|---|---|---|---|---|---|---|"""
