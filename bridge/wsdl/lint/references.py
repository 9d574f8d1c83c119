"""WS-I Basic Profile 1.1, R2101 and R2102: names lead to something that is there."""

from collections.abc import Iterator

from lxml.etree import QName, _Element

from bridge.wsdl.documents import Document
from bridge.wsdl.lint.findings import Found, rule
from bridge.wsdl.lint.subject import Subject, soap_nodes
from bridge.wsdl.model import WSDL, XSD, is_builtin, local_name, namespace_of
from bridge.wsdl.names import resolved

_BUILTIN = frozenset(
    """anyType anySimpleType string normalizedString token language Name NCName NMTOKEN NMTOKENS
    ID IDREF IDREFS ENTITY ENTITIES QName NOTATION anyURI boolean decimal integer nonPositiveInteger
    negativeInteger long int short byte nonNegativeInteger unsignedLong unsignedInt unsignedShort
    unsignedByte positiveInteger float double duration dateTime time date gYearMonth gYear gMonthDay
    gDay gMonth hexBinary base64Binary""".split()
)
_REFERENCES = (
    ("type", "type"),
    ("base", "type"),
    ("itemType", "type"),
    ("memberTypes", "type"),
    ("substitutionGroup", "element"),
)
"""Attributes of schema elements that name components, and the kind that they name."""
_IMPORT = f"{{{WSDL}}}import"


@rule(
    "R2101",
    "names of WSDL components lead to what is defined or imported",
    "define the component, import its description, or correct the prefix",
)
def wsdl_names_resolve(subject: Subject) -> Found:
    imported = {one.root: _imported_by(one) for one in subject.descriptions}
    read = {namespace_of(name) for _, name in subject.components}
    for node, kind, name in _wsdl_references(subject):
        namespace = namespace_of(name)
        if namespace and namespace not in imported[node.getroottree().getroot()]:
            yield node, f"{_shown(name)}: its namespace is not imported here"
        elif (kind, name) not in subject.components and (namespace in read or not namespace):
            yield node, f"there is no {kind} {_shown(name)}"


@rule(
    "R2102",
    "names of schema components use the schema's own namespace or an imported one",
    "add an xsd:import of the namespace, or correct the name",
)
def schema_names_resolve(subject: Subject) -> Found:
    for schema in subject.schemas:
        imports = schema.root.iterchildren(f"{{{XSD}}}import")
        known = {schema.namespace, *(one.get("namespace") or "" for one in imports)}
        for node, kind, name in _schema_references(schema.root, schema.namespace):
            problem = _problem(subject, kind, name, known)
            if problem:
                yield node, problem
    for part in subject.wsdl("message", "part"):
        name = resolved(part, part.get("type"))
        problem = _problem(subject, "type", name, subject.schema_namespaces) if name else ""
        if problem:
            yield part, problem


def _imported_by(document: Document) -> set[str]:
    """The namespaces whose WSDL components a document may name: an import of an import is none."""
    imports = (one.get("namespace") or "" for one in document.root.iterchildren(_IMPORT))
    return {document.root.get("targetNamespace") or "", *imports}


def _wsdl_references(subject: Subject) -> Iterator[tuple[_Element, str, str]]:
    for operation in subject.wsdl("portType", "operation"):
        for child in operation.iterchildren(f"{{{WSDL}}}*"):
            if child.get("message"):
                yield child, "message", resolved(child, child.get("message"))
    for binding in subject.wsdl("binding"):
        if binding.get("type"):
            yield binding, "portType", resolved(binding, binding.get("type"))
        for header in soap_nodes(binding, "header", "headerfault"):
            if header.get("message"):
                yield header, "message", resolved(header, header.get("message"))
    for port in subject.wsdl("service", "port"):
        if port.get("binding"):
            yield port, "binding", resolved(port, port.get("binding"))


def _schema_references(root: _Element, namespace: str) -> Iterator[tuple[_Element, str, str]]:
    adopted = "" if root.get("targetNamespace") else namespace
    for node in root.iter(f"{{{XSD}}}*"):
        for attribute, kind in (*_REFERENCES, ("ref", QName(node).localname)):
            for value in (node.get(attribute) or "").split():
                name = resolved(node, value)
                bare = adopted and not name.startswith("{")
                yield node, kind, f"{{{adopted}}}{name}" if bare else name


def _problem(subject: Subject, kind: str, name: str, known: set[str]) -> str:
    """What is wrong with a reference; empty where nothing is, or nothing can be said."""
    namespace = namespace_of(name)
    if is_builtin(name):
        is_wrong = kind == "type" and local_name(name) not in _BUILTIN
        return f"XML Schema has no type {local_name(name)}" if is_wrong else ""
    if namespace not in known:
        return f"{_shown(name)}: its namespace is not imported here"
    if namespace in subject.schema_namespaces and (kind, name) not in subject.schema_components:
        return f"there is no {kind} {_shown(name)}"
    return ""


def _shown(name: str) -> str:
    namespace = namespace_of(name)
    return f"{local_name(name)} of {namespace}" if namespace else local_name(name)


CHECKS = (wsdl_names_resolve, schema_names_resolve)
