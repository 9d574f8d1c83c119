"""One request and its answer: zeep binds and sends, lxml reads.

Nothing here retries or logs in; see client.py.
"""

# zeep is typed in part only:
# mypy: allow-untyped-calls

from collections.abc import Mapping
from dataclasses import dataclass

import requests
import structlog
from lxml import etree
from zeep import Transport

from bridge.salesforce.binding import Argument, Binding, Dialect
from bridge.salesforce.faults import (
    MALFORMED_RESPONSE,
    SOAP,
    SalesforceError,
    error_from_fault,
    error_from_status,
)
from bridge.salesforce.http import Http, Reply
from bridge.salesforce.redaction import first_bytes
from bridge.salesforce.settings import SalesforceSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApiLimit:
    """How many API calls the org has made within 24 hours, and how many it may."""

    current: int
    limit: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the response element, and the org's limit where the answer states it."""

    response: etree._Element
    limit: ApiLimit | None

    def results(self) -> list[etree._Element]:
        """The `result` elements, in order."""
        return list(self.response.iterchildren("{*}result"))

    def result(self) -> etree._Element:
        """The one `result` element. Raises SalesforceError where there is none."""
        for element in self.response.iterchildren("{*}result"):
            return element
        raise SalesforceError(MALFORMED_RESPONSE, "the answer holds no result")

    def row_count(self) -> int:
        """How many records, or results of writes, it holds."""
        results = self.results()
        records = "{*}records"
        return sum(1 for result in results for _ in result.iterchildren(records)) or len(results)


class Wire:
    """The API's binding over HTTP. Threads may share it."""

    def __init__(self, settings: SalesforceSettings) -> None:
        self.http = Http(settings)
        self._binding = Binding(settings.wsdl, _QuietTransport(self.http))

    @property
    def dialect(self) -> Dialect:
        """Which of Salesforce's two WSDLs is spoken."""
        return self._binding.dialect

    def close(self) -> None:
        """Closes the connections."""
        self.http.close()

    def send(
        self,
        address: str,
        operation: str,
        headers: Mapping[str, Mapping[str, str]],
        arguments: Mapping[str, Argument],
    ) -> Answer:
        """Calls an operation once. Raises SalesforceError for a fault and for no answer."""
        return read_answer(self._binding.call(address, operation, headers, arguments))


class _QuietTransport(Transport):
    """Sends by our own HTTP, and logs nothing: zeep logs whole envelopes, session ids included."""

    def __init__(self, http: Http) -> None:
        super().__init__()
        self._http = http

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> Reply:
        return self._http.post(address, message, headers)


def read_answer(reply: Reply) -> Answer:
    """The answer in an HTTP reply. Raises SalesforceError for a fault and for no envelope."""
    envelope = _parse(reply.content)
    body = None if envelope is None else envelope.find(f"{{{SOAP}}}Body")
    first = None if body is None else next(iter(body), None)
    if envelope is None or first is None:
        log.warning(
            "salesforce_answer_unreadable",
            status=reply.status_code,
            first_bytes=first_bytes(reply.content),
        )
        if reply.status_code != requests.codes.ok:
            raise error_from_status(reply.status_code, reply.url)
        lacks = "is no SOAP envelope" if envelope is None else "has no body"
        raise SalesforceError(MALFORMED_RESPONSE, f"the answer {lacks}")
    if first.tag == f"{{{SOAP}}}Fault":
        raise error_from_fault(first)
    return Answer(first, _limit(envelope))


def _parse(content: bytes) -> etree._Element | None:
    """The envelope, or None where the bytes are not one. A DOCTYPE is never accepted."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        remove_blank_text=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    doctype = root.getroottree().docinfo.doctype  # type: ignore[union-attr]  # not in the stubs
    return None if doctype or root.tag != f"{{{SOAP}}}Envelope" else root


def _limit(envelope: etree._Element) -> ApiLimit | None:
    path = f"{{{SOAP}}}Header/{{*}}LimitInfoHeader/{{*}}limitInfo"
    for info in envelope.iterfind(path):
        if info.findtext("{*}type") == "API REQUESTS":
            current = info.findtext("{*}current") or ""
            limit = info.findtext("{*}limit") or ""
            if current.isdigit() and limit.isdigit():
                return ApiLimit(int(current), int(limit))
    return None
