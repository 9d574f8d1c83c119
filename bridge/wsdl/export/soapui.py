"""A SoapUI project (5.x): an interface per binding, two requests per operation, the WSDL inside."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from lxml import etree
from lxml.etree import CDATA, SubElement, _Element

from bridge.wsdl.export.bundle import BundledFile
from bridge.wsdl.export.requests import SampleRequest, with_new_message_ids
from bridge.wsdl.model import local_name

_CON = "http://eviware.com/soapui/config"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XSI_TYPE = f"{{{_XSI}}}type"


def soapui_project(
    name: str, documents: Sequence[BundledFile], requests: Iterable[SampleRequest]
) -> bytes:
    """The project. `documents` are the WSDL and what it leads to: the project holds them all.

    Credentials are the project's properties `consumer` and `secret`, for the user to fill.
    """
    project = etree.Element(
        _con("soapui-project"), {"name": name, "soapui-version": "5.7.0"}, nsmap={"con": _CON}
    )
    _add(project, "settings")
    for _, of_binding in groupby(requests, key=lambda one: one.binding.name):
        _interface(project, documents, list(of_binding))
    properties = _add(project, "properties")
    for key in ("consumer", "secret"):
        one = _add(properties, "property")
        _add(one, "name", key)
        _add(one, "value")
    etree.indent(project)
    return etree.tostring(project, xml_declaration=True, encoding="UTF-8") + b"\n"


def _interface(
    project: _Element, documents: Sequence[BundledFile], requests: list[SampleRequest]
) -> None:
    binding = requests[0].binding
    interface = _add(
        project,
        "interface",
        wsaVersion="NONE",
        name=local_name(binding.name),
        type="wsdl",
        bindingName=binding.name,
        soapVersion=binding.soap.replace(".", "_"),
        anonymous="optional",
        definition=documents[0].name,
    )
    interface.set(_XSI_TYPE, "con:WsdlInterface")
    _add(interface, "settings")
    _definition(interface, documents)
    endpoints = _add(interface, "endpoints")
    _add(endpoints, "endpoint", requests[0].address)
    for request in requests:
        _operation(interface, request)


def _definition(interface: _Element, documents: Sequence[BundledFile]) -> None:
    """The documents, found by the names that they use for each other: no network is needed."""
    cache = _add(interface, "definitionCache", type="TEXT", rootPart=documents[0].name)
    for document in documents:
        part = _add(cache, "part")
        _add(part, "url", document.name)
        _add(part, "content").text = _quoted(document.content)
        _add(part, "type", document.kind)


def _operation(interface: _Element, request: SampleRequest) -> None:
    name = request.operation.name
    operation = _add(
        interface,
        "operation",
        isOneWay="true" if request.one_way else "false",
        action=request.operation.action,
        name=name,
        bindingOperationName=name,
        type="One-Way" if request.one_way else "Request-Response",
        anonymous="optional",
        sendsAttachments="false",
        receivesAttachments="false",
    )
    _add(operation, "settings")
    for kind, envelope in (("minimal", request.minimal), ("full", request.full)):
        call = _add(operation, "call", name=kind)
        _add(call, "settings")
        _add(call, "encoding", "UTF-8")
        _add(call, "endpoint", request.address)
        new = with_new_message_ids(envelope, "${=UUID.randomUUID()}")
        _add(call, "request").text = _quoted(new.encode())
        _credentials(call)


def _credentials(call: _Element) -> None:
    credentials = _add(call, "credentials")
    _add(credentials, "username", "${#Project#consumer}")
    _add(credentials, "password", "${#Project#secret}")
    _add(credentials, "selectedAuthProfile", "Basic")
    _add(credentials, "addedBasicAuthenticationTypes", "Basic")
    _add(credentials, "preemptive", "true")
    _add(credentials, "authType", "Preemptive")


def _quoted(document: bytes) -> CDATA:
    """A document inside the project, without the declaration that may stand at its beginning."""
    root = etree.fromstring(document)
    return CDATA(etree.tostring(root, encoding="unicode").replace("]]>", "]]&gt;"))


def _add(parent: _Element, kind: str, text: str = "", **attributes: str) -> _Element:
    node = SubElement(parent, _con(kind), attributes)
    node.text = text or None
    return node


def _con(kind: str) -> str:
    return f"{{{_CON}}}{kind}"
