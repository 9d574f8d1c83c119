"""WS-I Basic Profile 1.1, R2028 and R2029: elements and attributes that WSDL 1.1 knows.

The tables say what WSDL 1.1 (section 2) and its SOAP binding (section 3) allow where.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml.etree import QName, _Element

from bridge.wsdl.lint.findings import Found, rule
from bridge.wsdl.lint.subject import SOAPS, Subject
from bridge.wsdl.model import WSDL

_NAME = re.compile(r"[^\W\d][\w.\-·]*")
_NAMED_ATTRIBUTES = ("name", "part")


@dataclass(frozen=True)
class _Shape:
    """`children` in their order: kinds that may mix stand in one text, `*` is another namespace."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


_DOCUMENTED = ("documentation",)
_OPEN = (*_DOCUMENTED, "*")
_ABSTRACT_MESSAGE = _Shape(("message",), ("name",), _DOCUMENTED)
_BOUND_MESSAGE = _Shape((), ("name",), _OPEN)
_SHAPES = {
    "definitions": _Shape(
        (),
        ("name", "targetNamespace"),
        (*_OPEN, "import types message portType binding service"),
    ),
    "import": _Shape(("namespace", "location"), (), _DOCUMENTED),
    "types": _Shape((), (), _OPEN),
    "message": _Shape(("name",), (), (*_OPEN, "part")),
    "part": _Shape(("name",), ("element", "type"), _DOCUMENTED),
    "portType": _Shape(("name",), (), (*_DOCUMENTED, "operation")),
    "portType/operation": _Shape(("name",), ("parameterOrder",), (*_OPEN, "input output", "fault")),
    "portType/input": _ABSTRACT_MESSAGE,
    "portType/output": _ABSTRACT_MESSAGE,
    "portType/fault": _Shape(("name", "message"), (), _DOCUMENTED),
    "binding": _Shape(("name", "type"), (), (*_OPEN, "operation")),
    "binding/operation": _Shape(("name",), (), (*_OPEN, "input", "output", "fault")),
    "binding/input": _BOUND_MESSAGE,
    "binding/output": _BOUND_MESSAGE,
    "binding/fault": _Shape(("name",), (), _OPEN),
    "service": _Shape(("name",), (), (*_OPEN, "port")),
    "port": _Shape(("name", "binding"), (), _OPEN),
}
"""http://schemas.xmlsoap.org/wsdl/2003-02-11.xsd, the schema that the profile names."""

_ENCODED = ("namespace", "encodingStyle")
_SOAP_SHAPES = {
    "binding": _Shape((), ("transport", "style")),
    "operation": _Shape((), ("soapAction", "style", "soapActionRequired")),
    "body": _Shape((), ("parts", "use", *_ENCODED)),
    "fault": _Shape(("name",), ("use", *_ENCODED)),
    "header": _Shape(("message", "part", "use"), _ENCODED),
    "headerfault": _Shape(("message", "part", "use"), _ENCODED),
    "address": _Shape(("location",)),
}
_SOAP_PARENTS = {
    "binding": ("binding",),
    "operation": ("operation",),
    "body": ("input", "output", "part"),
    "fault": ("fault",),
    "header": ("input", "output", "part"),
    "headerfault": ("header",),
    "address": ("port",),
}
_VALUES = {"style": ("document", "rpc"), "use": ("literal", "encoded")}


@rule(
    "R2028",
    "elements of the WSDL namespace are valid by the schema of WSDL 1.1",
    "write the element as WSDL 1.1 section 2 has it",
)
def wsdl_is_valid(subject: Subject) -> Found:
    for document in subject.descriptions:
        for node in document.root.iter(f"{{{WSDL}}}*"):
            shape = _SHAPES.get(_place(node))
            if shape is None:
                if QName(node).localname != "documentation":
                    yield node, "is no element of WSDL 1.1, or stands in the wrong place"
                continue
            for problem in (*_attributes(node, shape), *_children(node, shape), *_more(node)):
                yield node, problem
        yield from _repeated_names(document.root)


@rule(
    "R2029",
    "elements of the SOAP binding are valid by its schema",
    "write the element as WSDL 1.1 section 3 has it",
)
def soap_is_valid(subject: Subject) -> Found:
    for document in subject.descriptions:
        for node in document.root.iter(*(f"{{{soap}}}*" for soap in SOAPS)):
            kind, parent = QName(node).localname, node.getparent()
            shape = _SOAP_SHAPES.get(kind)
            if shape is None:
                yield node, "is no element of the SOAP binding"
                continue
            if parent is None or QName(parent).localname not in _SOAP_PARENTS[kind]:
                yield node, f"belongs into {' or '.join(_SOAP_PARENTS[kind])}"
            for problem in (*_attributes(node, shape), *_values(node)):
                yield node, problem


def _place(node: _Element) -> str:
    """An element's kind, with the component it is part of where that matters."""
    kind = QName(node).localname
    for owner in ("portType", "binding"):
        if f"{owner}/{kind}" in _SHAPES and any(
            QName(one).localname == owner for one in node.iterancestors(f"{{{WSDL}}}*")
        ):
            return f"{owner}/{kind}"
    return kind


def _attributes(node: _Element, shape: _Shape) -> Iterator[str]:
    for name in shape.required:
        if node.get(name) is None:
            yield f"lacks the attribute {name}"
    for name in map(str, node.attrib):
        if not name.startswith("{") and name not in (*shape.required, *shape.optional):
            yield f"has an unknown attribute {name}"
    for name in _NAMED_ATTRIBUTES:
        value = node.get(name)
        if value is not None and not _NAME.fullmatch(value):
            yield f'{name} "{value[:40]}" is no NCName'


def _children(node: _Element, shape: _Shape) -> Iterator[str]:
    """What a component holds against what it may hold, in which order."""
    ranks = {kind: rank for rank, kinds in enumerate(shape.children) for kind in kinds.split()}
    highest, before = 0, ""
    for child in node.iterchildren("{*}*"):
        kind = QName(child).localname
        rank = ranks.get(kind if QName(child).namespace == WSDL else "*")
        if rank is None:
            yield f"holds {kind}, which has no place there"
            continue
        if rank < highest:
            yield f"holds {kind} behind {before}"
        elif rank == highest == ranks["documentation"] and before:
            yield "holds a second documentation"
        if rank >= highest:
            highest, before = rank, kind


def _more(node: _Element) -> Iterator[str]:
    kind = QName(node).localname
    if kind == "part" and (node.get("element") is None) == (node.get("type") is None):
        yield "must have either element or type"
    if kind == "definitions" and not node.get("targetNamespace"):
        yield "has no targetNamespace, so nothing of it can be referred to"


def _values(node: _Element) -> Iterator[str]:
    for name, allowed in _VALUES.items():
        value = node.get(name)
        if value is not None and value not in allowed:
            yield f'{name} "{value[:40]}" is neither {" nor ".join(allowed)}'


def _repeated_names(root: _Element) -> Found:
    seen: set[tuple[str, str]] = set()
    for node in root.iterchildren(f"{{{WSDL}}}*"):
        key = (QName(node).localname, node.get("name") or "")
        if key[1] and key in seen:
            yield node, f"a second {key[0]} has this name"
        seen.add(key)


CHECKS = (wsdl_is_valid, soap_is_valid)
