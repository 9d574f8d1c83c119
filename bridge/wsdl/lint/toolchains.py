"""What SAP's importer, .NET's wsdl.exe, JAX-WS, Axis and PHP were seen to choke on."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml.etree import QName, _Element

from bridge.wsdl.lint.findings import Found, rule
from bridge.wsdl.lint.recursion import on_circles
from bridge.wsdl.lint.subject import Subject, parts_of, soap_child
from bridge.wsdl.model import (
    ANY_TYPE,
    WSDL,
    XSD,
    ComplexType,
    Group,
    is_builtin,
    local_name,
)
from bridge.wsdl.names import in_namespace, resolved

_UNBOUNDED = (
    "integer",
    "nonNegativeInteger",
    "positiveInteger",
    "nonPositiveInteger",
    "negativeInteger",
    "unsignedLong",
)
_ORDER = ("import", "types", "message", "portType", "binding", "service")
_TRUE = ("true", "1")
_TYPE_ATTRIBUTES = ("type", "base", "itemType")


@rule(
    "T1",
    "the part of a wrapped message is named parameters",
    'name it "parameters": wsdl.exe, Axis and JAX-WS then give the natural signature',
)
def wrapper_part_is_parameters(subject: Subject) -> Found:
    for _, message in _wrapped_messages(subject):
        for part in parts_of(message):
            if len(parts_of(message)) == 1 and part.get("name") != "parameters":
                yield part, f'is named "{part.get("name")}"'


@rule(
    "T2",
    "an operation's elements are named <Operation> and <Operation>Response",
    "rename the element: generators unwrap parameters by these names",
)
def wrappers_follow_the_operation(subject: Subject) -> Found:
    for operation, way, name in _wrappers(subject):
        asked = (operation.get("name") or "") + ("Response" if way == "output" else "")
        if local_name(name) != asked:
            yield operation, f"its {way} element is {local_name(name)}, not {asked}"


@rule(
    "T3",
    "the soapAction is an absolute URI",
    "write a URI that names the operation, such as urn:my-service/Operation",
)
def action_is_a_uri(subject: Subject) -> Found:
    for _, node, operation in subject.bound_operations():
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:[^ ]", operation.action):
            yield node, f'its soapAction is "{operation.action}"'


@rule(
    "T4",
    "messages, port types, bindings and services stand in this order; nothing superfluous",
    "move the element; remove parameterOrder and prefixes that nothing uses",
)
def order_is_the_usual_one(subject: Subject) -> Found:
    for document in subject.descriptions:
        highest = 0
        for node in document.root.iterchildren(*(f"{{{WSDL}}}{kind}" for kind in _ORDER)):
            rank = _ORDER.index(QName(node).localname)
            if rank < highest:
                yield node, f"stands behind a {_ORDER[highest]}"
            highest = max(rank, highest)
        for prefix, uri in _unused_prefixes(document.root):
            yield document.root, f"declares {prefix}={uri}, which nothing uses"
    for operation in subject.wsdl("portType", "operation"):
        if operation.get("parameterOrder") is not None:
            yield operation, "has a parameterOrder"


@rule(
    "T5",
    "what may be absent is not nillable too",
    'write minOccurs="1" nillable="false" where a value is required, else minOccurs="0" alone:'
    " Java wraps such fields in JAXBElement, .NET in Nullable",
)
def absent_in_one_way(subject: Subject) -> Found:
    for node in subject.schema_nodes("element"):
        if node.get("nillable") in _TRUE and node.get("minOccurs") == "0":
            yield node, "may be absent and may be nil"


@rule(
    "T6",
    "numbers have a size: int and long, decimals with totalDigits and fractionDigits",
    "use xs:int or xs:long, or a simple type with digits: unbounded ones become BigInteger",
)
def numbers_have_sizes(subject: Subject) -> Found:
    for node in subject.schema_nodes("*"):
        for attribute in _TYPE_ATTRIBUTES:
            name = resolved(node, node.get(attribute))
            if not is_builtin(name):
                continue
            if local_name(name) in _UNBOUNDED:
                yield node, f"is an unbounded {local_name(name)}"
            elif local_name(name) == "decimal" and not _has_digits(node):
                yield node, "is a decimal without totalDigits and fractionDigits"


@rule(
    "T7",
    "each operation declares a fault whose detail has fields",
    "declare a wsdl:fault with an element that tells the caller code and message",
)
def faults_are_typed(subject: Subject) -> Found:
    for operation in subject.wsdl("portType", "operation"):
        faults = list(operation.iterchildren(f"{{{WSDL}}}fault"))
        if not faults and operation.find(f"{{{WSDL}}}output") is not None:
            yield operation, "declares no fault"
        for fault in faults:
            name = resolved(fault, fault.get("message"))
            for part in subject.description.messages.get(name, ()):
                if part.element is not None and _is_empty(subject, part.element):
                    yield fault, f"its element {local_name(part.element)} has no fields"


@rule(
    "T8",
    "types repeat their elements directly: no array wrappers, xsd:any, choice or recursion",
    "repeat the element with maxOccurs; name each alternative as an optional element",
)
def types_are_plain(subject: Subject) -> Found:
    for node in subject.schema_nodes("any", "anyAttribute", "choice"):
        yield node, f"is xsd:{QName(node).localname}"
    for node in subject.schema_nodes("element"):
        if resolved(node, node.get("type")) == ANY_TYPE:
            yield node, "may be anything: xsd:anyType"
    circles = on_circles(subject.description.schema)
    for schema in subject.schemas:
        for node in schema.root.iterchildren(f"{{{XSD}}}complexType"):
            name = in_namespace(schema.namespace, node.get("name") or "")
            if name in circles:
                yield node, "holds itself"
            if _is_array(subject, name):
                yield node, "only wraps an array"


@rule(
    "T9",
    "each port has an absolute address, the same for every reader",
    "set the address from the service's settings",
)
def addresses_are_absolute(subject: Subject) -> Found:
    for port in subject.wsdl("service", "port"):
        address = soap_child(port, "address")
        location = "" if address is None else address.get("location") or ""
        parts = urlsplit(location)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            yield port, f'its address is "{location}"'
        elif parts.username is not None:
            yield port, "its address holds a user's name"


def _wrapped_messages(subject: Subject) -> Iterator[tuple[_Element, _Element]]:
    """Operations in document style, with their messages."""
    styles = {
        binding.port_type
        for binding in subject.description.bindings.values()
        if any(one.style == "rpc" for one in binding.operations.values())
    }
    for port_type in subject.wsdl("portType"):
        if subject.name_of(port_type) in styles:
            continue
        for operation in port_type.iterchildren(f"{{{WSDL}}}operation"):
            for way in operation.iterchildren(f"{{{WSDL}}}input", f"{{{WSDL}}}output"):
                name = resolved(way, way.get("message"))
                message = subject.components.get(("message", name))
                if message is not None:
                    yield way, message


def _wrappers(subject: Subject) -> Iterator[tuple[_Element, str, str]]:
    for way, message in _wrapped_messages(subject):
        operation, parts = way.getparent(), parts_of(message)
        if operation is not None and len(parts) == 1 and parts[0].get("element"):
            name = resolved(parts[0], parts[0].get("element"))
            yield operation, QName(way).localname, name


def _unused_prefixes(root: _Element) -> Iterator[tuple[str, str]]:
    used: set[str | None] = {node.prefix for node in root.iter("{*}*")}
    values = []
    for node in root.iter("{*}*"):
        for name, value in node.attrib.items():
            values.append(str(value))
            uri = QName(str(name)).namespace
            used |= {prefix for prefix, known in node.nsmap.items() if uri and known == uri}
    named: set[str] = set(re.findall(r"(?<![\w.-])([\w.-]+):[\w]", " ".join(values)))
    for prefix, uri in root.nsmap.items():
        if prefix is not None and prefix not in used and prefix not in named:
            yield prefix, uri


def _has_digits(node: _Element) -> bool:
    kinds = {QName(one).localname for one in node.iterchildren(f"{{{XSD}}}*")}
    return {"totalDigits", "fractionDigits"} <= kinds


def _is_empty(subject: Subject, element: str) -> bool:
    declared = subject.description.schema.elements.get(element)
    of = None if declared is None else declared.type
    if isinstance(of, str):
        found = subject.description.schema.types.get(of)
        of = found if isinstance(found, ComplexType) else of
    return isinstance(of, ComplexType) and (of.content, of.attributes, of.base, of.value) == (
        None,
        (),
        None,
        None,
    )


def _is_array(subject: Subject, name: str) -> bool:
    """A type whose only content is one element that repeats."""
    of = subject.description.schema.types.get(name)
    if not isinstance(of, ComplexType) or of.base or of.attributes:
        return False
    if not isinstance(of.content, Group) or len(of.content.particles) != 1:
        return False
    most = of.content.particles[0].most
    return most is None or most > 1


CHECKS = (
    wrapper_part_is_parameters,
    wrappers_follow_the_operation,
    action_is_a_uri,
    order_is_the_usual_one,
    absent_in_one_way,
    numbers_have_sizes,
    faults_are_typed,
    types_are_plain,
    addresses_are_absolute,
)
