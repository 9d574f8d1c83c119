"""From the documents of a WSDL to its Description."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from lxml.etree import QName, _Element

from bridge.wsdl.documents import Documents, load_documents
from bridge.wsdl.model import (
    SOAP11,
    SOAP12,
    WSDL,
    Binding,
    BoundMessage,
    BoundOperation,
    Description,
    Header,
    Operation,
    Part,
    Port,
    PortType,
    Service,
)
from bridge.wsdl.names import in_namespace, resolved, text_of
from bridge.wsdl.schema_reader import read_schema

_SOAPS = {SOAP11: "1.1", SOAP12: "1.2"}
_Component = TypeVar("_Component", Service, Binding, PortType, Port)
_AnyOperation = TypeVar("_AnyOperation", Operation, BoundOperation)


def read_description(source: str) -> Description:
    """The WSDL at this path or URL. Raises UnusableDescription."""
    return describe(load_documents(source))


def describe(documents: Documents) -> Description:
    """The description that documents hold together."""
    first = documents.first
    return Description(
        source=str(first.place),
        namespace=first.root.get("targetNamespace") or "",
        services=_by_name(_service(*one) for one in _components(documents, "service")),
        bindings=_by_name(_binding(*one) for one in _components(documents, "binding")),
        port_types=_by_name(_port_type(*one) for one in _components(documents, "portType")),
        messages={name: _parts(node) for name, node in _components(documents, "message")},
        schema=read_schema(documents.schemas),
        not_followed=tuple(documents.not_followed),
    )


def _components(documents: Documents, kind: str) -> Iterator[tuple[str, _Element]]:
    for document in documents.descriptions:
        namespace = document.root.get("targetNamespace") or ""
        for node in document.root.iterchildren(f"{{{WSDL}}}{kind}"):
            yield in_namespace(namespace, node.get("name") or ""), node


def _by_name(components: Iterable[_Component]) -> dict[str, _Component]:
    return {one.name: one for one in components}


def _service(name: str, node: _Element) -> Service:
    ports = _by_name(_port(port) for port in node.iterchildren(f"{{{WSDL}}}port"))
    return Service(name, ports, text_of(node))


def _port(node: _Element) -> Port:
    addresses = (child.get("location") for child in node if QName(child).localname == "address")
    binding = resolved(node, node.get("binding"))
    return Port(node.get("name") or "", binding, next(addresses, None) or "")


def _port_type(name: str, node: _Element) -> PortType:
    return PortType(name, _numbered(map(_operation, node.iterchildren(f"{{{WSDL}}}operation"))))


def _numbered(operations: Iterable[_AnyOperation]) -> dict[str, _AnyOperation]:
    """Overloaded operations are told apart by their place."""
    found: dict[str, _AnyOperation] = {}
    for operation in operations:
        name, count = operation.name, 1
        while name in found:
            count += 1
            name = f"{operation.name} ({count})"
        found[name] = operation
    return found


def _operation(node: _Element) -> Operation:
    ways = [child for child in node if QName(child).localname in ("input", "output")]
    faults = list(node.iterchildren(f"{{{WSDL}}}fault"))
    return Operation(
        name=node.get("name") or "",
        input=_message_of(node, "input"),
        output=_message_of(node, "output"),
        faults={one.get("name") or "": resolved(one, one.get("message")) for one in faults},
        input_first=not ways or QName(ways[0]).localname == "input",
        documentation=text_of(node),
    )


def _message_of(node: _Element, way: str) -> str | None:
    child = node.find(f"{{{WSDL}}}{way}")
    return None if child is None else resolved(child, child.get("message"))


def _parts(node: _Element) -> tuple[Part, ...]:
    return tuple(
        Part(
            name=part.get("name") or "",
            element=resolved(part, part.get("element")) or None,
            type=resolved(part, part.get("type")) or None,
        )
        for part in node.iterchildren(f"{{{WSDL}}}part")
    )


def _binding(name: str, node: _Element) -> Binding:
    found = next((child for child in node if _soap(child, "binding")), None)
    style = "document" if found is None else found.get("style") or "document"
    return Binding(
        name=name,
        port_type=resolved(node, node.get("type")),
        soap="" if found is None else _SOAPS[QName(found).namespace or ""],
        transport="" if found is None else found.get("transport") or "",
        operations=_numbered(
            _bound_operation(child, style) for child in node.iterchildren(f"{{{WSDL}}}operation")
        ),
    )


def _bound_operation(node: _Element, style: str) -> BoundOperation:
    found = next((child for child in node if _soap(child, "operation")), None)
    return BoundOperation(
        name=node.get("name") or "",
        action="" if found is None else found.get("soapAction") or "",
        style=style if found is None else found.get("style") or style,
        input=_bound_message(node.find(f"{{{WSDL}}}input")),
        output=_bound_message(node.find(f"{{{WSDL}}}output")),
    )


def _bound_message(node: _Element | None) -> BoundMessage | None:
    if node is None:
        return None
    body = next((one for one in node.iter("{*}body") if _soap(one, "body")), None)
    parts = None if body is None else body.get("parts")
    return BoundMessage(
        use="literal" if body is None else body.get("use") or "literal",
        namespace=None if body is None else body.get("namespace"),
        parts=None if parts is None else tuple(parts.split()),
        headers=_headers(node, "header"),
        header_faults=_headers(node, "headerfault"),
    )


def _headers(node: _Element, kind: str) -> tuple[Header, ...]:
    found = (one for one in node.iter(f"{{*}}{kind}") if _soap(one, kind))
    return tuple(Header(resolved(one, one.get("message")), one.get("part") or "") for one in found)


def _soap(node: _Element, kind: str) -> bool:
    name = QName(node)
    return name.localname == kind and name.namespace in _SOAPS
