"""WS-I Basic Profile 1.1, section 4.2: how a description is put together of documents."""

from collections.abc import Iterable

from lxml.etree import QName, _Element

from bridge.wsdl.documents import Document
from bridge.wsdl.lint.findings import UNICODE, Found, encoding_of, rule
from bridge.wsdl.lint.subject import Subject
from bridge.wsdl.model import WSDL, XSD

_WSDL_IMPORT, _XSD_IMPORT = f"{{{WSDL}}}import", f"{{{XSD}}}import"
_BEFORE = {"documentation": 0, "import": 1, "types": 2}
_SCHEMA = f"{{{XSD}}}schema"


@rule(
    "R2001",
    "wsdl:import imports WSDL descriptions alone",
    "import a document whose root is wsdl:definitions, or remove the import",
)
def wsdl_imports_wsdl(subject: Subject) -> Found:
    for document in subject.documents.imported:
        node, root = document.importer, document.root
        if node is not None and node.tag == _WSDL_IMPORT:
            kind = QName(root)
            if kind.localname != "definitions" and root.tag != _SCHEMA:
                yield node, f"leads to a document whose root is {kind.localname}"


@rule(
    "R2002",
    "XML Schema is imported by xsd:import",
    "put an xsd:import into an xsd:schema of wsdl:types in place of the wsdl:import",
)
def schema_is_imported_by_xsd(subject: Subject) -> Found:
    for document in subject.documents.imported:
        node = document.importer
        if node is not None and node.tag == _WSDL_IMPORT and document.root.tag == _SCHEMA:
            yield node, "leads to an XML Schema"


@rule(
    "R2003",
    "xsd:import stands inside an xsd:schema of wsdl:types",
    "move the xsd:import into an xsd:schema",
)
def xsd_import_stands_in_schema(subject: Subject) -> Found:
    for document in subject.descriptions:
        for node in document.root.iter(_XSD_IMPORT):
            parent = node.getparent()
            if parent is None or parent.tag != _SCHEMA:
                yield node, "stands outside of any xsd:schema"


@rule(
    "R2004",
    "the schemaLocation of xsd:import leads to an xsd:schema",
    "import a schema document; to use the types of another WSDL, move them to a schema file",
)
def xsd_import_leads_to_schema(subject: Subject) -> Found:
    for document in subject.documents.imported:
        node, root = document.importer, document.root
        if node is not None and node.tag == _XSD_IMPORT and root.tag != _SCHEMA:
            yield node, f"leads to a document whose root is {QName(root).localname}"


@rule(
    "R2005",
    "the namespace of wsdl:import is the targetNamespace of what it imports",
    "correct the namespace of the import",
)
def import_names_the_namespace(subject: Subject) -> Found:
    for document in subject.documents.imported:
        node, root = document.importer, document.root
        if node is None or node.tag != _WSDL_IMPORT or QName(root).localname != "definitions":
            continue
        told, true = node.get("namespace") or "", root.get("targetNamespace") or ""
        if told != true:
            yield node, f'names "{told}", the document says "{true}"'


@rule(
    "R2007",
    "wsdl:import has a location that is not empty",
    "say where the description lies",
)
def import_has_a_location(subject: Subject) -> Found:
    for node in subject.wsdl("import"):
        if not (node.get("location") or "").strip():
            yield node, "has no location"


@rule(
    "R2022",
    "wsdl:import stands before all else but documentation",
    "move the import to the beginning",
)
def imports_stand_first(subject: Subject) -> Found:
    for node, before in _late(subject, "import"):
        yield node, f"stands behind {before}"


@rule(
    "R2023",
    "wsdl:types stands before all else but documentation and imports",
    "move wsdl:types up",
)
def types_stand_next(subject: Subject) -> Found:
    for node, before in _late(subject, "types"):
        yield node, f"stands behind {before}"


@rule(
    "R2010",
    "a schema that is imported is written in UTF-8 or UTF-16",
    "write the document in UTF-8",
)
def schemas_are_in_unicode(subject: Subject) -> Found:
    yield from _in_other_encodings(
        one for one in subject.documents.imported if one.root.tag == _SCHEMA
    )


@rule("R4003", "a description is written in UTF-8 or UTF-16", "write the document in UTF-8")
def descriptions_are_in_unicode(subject: Subject) -> Found:
    yield from _in_other_encodings(subject.descriptions)


def _in_other_encodings(documents: Iterable[Document]) -> Found:
    roots = dict.fromkeys(document.root for document in documents)
    for root in roots:
        encoding = encoding_of(root)
        if encoding not in UNICODE:
            yield root, f"is written in {encoding}"


def _late(subject: Subject, kind: str) -> list[tuple[_Element, str]]:
    found = []
    for document in subject.descriptions:
        before = ""
        for node in document.root.iterchildren(f"{{{WSDL}}}*"):
            other = QName(node).localname
            if other == kind and before:
                found.append((node, before))
            if _BEFORE.get(other, 3) > _BEFORE[kind]:
                before = other
    return found


CHECKS = (
    wsdl_imports_wsdl,
    schema_is_imported_by_xsd,
    xsd_import_stands_in_schema,
    xsd_import_leads_to_schema,
    import_names_the_namespace,
    import_has_a_location,
    imports_stand_first,
    types_stand_next,
    schemas_are_in_unicode,
    descriptions_are_in_unicode,
)
