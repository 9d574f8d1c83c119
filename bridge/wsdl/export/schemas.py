"""The schemas of a WSDL as files of their own, which import each other."""

from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element

from bridge.wsdl.documents import Documents
from bridge.wsdl.model import XSD

_WITHIN = ("import", "include", "redefine")


def schema_files(documents: Documents, stem: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of a file for each schema: the service's own first, without a number.

    Imports of a namespace lead to the file that declares it; where several do, the first one
    includes the others.
    """
    namespace = documents.first.root.get("targetNamespace")
    schemas = sorted(documents.schemas, key=lambda one: one.namespace != namespace)
    names = [f"{stem}.xsd", *(f"{stem}-{n}.xsd" for n in range(2, len(schemas) + 1))]
    files: dict[str, list[str]] = {}
    for schema, name in zip(schemas, names, strict=False):
        files.setdefault(schema.namespace, []).append(name)
    for schema, name in zip(schemas, names, strict=False):
        yield name, _written(schema.root, schema.namespace, files, name)


def _written(schema: _Element, namespace: str, files: dict[str, list[str]], name: str) -> bytes:
    copy = etree.fromstring(etree.tostring(schema))  # with the prefixes of the WSDL around it
    if namespace:
        copy.set("targetNamespace", namespace)
    for node in list(copy.iterchildren(*(f"{{{XSD}}}{kind}" for kind in _WITHIN))):
        found = files.get(node.get("namespace") or "")
        if node.tag != f"{{{XSD}}}import":
            copy.remove(node)
        elif found:
            node.set("schemaLocation", found[0])
    if files[namespace][0] == name:
        for other in reversed(files[namespace][1:]):
            include = etree.Element(f"{{{XSD}}}include", schemaLocation=other)
            copy.insert(0, include)
    etree.indent(copy)
    return etree.tostring(copy, xml_declaration=True, encoding="UTF-8") + b"\n"
