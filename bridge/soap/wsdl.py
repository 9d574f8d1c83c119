"""The published WSDL: Spyne's description, put into the shape that old toolchains expect.

Names after steps say which habit of a toolchain they serve; the general rules are those of the
WS-I Basic Profile 1.1. The binding of SOAP 1.2 stands in a document of its own: the profile knows
no other binding than that of SOAP 1.1 (R2401), and of two bindings old generators make doubles.
"""

from collections.abc import Iterator
from functools import cache

from lxml import etree
from lxml.etree import QName, SubElement, _Element
from spyne.interface.wsdl import Wsdl11

from bridge.soap.elements import NAMESPACE
from bridge.soap.interface import SERVICE_NAME, described_application
from bridge.soap.settings import SoapSettings
from bridge.soap.soap_versions import SOAP_11, SoapVersion

PATH = "/soap/v1"

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_SOAP_12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
_XS = "http://www.w3.org/2001/XMLSchema"
_NAMES = {"wsdl": _WSDL, "soap": _SOAP, "soap12": _SOAP_12, "xs": _XS}

_FAULT = "BridgeFault"
_ABOUT = (
    "ERP Bridge, contract v1. Consumers authenticate by HTTP Basic, the header X-API-Key, or a"
    " WS-Security UsernameToken. A submission may be repeated with the same MessageId until its"
    " receipt arrives: it is stored once. Faults carry a BridgeFault whose Retryable tells whether"
    " a repeat can help."
)


@cache
def write_wsdl(address: str, soap: SoapVersion = SOAP_11, notice: str = "") -> bytes:
    """The WSDL 1.1 document for a service at this address, in UTF-8.

    The notice is added to the service's documentation.
    """
    root = _describe(address, soap)
    schema = _find(root, "wsdl:types/xs:schema")
    _document_types(schema)
    _drop_elements_without_message(root, schema)
    _inline_wrapper_types(schema)
    _sort(schema)
    _name_fault_message(root)
    _use_action_uris(root)
    _name_service_apart(root, soap)
    _document_service(root, notice)
    _order(root)
    etree.cleanup_namespaces(root, keep_ns_prefixes=["tns", "xs"])
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def service_address(settings: SoapSettings, path: str = PATH) -> str:
    """Where consumers find the service: from the settings, never from a request."""
    return settings.public_url + path


@cache
def contract_schema_source() -> bytes:
    """The XML Schema of the contract, as the WSDL holds it."""
    root = etree.fromstring(write_wsdl(service_address(SoapSettings())))
    return etree.tostring(_find(root, "wsdl:types/xs:schema"))


def _describe(address: str, soap: SoapVersion) -> _Element:
    description = Wsdl11(described_application(soap).interface)
    description.build_interface_document(address)
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.fromstring(description.get_interface_document(), parser)


def _document_types(schema: _Element) -> None:
    """Spyne puts an element's documentation on its type; each type has one of its own."""
    docs = {
        model.get_type_name(): model.Attributes.type_doc
        for model in described_application().interface.classes.values()
        if hasattr(model.Attributes, "type_doc")
    }
    for node in _all(schema, "xs:simpleType | xs:complexType"):
        for annotation in _all(node, "xs:annotation"):
            node.remove(annotation)
        if node.get("name") in docs:
            _annotate(node, docs[node.get("name")])


def _drop_elements_without_message(root: _Element, schema: _Element) -> None:
    """Spyne declares a global element for each type; generators make a class of each."""
    used = {_local(part.get("element")) for part in _all(root, "wsdl:message/wsdl:part")}
    for element in _all(schema, "xs:element"):
        if element.get("name") not in used:
            schema.remove(element)


def _inline_wrapper_types(schema: _Element) -> None:
    """Svcutil unwraps parameters only where the wrapper's type is anonymous."""
    for element in _all(schema, "xs:element"):
        name = str(element.get("name"))
        if name == _FAULT:
            _annotate(element, "The detail of every fault.")
            continue
        wrapper = _find(schema, f"xs:complexType[@name='{name}']")
        del wrapper.attrib["name"], element.attrib["type"]
        if not len(wrapper):
            SubElement(wrapper, f"{{{_XS}}}sequence")
        element.append(wrapper)
        answered = name.removesuffix("Response")
        _annotate(element, f"What {answered} {'takes' if answered == name else 'answers'}.")


def _sort(schema: _Element) -> None:
    """Spyne's order follows hashes of classes; a published file needs one order."""
    kinds = ["simpleType", "complexType", "element"]
    schema[:] = sorted(schema, key=lambda node: (kinds.index(_kind(node)), node.get("name")))


def _name_fault_message(root: _Element) -> None:
    """JAX-WS names the exception after the message, and would number it beside the bean."""
    name = f"{_FAULT}Exception"
    message = _find(root, f"wsdl:message[@name='{_FAULT}']")
    message.set("name", name)
    _find(message, "wsdl:part").set("name", "fault")
    for fault in _all(root, "wsdl:portType/wsdl:operation/wsdl:fault"):
        fault.set("message", f"tns:{name}")


def _use_action_uris(root: _Element) -> None:
    for operation in _all(root, "wsdl:binding/wsdl:operation"):
        action = action_of(str(operation.get("name")))
        _find(operation, "soap:operation | soap12:operation").set("soapAction", action)
    for operation in _all(root, "wsdl:portType/wsdl:operation"):
        del operation.attrib["parameterOrder"]


def action_of(operation: str) -> str:
    """The SOAPAction of an operation."""
    return f"{NAMESPACE}/{operation}"


def _name_service_apart(root: _Element, soap: SoapVersion) -> None:
    """JAX-WS makes classes of service, port type and binding: they need names of their own."""
    service, binding = _find(root, "wsdl:service"), _find(root, "wsdl:binding")
    port = _find(service, "wsdl:port")
    service.set("name", f"{SERVICE_NAME}Service")
    name = f"{SERVICE_NAME}Soap{soap.number.replace('.', '')}"
    for node in (binding, port):
        node.set("name", name)
    port.set("binding", f"tns:{name}")


def _document_service(root: _Element, notice: str) -> None:
    documentation = etree.Element(f"{{{_WSDL}}}documentation")
    documentation.text = f"{_ABOUT} {notice}".rstrip()
    _find(root, "wsdl:service").insert(0, documentation)


def _order(root: _Element) -> None:
    """SAP's importer refuses a service that stands before its port type and binding."""
    kinds = ["types", "message", "portType", "binding", "service"]
    root[:] = sorted(root, key=lambda node: kinds.index(_kind(node)))


def _annotate(node: _Element, text: str) -> None:
    annotation = etree.Element(f"{{{_XS}}}annotation")
    SubElement(annotation, f"{{{_XS}}}documentation").text = text
    node.insert(0, annotation)


def _all(node: _Element, path: str) -> Iterator[_Element]:
    found = node.xpath(path, namespaces=_NAMES)
    assert isinstance(found, list)
    yield from (one for one in found if isinstance(one, _Element))


def _find(node: _Element, path: str) -> _Element:
    return next(_all(node, path))


def _kind(node: _Element) -> str:
    return QName(node).localname


def _local(name: str | None) -> str:
    return (name or "").rpartition(":")[2]
