"""SOAP 1.1 envelopes of the Partner API: requests read, answers and faults written.

Source: partner WSDL 66.0 and recorded answers of Salesforce.
"""

from dataclasses import dataclass

from lxml import etree

from bridge.sandbox.errors import QUERY_FAULTS, ApiFault, ClientFault
from bridge.sandbox.values import escape

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
SOBJECT = "urn:sobject.partner.soap.sforce.com"
FAULT = "urn:fault.partner.soap.sforce.com"
XSI = "http://www.w3.org/2001/XMLSchema-instance"

_NIL = f"{{{XSI}}}nil"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_START = f'{_DECLARATION}<soapenv:Envelope xmlns:soapenv="{SOAP}"'
_END = "</soapenv:Body></soapenv:Envelope>"


@dataclass(frozen=True)
class Headers:
    """The SOAP headers that the sandbox obeys."""

    session_id: str
    batch_size: int = 0
    all_or_none: bool = False
    truncate: bool = False
    allow_save: bool = False  # of duplicates that a rule alerts to
    record_details: bool = False  # of those duplicates


@dataclass(frozen=True)
class Request:
    """One call: its operation, the element that holds its arguments, its headers."""

    operation: str
    body: etree._Element
    headers: Headers


def read_request(content: bytes) -> Request:
    """Read an envelope. Raises ClientFault if it is none of the Partner API."""
    root = _parse(content)
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        raise ClientFault("The request is not a SOAP 1.1 envelope with a Body")
    calls = [child for child in body if isinstance(child.tag, str)]
    if len(calls) != 1:
        raise ClientFault("The Body must hold exactly one operation")
    return Request(_operation(calls[0]), calls[0], _headers(root.find(f"{{{SOAP}}}Header")))


def text_of(parent: etree._Element, name: str) -> str:
    """The text of a child in the Partner namespace, empty where there is none."""
    return (parent.findtext(f"{{{PARTNER}}}{name}") or "").strip()


def texts_of(parent: etree._Element, name: str) -> list[str]:
    """The texts of a repeated child in the Partner namespace."""
    return [(child.text or "").strip() for child in parent.findall(f"{{{PARTNER}}}{name}")]


def is_nil(element: etree._Element) -> bool:
    return element.get(_NIL, "").strip() in {"true", "1"}


def answer(operation: str, result: str, *, calls: int | None, limit: int) -> str:
    """A response envelope; ``calls`` of the day go into LimitInfoHeader unless None."""
    header = "" if calls is None else _limit_info(calls, limit)
    return (
        f'{_START} xmlns="{PARTNER}" xmlns:xsi="{XSI}" xmlns:sf="{SOBJECT}">{header}<soapenv:Body>'
        f"<{operation}Response>{result}</{operation}Response>{_END}"
    )


def fault(problem: ApiFault) -> str:
    """A fault envelope with a typed detail."""
    code, message, kind = problem.code, escape(problem.message), problem.fault_type
    place = ""
    if kind in QUERY_FAULTS:
        place = f"<sf:row>{problem.row}</sf:row><sf:column>{problem.column}</sf:column>"
    return (
        f'{_START} xmlns:sf="{FAULT}" xmlns:xsi="{XSI}"><soapenv:Body><soapenv:Fault>'
        f"<faultcode>sf:{code}</faultcode><faultstring>{code}: {message}</faultstring>"
        f'<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage>{place}</sf:{kind}></detail>"
        f"</soapenv:Fault>{_END}"
    )


def client_fault(problem: ClientFault) -> str:
    """A fault envelope for a request that never became a call."""
    return (
        f"{_START}><soapenv:Body><soapenv:Fault><faultcode>soapenv:Client</faultcode>"
        f"<faultstring>{escape(str(problem))}</faultstring></soapenv:Fault>{_END}"
    )


def element(name: str, value: str | int | bool | None) -> str:
    """One element in the Partner namespace; None is nil."""
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    return f"<{name}>{escape(str(value))}</{name}>"


def _parse(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise ClientFault(f"The request is not well-formed XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ClientFault("DOCTYPE is disallowed in a SOAP request")
    return root


def _operation(call: etree._Element) -> str:
    name = etree.QName(call)
    if name.namespace != PARTNER:
        raise unknown_operation(f"{{{name.namespace or ''}}}{name.localname}")
    return name.localname


def unknown_operation(name: str) -> ClientFault:
    return ClientFault(
        f"No operation available for request {name}, please check the WSDL for the service."
    )


def _headers(header: etree._Element | None) -> Headers:
    if header is None:
        header = etree.Element("none")
    size = _header(header, "QueryOptions", "batchSize")
    return Headers(
        session_id=_header(header, "SessionHeader", "sessionId"),
        batch_size=int(size) if size.isdecimal() and len(size) < 10 else 0,
        all_or_none=_flag(header, "AllOrNoneHeader", "allOrNone"),
        truncate=_flag(header, "AllowFieldTruncationHeader", "allowFieldTruncation"),
        allow_save=_flag(header, "DuplicateRuleHeader", "allowSave"),
        record_details=_flag(header, "DuplicateRuleHeader", "includeRecordDetails"),
    )


def _flag(header: etree._Element, name: str, part: str) -> bool:
    return _header(header, name, part) in {"true", "1"}


def _header(header: etree._Element, name: str, part: str) -> str:
    return (header.findtext(f"{{{PARTNER}}}{name}/{{{PARTNER}}}{part}") or "").strip()


def _limit_info(calls: int, limit: int) -> str:
    return (
        "<soapenv:Header><LimitInfoHeader><limitInfo>"
        f"<current>{calls}</current><limit>{limit}</limit><type>API REQUESTS</type>"
        "</limitInfo></LimitInfoHeader></soapenv:Header>"
    )
