"""The documents under lint, with the look-ups that rules share, each made once."""

from collections.abc import Iterator
from functools import cached_property

from lxml.etree import QName, _Element

from bridge.wsdl.documents import Document, Documents, SchemaDocument
from bridge.wsdl.model import SOAP11, SOAP12, WSDL, XSD, BoundOperation, Description
from bridge.wsdl.names import in_namespace, resolved
from bridge.wsdl.reader import describe

SOAPS = (SOAP11, SOAP12)
WAYS = ("input", "output")


class Subject:
    """What rules look at: the documents, and the description that they make together."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents

    @cached_property
    def description(self) -> Description:
        """The model."""
        return describe(self.documents)

    @property
    def descriptions(self) -> list[Document]:
        """The WSDL documents."""
        return self.documents.descriptions

    @property
    def schemas(self) -> list[SchemaDocument]:
        """The schemas, inside a WSDL or by themselves."""
        return self.documents.schemas

    def wsdl(self, *path: str) -> Iterator[_Element]:
        """WSDL elements by their path below definitions, in all documents."""
        query = "/".join(f"{{{WSDL}}}{step}" for step in path)
        for document in self.descriptions:
            yield from document.root.iterfind(query)

    def schema_nodes(self, *kinds: str) -> Iterator[_Element]:
        """Schema elements of these kinds, in all schemas."""
        for schema in self.schemas:
            yield from schema.root.iter(*(f"{{{XSD}}}{kind}" for kind in kinds))

    @cached_property
    def components(self) -> dict[tuple[str, str], _Element]:
        """WSDL components by (kind, name)."""
        found: dict[tuple[str, str], _Element] = {}
        for document in self.descriptions:
            namespace = document.root.get("targetNamespace") or ""
            for node in document.root.iterchildren(f"{{{WSDL}}}*"):
                name = in_namespace(namespace, node.get("name") or "")
                found.setdefault((QName(node).localname, name), node)
        return found

    @cached_property
    def operations(self) -> dict[tuple[str, str], _Element]:
        """Operations by (port type, name); of overloaded ones the first."""
        found: dict[tuple[str, str], _Element] = {}
        for node in self.wsdl("portType", "operation"):
            port_type = node.getparent()
            if port_type is not None:
                found.setdefault((self.name_of(port_type), node.get("name") or ""), node)
        return found

    @cached_property
    def schema_components(self) -> dict[tuple[str, str], _Element]:
        """Global schema components by (kind, name); simple and complex types both are "type"."""
        found: dict[tuple[str, str], _Element] = {}
        for schema in self.schemas:
            for node in schema.root.iterchildren(f"{{{XSD}}}*"):
                kind = QName(node).localname
                kind = "type" if kind in ("simpleType", "complexType") else kind
                name = in_namespace(schema.namespace, node.get("name") or "")
                found.setdefault((kind, name), node)
        return found

    @cached_property
    def schema_namespaces(self) -> set[str]:
        """Namespaces whose components are known."""
        return {schema.namespace for schema in self.schemas}

    def bound_operations(self) -> Iterator[tuple[_Element, _Element, BoundOperation]]:
        """Each SOAP binding, each of its operations, and what the model knows of that one."""
        for binding in self.wsdl("binding"):
            known = self.description.bindings.get(self.name_of(binding))
            if known is None or soap_child(binding, "binding") is None:
                continue
            nodes = binding.iterchildren(f"{{{WSDL}}}operation")
            for node, operation in zip(nodes, known.operations.values(), strict=False):
                yield binding, node, operation

    def message_of(self, binding: _Element, operation: str, way: str) -> _Element | None:
        """The message that an operation of a binding takes ("input") or answers ("output")."""
        node = self.operations.get((resolved(binding, binding.get("type")), operation))
        child = None if node is None else node.find(f"{{{WSDL}}}{way}")
        if child is None:
            return None
        return self.components.get(("message", resolved(child, child.get("message"))))

    def bodies(self) -> Iterator[tuple[_Element, list[_Element], str]]:
        """Each soap:body, the parts that it holds, and its style."""
        for binding, node, operation in self.bound_operations():
            for way in WAYS:
                bound = node.find(f"{{{WSDL}}}{way}")
                body = None if bound is None else next(soap_nodes(bound, "body"), None)
                if body is not None:
                    message = self.message_of(binding, operation.name, way)
                    yield body, body_parts(body, message), operation.style

    def name_of(self, node: _Element) -> str:
        """The name of a WSDL component with the namespace of its document."""
        root = node.getroottree().getroot()
        return in_namespace(root.get("targetNamespace") or "", node.get("name") or "")


def soap_child(node: _Element | None, kind: str) -> _Element | None:
    """The first soap:… child of this kind."""
    if node is None:
        return None
    return next(node.iterchildren(*(f"{{{soap}}}{kind}" for soap in SOAPS)), None)


def soap_nodes(node: _Element, *kinds: str) -> Iterator[_Element]:
    """All soap:… elements of these kinds below, however deep."""
    yield from node.iter(*(f"{{{soap}}}{kind}" for soap in SOAPS for kind in kinds))


def parts_of(message: _Element | None) -> list[_Element]:
    """The parts of a message."""
    return [] if message is None else list(message.iterchildren(f"{{{WSDL}}}part"))


def body_parts(body: _Element, message: _Element | None) -> list[_Element]:
    """The parts of a message that its body holds: those it names, or all."""
    named = body.get("parts")
    return [
        part
        for part in parts_of(message)
        if named is None or (part.get("name") or "") in named.split()
    ]
