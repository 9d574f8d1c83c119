"""One request and its answer: zeep binds and sends, lxml reads.

Nothing here retries or logs in; see client.py.
"""

# zeep is typed in part only:
# mypy: allow-untyped-calls

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import requests
import structlog
from lxml import etree
from zeep import Client, Settings, Transport
from zeep.exceptions import Error as ZeepError
from zeep.xsd import SkipValue

from bridge import BridgeError
from bridge.salesforce.faults import (
    MALFORMED_RESPONSE,
    SOAP,
    SalesforceError,
    error_from_fault,
    error_from_status,
)
from bridge.salesforce.http import Http, Reply
from bridge.salesforce.pages import PARTNER, SOBJECT, SObject
from bridge.salesforce.redaction import first_bytes
from bridge.salesforce.settings import SalesforceSettings

BUILT_IN_WSDL = files("bridge") / "resources/wsdl/salesforce/partner.wsdl"

_BINDING = f"{{{PARTNER}}}SoapBinding"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

log = structlog.get_logger(__name__)

Argument = str | Sequence[str] | Sequence[SObject]


class BadWsdl(BridgeError):
    """The Partner WSDL that the settings name cannot be used."""


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
        return list(self.response.iterchildren(f"{{{PARTNER}}}result"))

    def result(self) -> etree._Element:
        """The one `result` element. Raises SalesforceError where there is none."""
        for element in self.response.iterchildren(f"{{{PARTNER}}}result"):
            return element
        raise SalesforceError(MALFORMED_RESPONSE, "the answer holds no result")

    def row_count(self) -> int:
        """How many records, or results of writes, it holds."""
        results = self.results()
        records = f"{{{PARTNER}}}records"
        return sum(1 for result in results for _ in result.iterchildren(records)) or len(results)


class Wire:
    """The Partner API's binding. Threads may share it."""

    def __init__(self, settings: SalesforceSettings) -> None:
        self.http = Http(settings)
        self._client = _soap_client(settings.wsdl, _QuietTransport(self.http))

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
        call = self._client.create_service(_BINDING, address)[operation]
        soap_headers = [_header_element(name, values) for name, values in headers.items()]
        bound = {name: _bound(value) for name, value in arguments.items()}
        reply: Reply = call(**bound, _soapheaders=soap_headers)
        return read_answer(reply)


class _QuietTransport(Transport):
    """Sends by our own HTTP, and logs nothing: zeep logs whole envelopes, session ids included."""

    def __init__(self, http: Http) -> None:
        super().__init__()
        self._http = http

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> Reply:
        return self._http.post(address, message, headers)


def _soap_client(wsdl: Path | None, transport: Transport) -> Client:
    settings = Settings(strict=True, forbid_dtd=True, forbid_external=True, raw_response=True)
    try:
        with as_file(BUILT_IN_WSDL) as built_in:
            client = Client(str(wsdl or built_in), transport=transport, settings=settings)
        client.create_service(_BINDING, "")
    except (ZeepError, ValueError, OSError, etree.XMLSyntaxError) as error:
        raise BadWsdl(f"{wsdl or 'partner.wsdl'} is no Salesforce Partner WSDL: {error}") from error
    client.set_ns_prefix("urn", PARTNER)
    client.set_ns_prefix("sf", SOBJECT)
    return client


def _header_element(name: str, values: Mapping[str, str]) -> etree._Element:
    """A SOAP header. Made by hand: some orgs' WSDLs demand parts that the documentation forbids."""
    header = etree.Element(f"{{{PARTNER}}}{name}")
    for part, text in values.items():
        etree.SubElement(header, f"{{{PARTNER}}}{part}").text = text
    return header


def _bound(value: Argument) -> object:
    """An argument as zeep takes it."""
    if isinstance(value, str):
        return value
    return [_bound_sobject(item) if isinstance(item, SObject) else item for item in value]


def _bound_sobject(sobject: SObject) -> dict[str, object]:
    """An sObject as zeep takes it; on the wire: type, fieldsToNull, Id, fields."""
    return {
        "type": sobject.type,
        "fieldsToNull": [name for name, value in sobject.fields.items() if value is None],
        "Id": sobject.id or SkipValue,
        "_value_1": [
            _field_element(name, value)
            for name, value in sobject.fields.items()
            if value is not None
        ],
    }


def _field_element(name: str, value: str | SObject) -> etree._Element:
    element = etree.Element(f"{{{SOBJECT}}}{name}")
    if isinstance(value, str):
        element.text = value
        return element
    element.set(_XSI_TYPE, "sf:sObject")  # the prefix that the envelope declares
    element.append(_field_element("type", value.type))
    for field, text in value.fields.items():
        if text is not None:
            element.append(_field_element(field, text))
    return element


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
    path = f"{{{SOAP}}}Header/{{{PARTNER}}}LimitInfoHeader/{{{PARTNER}}}limitInfo"
    for info in envelope.iterfind(path):
        if info.findtext(f"{{{PARTNER}}}type") == "API REQUESTS":
            current = info.findtext(f"{{{PARTNER}}}current") or ""
            limit = info.findtext(f"{{{PARTNER}}}limit") or ""
            if current.isdigit() and limit.isdigit():
                return ApiLimit(int(current), int(limit))
    return None
