"""One request and its answer: zeep binds and sends, lxml reads.

Nothing here retries or logs in; see client.py.
"""

# zeep is typed in part only:
# mypy: allow-untyped-calls

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import requests
from lxml import etree
from requests.adapters import HTTPAdapter
from zeep import Client, Settings, Transport
from zeep.exceptions import Error as ZeepError
from zeep.xsd import SkipValue

from bridge import BridgeError, __version__
from bridge.salesforce.faults import (
    MALFORMED_RESPONSE,
    SOAP,
    SalesforceError,
    error_from_fault,
    error_from_network,
    error_from_status,
)
from bridge.salesforce.pages import PARTNER, SOBJECT, SObject
from bridge.salesforce.settings import SalesforceSettings

BUILT_IN_WSDL = files("bridge") / "resources/wsdl/salesforce/partner.wsdl"

_BINDING = f"{{{PARTNER}}}SoapBinding"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_COMPRESS_FROM_BYTES = 2000

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
    """The Partner API's binding over keep-alive connections. Threads may share it."""

    def __init__(self, settings: SalesforceSettings) -> None:
        self._http = requests.Session()
        for scheme in ("https://", "http://"):
            self._http.mount(scheme, HTTPAdapter(pool_maxsize=settings.concurrent_calls))
        self._timeouts = (settings.connect_timeout_seconds, settings.read_timeout_seconds)
        self._client = _soap_client(settings.wsdl, _QuietTransport(self._http, self._timeouts))
        self._http.headers["User-Agent"] = f"erp-bridge/{__version__}"

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

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
        try:
            response: requests.Response = call(**bound, _soapheaders=soap_headers)
        except requests.RequestException as error:
            raise error_from_network(error, address) from error
        return read_answer(response)

    def post_form(self, url: str, form: Mapping[str, str]) -> requests.Response:
        """Posts a form, as OAuth does. Raises SalesforceError where no answer comes."""
        try:
            return self._http.post(
                url,
                data=form,
                headers={"Accept": "application/json"},
                timeout=self._timeouts,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise error_from_network(error, url) from error


class _QuietTransport(Transport):
    """Sends as zeep does, but logs nothing: zeep logs whole envelopes, session ids included."""

    def __init__(self, http: requests.Session, timeouts: tuple[float, float]) -> None:
        super().__init__(session=http, timeout=timeouts[1], operation_timeout=timeouts)

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        headers = dict(headers)
        if len(message) >= _COMPRESS_FROM_BYTES:
            message = gzip.compress(message, compresslevel=5)
            headers["Content-Encoding"] = "gzip"
        return self.session.post(
            address,
            data=message,
            headers=headers,
            timeout=self.operation_timeout,
            allow_redirects=False,
        )


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


def read_answer(response: requests.Response) -> Answer:
    """The answer in an HTTP response. Raises SalesforceError for a fault and for no envelope."""
    envelope = _parse(response.content)
    if envelope is None:
        if response.status_code != requests.codes.ok:
            raise error_from_status(response.status_code, response.url)
        raise SalesforceError(MALFORMED_RESPONSE, "the answer is no SOAP envelope")
    body = envelope.find(f"{{{SOAP}}}Body")
    first = None if body is None else next(iter(body), None)
    if first is None:
        raise SalesforceError(MALFORMED_RESPONSE, "the answer has no body")
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
