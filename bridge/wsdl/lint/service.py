"""How a running service answers: the rules that no document shows.

Three requests that change nothing: a call that no service knows, a call with a DOCTYPE, and the
WSDL asked for under another host's name. They go to the host that the WSDL came from alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
from lxml.etree import QName

from bridge.wsdl.documents import Documents
from bridge.wsdl.lint.envelopes import ENVELOPE, is_envelope, lint_envelope
from bridge.wsdl.lint.findings import Finding, Rule
from bridge.wsdl.model import SOAP11
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
    "answer with a soap:Fault in text/xml",
)
T11 = Rule(
    "T11",
    "a DOCTYPE is refused before anything else",
    "refuse any DOCTYPE with a fault (WS-I R1008)",
)
RULES = (R1126, T9, T10, T11)

_UNKNOWN = '<no-such-operation xmlns="urn:no-such-service"/>'
_CALL = f'<e:Envelope xmlns:e="{ENVELOPE}"><e:Body>{_UNKNOWN}</e:Body></e:Envelope>'
_WITH_DOCTYPE = f'<!DOCTYPE x [<!ENTITY y "z">]>{_CALL}'
_OTHER_HOST = "no-such-host.invalid"
_CHALLENGES = (401, 403)


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
    for address in dict.fromkeys(_addresses(documents)):
        if (urlsplit(address).hostname or "").lower() != place.home:
            shown = without_credentials(address)
            raise UnusableDescription(f"{shown} is on another host than its WSDL: not called")
        found += _called(address, place.url)
    return tuple(found)


def _addresses(documents: Documents) -> Iterator[str]:
    for document in documents.descriptions:
        for node in document.root.iter(f"{{{SOAP11}}}address"):
            yield node.get("location") or ""


def _called(address: str, wsdl_url: str) -> Iterator[Finding]:
    answer = _send("POST", address, wsdl_url, _CALL)
    yield from _judged(answer, address)
    refused = _send("POST", address, wsdl_url, _WITH_DOCTYPE)
    if refused.status < 400:
        yield _finding(T11, address, f"a DOCTYPE is answered with HTTP {refused.status}")


def _judged(answer: _Answer, address: str) -> Iterator[Finding]:
    if not _is_fault(answer, address):
        if answer.status not in _CHALLENGES:
            yield _finding(T10, address, f"an unknown call has HTTP {answer.status} and no fault")
        return
    if answer.status not in (500, *_CHALLENGES):
        yield _finding(R1126, address, f"a fault has HTTP {answer.status}")
    if answer.content_type.partition(";")[0].strip().lower() != "text/xml":
        yield _finding(T10, address, f"a fault has the Content-Type {answer.content_type}")
    yield from lint_envelope(answer.content, Place(url=address))


def _is_fault(answer: _Answer, address: str) -> bool:
    try:
        root = parse(answer.content, Place(url=address))
    except UnusableDescription:
        return False
    return is_envelope(root) and any(QName(one).localname == "Fault" for one in root.iter("{*}*"))


def _spoofed(documents: Documents) -> Iterator[Finding]:
    url = documents.first.place.url
    answer = _send("GET", url, url, host=_OTHER_HOST)
    if answer.status == 200 and _OTHER_HOST.encode() in answer.content:
        yield _finding(T9, url, "the address follows the Host header of the request")


def _send(method: str, url: str, wsdl_url: str, body: str = "", host: str = "") -> _Answer:
    """One request, with the credentials that stood in the URL of the WSDL."""
    known = urlsplit(wsdl_url)
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'} if body else {}
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
