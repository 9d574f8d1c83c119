"""How a running service answers: the rules that no document shows.

Requests that change nothing: for each version of SOAP a call that no service knows and one with a
DOCTYPE, and the WSDL asked for under another host's name. They go to the host that the WSDL came
from alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from bridge.wsdl.documents import Documents
from bridge.wsdl.lint.envelopes import ENVELOPE, lint_envelope
from bridge.wsdl.lint.findings import Finding, Rule
from bridge.wsdl.model import SOAP11, SOAP12
from bridge.wsdl.source import (
    MAX_DOCUMENT_BYTES,
    TIMEOUT_SECONDS,
    Place,
    UnusableDescription,
    parse,
    without_credentials,
)

R1126 = Rule(
    "R1126",
    "a fault travels with HTTP 500",
    "answer faults with 500 (401 asks for credentials): .NET and PHP read no fault under others",
)
T9 = Rule(
    "T9",
    "each port has an absolute address, the same for every reader",
    "take the address from settings: a spoofed Host header sends later readers elsewhere",
)
T10 = Rule(
    "T10",
    "what a service does not know it answers with a SOAP fault",
    "answer with a soap:Fault in text/xml; SOAP 1.2 in application/soap+xml with HTTP 400 or 500",
)
T11 = Rule(
    "T11",
    "a DOCTYPE is refused before anything else",
    "refuse any DOCTYPE with a fault (WS-I R1008)",
)
RULES = (R1126, T9, T10, T11)

_UNKNOWN = '<no-such-operation xmlns="urn:no-such-service"/>'
_DOCTYPE = '<!DOCTYPE x [<!ENTITY y "z">]>'
_OTHER_HOST = "no-such-host.invalid"
_CHALLENGES = (401, 403)


@dataclass(frozen=True)
class _Soap:
    """How a version of SOAP is spoken: R1126 and the rules of envelopes are about 1.1."""

    binding: str
    envelope: str
    media_type: str
    fault_statuses: tuple[int, ...]

    @property
    def call(self) -> str:
        """A call that no service knows."""
        return f'<e:Envelope xmlns:e="{self.envelope}"><e:Body>{_UNKNOWN}</e:Body></e:Envelope>'


_SOAP_11 = _Soap(SOAP11, ENVELOPE, "text/xml", (500, *_CHALLENGES))
_SOAP_12 = _Soap(
    SOAP12,
    "http://www.w3.org/2003/05/soap-envelope",
    "application/soap+xml",
    (400, 500, *_CHALLENGES),
)


@dataclass(frozen=True)
class _Answer:
    status: int
    content_type: str
    content: bytes


def lint_service(documents: Documents) -> tuple[Finding, ...]:
    """What the service at the addresses of a WSDL from a URL does wrong.

    Raises UnusableDescription where the WSDL is no URL's, or leads to another host.
    """
    place = documents.first.place
    if not place.url:
        raise UnusableDescription("a service is called only where its WSDL was read from a URL")
    found = list(_spoofed(documents))
    for soap in (_SOAP_11, _SOAP_12):
        for address in dict.fromkeys(_addresses(documents, soap)):
            if (urlsplit(address).hostname or "").lower() != place.home:
                shown = without_credentials(address)
                raise UnusableDescription(f"{shown} is on another host than its WSDL: not called")
            found += _called(address, soap, place.url)
    return tuple(found)


def _addresses(documents: Documents, soap: _Soap) -> Iterator[str]:
    for document in documents.descriptions:
        for node in document.root.iter(f"{{{soap.binding}}}address"):
            yield node.get("location") or ""


def _called(address: str, soap: _Soap, wsdl_url: str) -> Iterator[Finding]:
    yield from _judged(_send("POST", address, wsdl_url, soap, soap.call), soap, address)
    refused = _send("POST", address, wsdl_url, soap, _DOCTYPE + soap.call)
    if refused.status < 400:
        yield _finding(T11, address, f"a DOCTYPE is answered with HTTP {refused.status}")


def _judged(answer: _Answer, soap: _Soap, address: str) -> Iterator[Finding]:
    if not _is_fault(answer, soap, address):
        if answer.status not in _CHALLENGES:
            yield _finding(T10, address, f"an unknown call has HTTP {answer.status} and no fault")
        return
    if answer.status not in soap.fault_statuses:
        broken = R1126 if soap is _SOAP_11 else T10
        yield _finding(broken, address, f"a fault has HTTP {answer.status}")
    if answer.content_type.partition(";")[0].strip().lower() != soap.media_type:
        yield _finding(T10, address, f"a fault has the Content-Type {answer.content_type}")
    if soap is _SOAP_11:
        yield from lint_envelope(answer.content, Place(url=address))


def _is_fault(answer: _Answer, soap: _Soap, address: str) -> bool:
    try:
        root = parse(answer.content, Place(url=address))
    except UnusableDescription:
        return False
    return root.find(f"{{{soap.envelope}}}Body/{{{soap.envelope}}}Fault") is not None


def _spoofed(documents: Documents) -> Iterator[Finding]:
    url = documents.first.place.url
    answer = _send("GET", url, url, _SOAP_11, host=_OTHER_HOST)
    if answer.status == 200 and _OTHER_HOST.encode() in answer.content:
        yield _finding(T9, url, "the address follows the Host header of the request")


def _send(
    method: str, url: str, wsdl_url: str, soap: _Soap, body: str = "", *, host: str = ""
) -> _Answer:
    """One request, with the credentials that stood in the URL of the WSDL."""
    known = urlsplit(wsdl_url)
    headers = {"Content-Type": f"{soap.media_type}; charset=utf-8"} if body else {}
    if body and soap is _SOAP_11:
        headers["SOAPAction"] = '""'
    if host:
        headers["Host"] = host
    try:
        with requests.request(
            method,
            url,
            data=body.encode() or None,
            headers=headers,
            auth=(known.username, known.password or "") if known.username else None,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = response.raw.read(MAX_DOCUMENT_BYTES, decode_content=True)
            content_type = response.headers.get("Content-Type", "")
            return _Answer(response.status_code, content_type, content)
    except (requests.RequestException, OSError) as error:
        shown = without_credentials(url)
        raise UnusableDescription(f"{shown} cannot be called: {type(error).__name__}") from error


def _finding(broken: Rule, address: str, detail: str) -> Finding:
    return Finding(broken, without_credentials(address), 0, "HTTP", detail)
