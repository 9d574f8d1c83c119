"""A WSDL with the documents that it imports and includes, each read once."""

from collections import deque
from dataclasses import dataclass, field

from lxml.etree import QName, _Element

from bridge.wsdl.mistaken import what_root_is
from bridge.wsdl.model import WSDL, XSD
from bridge.wsdl.source import (
    ImportRefused,
    Place,
    UnusableDescription,
    first_place,
    parse,
    place_of_import,
    read_place,
)

MAX_DOCUMENTS = 500
MAX_TOTAL_BYTES = 128 * 1024 * 1024

_DEFINITIONS = f"{{{WSDL}}}definitions"
_SCHEMA = f"{{{XSD}}}schema"
LEADING = {
    f"{{{WSDL}}}import": "location",
    f"{{{XSD}}}import": "schemaLocation",
    f"{{{XSD}}}include": "schemaLocation",
    f"{{{XSD}}}redefine": "schemaLocation",
}
"""Elements that lead to other documents, and the attribute that says where."""
_INCLUSIONS = (f"{{{XSD}}}include", f"{{{XSD}}}redefine")


@dataclass(frozen=True)
class Document:
    """One document; `content` is it as it was read, `importer` the element that led to it.

    `namespace` is that of the schema which includes it: a schema without one of its own takes it.
    """

    place: Place
    content: bytes
    root: _Element
    importer: _Element | None = None
    namespace: str = ""


@dataclass(frozen=True)
class SchemaDocument:
    """An xsd:schema, the namespace of what it declares, and the document that it stands in."""

    root: _Element
    namespace: str
    document: Document


@dataclass
class Documents:
    """All documents of a description."""

    first: Document
    descriptions: list[Document] = field(default_factory=list)
    schemas: list[SchemaDocument] = field(default_factory=list)
    imported: list[Document] = field(default_factory=list)
    not_followed: list[str] = field(default_factory=list)


def load_documents(source: str) -> Documents:
    """The WSDL at this path or URL, and all that it leads to.

    Raises UnusableDescription where one cannot be read; what must not be followed is told in
    `not_followed`.
    """
    return documents_at(*read_place(first_place(source), may_redirect=True))


def documents_at(content: bytes, place: Place) -> Documents:
    """The WSDL that was read from this place, and all that it leads to."""
    return _Loader().load(content, place)


def documents_from(content: bytes, name: str) -> Documents:
    """The documents of a WSDL that is there already; none of its imports is followed."""
    return _Loader().load(content, Place(url=name))


class _Loader:
    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._read: dict[str, tuple[bytes, _Element]] = {}
        self._bytes = 0

    def load(self, content: bytes, place: Place) -> Documents:
        root = parse(content, place)
        if root.tag != _DEFINITIONS:
            raise UnusableDescription(f"{place} {what_root_is(root)}")
        self._bytes = len(content)
        self._read[str(place)] = content, root
        self._found = Documents(Document(place, content, root))
        self._follow(self._found.first)
        return self._found

    def _follow(self, first: Document) -> None:
        """Works through what is found, so that a deep chain of imports needs no deep stack."""
        waiting = deque([first])
        while waiting:
            document = waiting.popleft()
            if document.importer is not None:
                self._found.imported.append(document)
            if (str(document.place), document.namespace) not in self._seen:
                self._seen.add((str(document.place), document.namespace))
                waiting += self._take(document)

    def _take(self, document: Document) -> list[Document]:
        if document.root.tag == _SCHEMA:
            return self._take_schema(document, document.root)
        if document.root.tag == _DEFINITIONS:
            return self._take_description(document)
        kind = QName(document.root).localname
        self._note(f"{document.place}: is neither a schema nor a WSDL, its root is {kind}")
        return []

    def _take_description(self, document: Document) -> list[Document]:
        self._found.descriptions.append(document)
        further = self._imports(document, document.root, "")
        for schema in document.root.iterfind(f"{{{WSDL}}}types/{_SCHEMA}"):
            further += self._take_schema(document, schema)
        return further

    def _take_schema(self, document: Document, schema: _Element) -> list[Document]:
        namespace = schema.get("targetNamespace") or document.namespace
        self._found.schemas.append(SchemaDocument(schema, namespace, document))
        return self._imports(document, schema, namespace)

    def _imports(self, document: Document, parent: _Element, namespace: str) -> list[Document]:
        found = []
        for node in parent.iterchildren(*LEADING):
            reference = (node.get(LEADING[str(node.tag)]) or "").strip()
            place = self._place(document, reference) if reference else None
            if place is not None:
                adopted = namespace if node.tag in _INCLUSIONS else ""
                content, root = self._imported(place, document, node)
                found.append(Document(place, content, root, node, adopted))
        return found

    def _imported(self, place: Place, importer: Document, node: _Element) -> tuple[bytes, _Element]:
        try:
            if str(place) not in self._read:
                self._read[str(place)] = self._fetch(place)
            return self._read[str(place)]
        except UnusableDescription as error:
            line = f"line {node.sourceline} of {importer.place}"
            raise UnusableDescription(f"{error} (it is imported by {line})") from error

    def _place(self, document: Document, reference: str) -> Place | None:
        try:
            return place_of_import(document.place, reference)
        except ImportRefused as refused:
            self._note(str(refused))
            return None

    def _note(self, reason: str) -> None:
        if reason not in self._found.not_followed:
            self._found.not_followed.append(reason)

    def _fetch(self, place: Place) -> tuple[bytes, _Element]:
        if len(self._read) >= MAX_DOCUMENTS:
            raise UnusableDescription(f"more than {MAX_DOCUMENTS} documents are imported")
        content, _ = read_place(place)
        self._bytes += len(content)
        if self._bytes > MAX_TOTAL_BYTES:
            limit = MAX_TOTAL_BYTES // 1024 // 1024
            raise UnusableDescription(f"the imported documents exceed {limit} MB together")
        return content, parse(content, place)
