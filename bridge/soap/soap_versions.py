"""The two versions of SOAP: what differs between them on the wire.

SOAP 1.1 is the W3C Note of 8 May 2000; SOAP 1.2 the Recommendation of 27 April 2007, its part 1
about messages and its part 2 about HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from lxml.etree import _Element


class FaultSide(StrEnum):
    """Who has to do something about a fault: SOAP's own fault codes, by their names in 1.1."""

    CLIENT = "Client"
    SERVER = "Server"
    VERSION_MISMATCH = "VersionMismatch"
    MUST_UNDERSTAND = "MustUnderstand"


@dataclass(frozen=True, slots=True, eq=False)
class SoapVersion:
    """One version of SOAP.

    `target` is the attribute that says whom a header block is for, `ours` are its values that mean
    the last receiver: this service.
    """

    number: str
    namespace: str
    media_type: str
    target: str
    ours: frozenset[str]
    fault_codes: Mapping[FaultSide, str] = field(repr=False)
    statuses: Mapping[FaultSide, HTTPStatus] = field(repr=False)

    @property
    def content_type(self) -> str:
        """The Content-Type of what is sent."""
        return f"{self.media_type}; charset=utf-8"

    def tag(self, name: str) -> str:
        """One of the envelope's own elements or attributes, as lxml names it."""
        return f"{{{self.namespace}}}{name}"

    def is_ours(self, header: _Element) -> bool:
        """Whether a header block is for this service, and not for somebody on the way."""
        return header.get(self.tag(self.target), "").strip() in self.ours

    def binds(self, header: _Element) -> bool:
        """Whether a header block for this service must be understood.

        A flag that is no flag binds: its writer did not mean to be ignored.
        """
        flag = header.get(self.tag("mustUnderstand"), "0").strip()
        return flag not in ("0", "false") and self.is_ours(header)


# A fault travels with HTTP 500 (section 6.2).
SOAP_11 = SoapVersion(
    number="1.1",
    namespace="http://schemas.xmlsoap.org/soap/envelope/",
    media_type="text/xml",
    target="actor",
    ours=frozenset({"", "http://schemas.xmlsoap.org/soap/actor/next"}),
    fault_codes={side: side.value for side in FaultSide},
    statuses=dict.fromkeys(FaultSide, HTTPStatus.INTERNAL_SERVER_ERROR),
)

_SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"

# Roles are in part 1, section 2.2; the statuses of faults in part 2, section 7.5.2.2.
SOAP_12 = SoapVersion(
    number="1.2",
    namespace=_SOAP_12,
    media_type="application/soap+xml",
    target="role",
    ours=frozenset({"", f"{_SOAP_12}/role/next", f"{_SOAP_12}/role/ultimateReceiver"}),
    fault_codes={side: side.value for side in FaultSide}
    | {FaultSide.CLIENT: "Sender", FaultSide.SERVER: "Receiver"},
    statuses=dict.fromkeys(FaultSide, HTTPStatus.INTERNAL_SERVER_ERROR)
    | {FaultSide.CLIENT: HTTPStatus.BAD_REQUEST},
)

SOAP_VERSIONS = (SOAP_11, SOAP_12)
