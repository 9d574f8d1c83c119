"""The WSDL at work: calls and rows in its words.

The Partner WSDL is the same for all orgs and takes rows of any kind; an org's Enterprise WSDL has a
type for each of its objects, and endpoints and namespaces of its own. Everything else is alike.
Source: SOAP API Developer Guide, "Choosing a WSDL".
"""

# zeep is typed in part only:
# mypy: allow-untyped-calls

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from lxml import etree
from zeep import Client, Settings, Transport
from zeep.exceptions import Error as ZeepError
from zeep.xsd import SkipValue

from bridge import BridgeError
from bridge.salesforce.faults import SalesforceError
from bridge.salesforce.http import Reply
from bridge.salesforce.pages import SObject

BUILT_IN_WSDL = files("bridge") / "resources/wsdl/salesforce/partner.wsdl"

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

Argument = str | Sequence[str] | Sequence[SObject]


class BadWsdl(BridgeError):
    """The WSDL that the settings name cannot be used."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the two WSDLs call the same things: namespaces, and a letter of the endpoint's path."""

    api: str
    sobject: str
    path: str


PARTNER_DIALECT = Dialect(
    api="urn:partner.soap.sforce.com", sobject="urn:sobject.partner.soap.sforce.com", path="u"
)
ENTERPRISE_DIALECT = Dialect(
    api="urn:enterprise.soap.sforce.com",
    sobject="urn:sobject.enterprise.soap.sforce.com",
    path="c",
)


class Binding:
    """A WSDL that was read: the built-in one, or the one that is named. Raises BadWsdl.

    Threads may share it.
    """

    def __init__(self, wsdl: Path | None, transport: Transport) -> None:
        self._client = _read(wsdl, transport)
        self.dialect = _dialect_of(self._client, wsdl)
        self._client.set_ns_prefix("urn", self.dialect.api)
        self._client.set_ns_prefix("sf", self.dialect.sobject)

    def call(
        self,
        address: str,
        operation: str,
        headers: Mapping[str, Mapping[str, str]],
        arguments: Mapping[str, Argument],
    ) -> Reply:
        """Calls an operation. Raises SalesforceError where the WSDL does not know what a row names,
        and whatever the transport raises.
        """
        service = self._client.create_service(_binding_of(self.dialect), address)
        soap_headers = [self._header(name, values) for name, values in headers.items()]
        bound = {name: self._bound(value) for name, value in arguments.items()}
        reply: Reply = service[operation](**bound, _soapheaders=soap_headers)
        return reply

    def _header(self, name: str, values: Mapping[str, str]) -> etree._Element:
        """Made by hand: some orgs' WSDLs demand parts that the documentation forbids."""
        header = etree.Element(f"{{{self.dialect.api}}}{name}")
        for part, text in values.items():
            etree.SubElement(header, f"{{{self.dialect.api}}}{part}").text = text
        return header

    def _bound(self, value: Argument) -> object:
        if isinstance(value, str):
            return value
        row = _any_row if self.dialect is PARTNER_DIALECT else self._typed_row
        return [row(item) if isinstance(item, SObject) else item for item in value]

    def _typed_row(self, sobject: SObject) -> object:
        """A row of the Enterprise WSDL's own type; on the wire in the order of that."""
        try:
            kind = self._client.get_type(f"{{{self.dialect.sobject}}}{sobject.type}")
        except ZeepError as error:
            raise _outdated(sobject.type) from error
        known = {name for name, _ in kind.elements}
        fields: dict[str, object] = {"Id": sobject.id or SkipValue}
        for name, value in sobject.fields.items():
            if name not in known:
                raise _outdated(f"{sobject.type}.{name}")
            if value is not None:
                fields[name] = self._typed_row(value) if isinstance(value, SObject) else value
        nulls = [name for name, value in sobject.fields.items() if value is None]
        return kind(fieldsToNull=nulls, **fields)


def _outdated(name: str) -> SalesforceError:
    return SalesforceError(
        "INVALID_TYPE", f"the Enterprise WSDL is older than the org: it does not know {name}"
    )


def _read(wsdl: Path | None, transport: Transport) -> Client:
    settings = Settings(strict=True, forbid_dtd=True, forbid_external=True, raw_response=True)
    try:
        with as_file(BUILT_IN_WSDL) as built_in:
            return Client(str(wsdl or built_in), transport=transport, settings=settings)
    except (ZeepError, ValueError, OSError, etree.XMLSyntaxError) as error:
        raise _bad(wsdl, str(error)) from error


def _dialect_of(client: Client, wsdl: Path | None) -> Dialect:
    for dialect in (PARTNER_DIALECT, ENTERPRISE_DIALECT):
        if _binding_of(dialect) in client.wsdl.bindings:
            return dialect
    raise _bad(wsdl, "it has no SoapBinding")


def _bad(wsdl: Path | None, reason: str) -> BadWsdl:
    name = wsdl or "partner.wsdl"
    return BadWsdl(f"{name} is no Salesforce Partner or Enterprise WSDL: {reason}")


def _binding_of(dialect: Dialect) -> str:
    return f"{{{dialect.api}}}SoapBinding"


def _any_row(sobject: SObject) -> dict[str, object]:
    """A row of the Partner WSDL; on the wire: type, fieldsToNull, Id, fields."""
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
    element = etree.Element(f"{{{PARTNER_DIALECT.sobject}}}{name}")
    if isinstance(value, str):
        element.text = value
        return element
    element.set(_XSI_TYPE, "sf:sObject")  # the prefix that the envelope declares
    element.append(_field_element("type", value.type))
    for field, text in value.fields.items():
        if text is not None:
            element.append(_field_element(field, text))
    return element
