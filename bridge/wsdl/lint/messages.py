"""WS-I Basic Profile 1.1, section 4.4: messages and their parts."""

from collections.abc import Iterator

from lxml.etree import _Element

from bridge.wsdl.lint.findings import Found, rule
from bridge.wsdl.lint.subject import Subject, parts_of, soap_nodes
from bridge.wsdl.model import local_name, namespace_of
from bridge.wsdl.names import resolved


@rule(
    "R2201",
    "a document-literal soap:body names one part at most",
    "name one part in parts; send others as headers, or inside the one element",
)
def body_names_one_part(subject: Subject) -> Found:
    for body, _, style in subject.bodies():
        if style == "document" and len((body.get("parts") or "").split()) > 1:
            yield body, f"names the parts {body.get('parts')}"


@rule(
    "R2210",
    "the message of a document-literal soap:body without parts has one part at most",
    "name the body's part in the attribute parts, or split the message",
)
def message_has_one_part(subject: Subject) -> Found:
    for body, parts, style in subject.bodies():
        if style == "document" and body.get("parts") is None and len(parts) > 1:
            yield body, f"its message has {len(parts)} parts"


@rule("R2203", "an rpc-literal body's parts are defined by type", "use type in place of element")
def rpc_parts_have_types(subject: Subject) -> Found:
    for body, parts, style in subject.bodies():
        for part in parts if style == "rpc" else ():
            if part.get("element") is not None:
                yield body, f"its part {part.get('name')} is defined by element"


@rule(
    "R2204",
    "a document-literal body's part is defined by element",
    "declare an element and use it in place of the type",
)
def document_parts_have_elements(subject: Subject) -> Found:
    for body, parts, style in subject.bodies():
        for part in parts if style == "document" else ():
            if part.get("element") is None:
                yield body, f"its part {part.get('name')} is defined by type"


@rule(
    "R2205",
    "the parts of headers and faults are defined by element",
    "declare an element and use it in place of the type",
)
def header_and_fault_parts_have_elements(subject: Subject) -> Found:
    for node, part in (*_header_parts(subject), *_fault_parts(subject)):
        if part.get("element") is None:
            yield node, f"its part {part.get('name')} is defined by type"


@rule(
    "R2206",
    "the element of a part is a global element declaration",
    "declare the element at the top of a schema, or correct the name",
)
def part_elements_are_global(subject: Subject) -> Found:
    for part in subject.wsdl("message", "part"):
        name = resolved(part, part.get("element"))
        is_known = namespace_of(name) in subject.schema_namespaces or "{" not in name
        if name and is_known and ("element", name) not in subject.schema_components:
            yield part, f"there is no element {local_name(name)}"
        elif name and not is_known and not subject.documents.not_followed:
            yield part, f"there is no schema for the namespace of {local_name(name)}"


@rule(
    "R1014",
    "children of soap:Body are qualified by a namespace",
    "give the schema of the element a targetNamespace",
)
def body_elements_are_qualified(subject: Subject) -> Found:
    seen: set[_Element] = set()
    for _, parts, style in subject.bodies():
        for part in parts if style == "document" else ():
            element = resolved(part, part.get("element"))
            if element and not namespace_of(element) and part not in seen:
                seen.add(part)
                yield part, f"the element {element} is in no namespace"


def _header_parts(subject: Subject) -> Iterator[tuple[_Element, _Element]]:
    for binding in subject.wsdl("binding"):
        for header in soap_nodes(binding, "header", "headerfault"):
            name = resolved(header, header.get("message"))
            for part in parts_of(subject.components.get(("message", name))):
                if part.get("name") == header.get("part"):
                    yield header, part


def _fault_parts(subject: Subject) -> Iterator[tuple[_Element, _Element]]:
    for fault in subject.wsdl("portType", "operation", "fault"):
        name = resolved(fault, fault.get("message"))
        for part in parts_of(subject.components.get(("message", name))):
            yield fault, part


CHECKS = (
    body_names_one_part,
    message_has_one_part,
    rpc_parts_have_types,
    document_parts_have_elements,
    header_and_fault_parts_have_elements,
    part_elements_are_global,
    body_elements_are_qualified,
)
