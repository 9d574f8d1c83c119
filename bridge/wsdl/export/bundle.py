"""The documents of a description as files of one folder, which lead to each other."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.etree import QName, _Element

from bridge.wsdl.documents import LEADING, Document, Documents, SchemaDocument
from bridge.wsdl.export.unique import UniqueNames
from bridge.wsdl.model import WSDL, XSD
from bridge.wsdl.source import ImportRefused, parse, place_of_import

_IMPORT, _INCLUDE = f"{{{XSD}}}import", f"{{{XSD}}}include"
_SUFFIXES = {f"{{{WSDL}}}definitions": ".wsdl", f"{{{XSD}}}schema": ".xsd"}
_ONLY_LEAD = ("import", "annotation")


@dataclass(frozen=True)
class BundledFile:
    """A file; `kind` is the namespace of its root: that of WSDL or of XML Schema."""

    name: str
    content: bytes
    kind: str


class Bundle:
    """Names for the documents of a description, and their contents with references to these.

    A schema that stands inside of a WSDL becomes a file too: that of the service's own namespace
    has the name of the WSDL.
    """

    def __init__(self, documents: Documents, stem: str) -> None:
        unique = UniqueNames()
        self._names = {str(documents.first.place): unique.take(stem, ".wsdl")}
        self._inner = {unique.take(stem, ".xsd"): one for one in _inner_schemas(documents)}
        self._outer = [documents.first]
        for one in documents.imported:
            suffix = _SUFFIXES.get(str(one.root.tag))
            if suffix and str(one.place) not in self._names:
                self._names[str(one.place)] = unique.take(one.place.stem, suffix)
                self._outer.append(one)

    def documents(self) -> Iterator[BundledFile]:
        """The WSDL first, then each document that it leads to."""
        for one in self._outer:
            kind = QName(one.root).namespace or ""
            yield BundledFile(self._names[str(one.place)], self._rewritten(one), kind)

    def inner_schemas(self) -> Iterator[BundledFile]:
        """The schemas that stand inside of WSDLs.

        An import leads to the file that declares the namespace; where several do, the first one
        includes the others.
        """
        for name, schema in self._inner.items():
            yield BundledFile(name, self._extracted(name, schema), XSD)

    def _rewritten(self, document: Document) -> bytes:
        """The document as it was read, if it leads nowhere."""
        root = parse(document.content, document.place, keep_comments=True)
        nodes = [(node, self._target(document, node)) for node in root.iter(*LEADING)]
        for node, target in nodes:
            if target:
                node.set(LEADING[str(node.tag)], target)
        if not any(target for _, target in nodes):
            return document.content
        return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8") + b"\n"

    def _extracted(self, name: str, schema: SchemaDocument) -> bytes:
        """The schema with the prefixes of the WSDL around it."""
        copy = etree.fromstring(etree.tostring(schema.root, with_tail=False))
        for node in copy.iterchildren(*LEADING):
            target = self._target(schema.document, node)
            if node.tag == _IMPORT and not target:
                target = self._declaring(node.get("namespace") or "")
            if target:
                node.set("schemaLocation", target)
        siblings = [
            other for other, one in self._inner.items() if one.namespace == schema.namespace
        ]
        if siblings[0] == name:
            for other in reversed(siblings[1:]):
                copy.insert(0, etree.Element(_INCLUDE, schemaLocation=other))
        etree.indent(copy)
        return etree.tostring(copy, xml_declaration=True, encoding="UTF-8") + b"\n"

    def _target(self, document: Document, node: _Element) -> str:
        """The file that a reference leads to; empty where it was not followed."""
        reference = (node.get(LEADING[str(node.tag)]) or "").strip()
        try:
            place = place_of_import(document.place, reference) if reference else ""
        except ImportRefused:
            return ""
        return self._names.get(str(place), "")

    def _declaring(self, namespace: str) -> str:
        """The file that declares a namespace, those from inside of WSDLs first."""
        for name, schema in self._inner.items():
            if schema.namespace == namespace:
                return name
        for one in self._outer:
            is_schema = QName(one.root).namespace == XSD
            if is_schema and (one.root.get("targetNamespace") or "") == namespace:
                return self._names[str(one.place)]
        return ""


def _inner_schemas(documents: Documents) -> list[SchemaDocument]:
    """Those that declare something, the service's own namespace first."""
    namespace = documents.first.root.get("targetNamespace")
    inner = [
        one for one in documents.schemas if one.root is not one.document.root and _declares(one)
    ]
    return sorted(inner, key=lambda one: one.namespace != namespace)


def _declares(schema: SchemaDocument) -> bool:
    return any(QName(node).localname not in _ONLY_LEAD for node in schema.root.iterchildren("{*}*"))
