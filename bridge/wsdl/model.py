"""A WSDL 1.1 description and its XML Schema types, as frozen values.

Names of components are in Clark notation, `{namespace}local`; names without a namespace are bare.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

WSDL = "http://schemas.xmlsoap.org/wsdl/"
SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
XSD = "http://www.w3.org/2001/XMLSchema"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
ANY_TYPE = f"{{{XSD}}}anyType"
HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"


def local_name(name: str) -> str:
    """The name without its namespace."""
    return name.rpartition("}")[2]


def namespace_of(name: str) -> str:
    """The namespace of a name; empty where it has none."""
    return name[1:].rpartition("}")[0]


def is_builtin(name: str) -> bool:
    """Whether XML Schema itself defines this type."""
    return name.startswith(f"{{{XSD}}}")


class Variety(StrEnum):
    """What the values of a simple type are."""

    ATOMIC = "atomic"
    LIST = "list"
    UNION = "union"


class Compositor(StrEnum):
    """How the particles of a group stand together."""

    SEQUENCE = "sequence"
    CHOICE = "choice"
    ALL = "all"


class Derivation(StrEnum):
    """How a complex type comes from its base."""

    EXTENSION = "extension"
    RESTRICTION = "restriction"


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A simple type. `bases`: one of an atomic type, the item of a list, the members of a union.

    `facets` are pairs of facet and value in the order of the document, those of this type alone.
    """

    name: str | None
    bases: tuple["TypeUse", ...]
    variety: Variety = Variety.ATOMIC
    facets: tuple[tuple[str, str], ...] = ()
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a complex type."""

    name: str
    type: "TypeUse"
    required: bool = False
    default: str | None = None
    fixed: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """An element, global or in a group; `type` is None where it refers to a global one.

    `most` is None where it is unbounded.
    """

    name: str
    type: "TypeUse | None"
    least: int = 1
    most: int | None = 1
    nillable: bool = False
    abstract: bool = False
    default: str | None = None
    fixed: str | None = None
    substitutes: str | None = None
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Wildcard:
    """xsd:any."""

    namespace: str = "##any"
    process: str = "strict"
    least: int = 1
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class GroupReference:
    """A named group, used."""

    name: str
    least: int = 1
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence, a choice or an all."""

    compositor: Compositor
    particles: tuple["Particle", ...] = ()
    least: int = 1
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A complex type: its own content and attributes, those of its base not among them.

    `value` is the base of simple content: the type of the text. `array_of` is what wsdl:arrayType
    says of a SOAP-encoded array: the type of its items, with dimensions as in `{urn:x}Item[]`.
    """

    name: str | None
    content: Group | GroupReference | None = None
    attributes: tuple[Attribute, ...] = ()
    base: str | None = None
    derivation: Derivation | None = None
    value: "TypeUse | None" = None
    array_of: str | None = None
    any_attribute: bool = False
    mixed: bool = False
    abstract: bool = False
    documentation: str = ""


Type = SimpleType | ComplexType
TypeUse = str | SimpleType | ComplexType
"""The name of a type, or an anonymous one."""
Particle = Element | Wildcard | GroupReference | Group


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a message: an element or a type."""

    name: str
    element: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of a port type; messages by name. `faults`: fault name -> message."""

    name: str
    input: str | None
    output: str | None
    faults: Mapping[str, str] = field(default_factory=dict)
    input_first: bool = True
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class PortType:
    """An interface: its operations by name (a second one of a name is `name (2)`)."""

    name: str
    operations: Mapping[str, Operation]


@dataclass(frozen=True, slots=True)
class Header:
    """soap:header (or soap:headerfault): a part of a message."""

    message: str
    part: str


@dataclass(frozen=True, slots=True)
class BoundMessage:
    """How a message travels; `parts` None: all parts that are no headers."""

    use: str = "literal"
    namespace: str | None = None
    parts: tuple[str, ...] | None = None
    headers: tuple[Header, ...] = ()
    header_faults: tuple[Header, ...] = ()


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """An operation of a binding."""

    name: str
    action: str
    style: str
    input: BoundMessage | None
    output: BoundMessage | None


@dataclass(frozen=True, slots=True)
class Binding:
    """How a port type is spoken; `soap` is "1.1", "1.2", or empty for another protocol."""

    name: str
    port_type: str
    soap: str
    transport: str
    operations: Mapping[str, BoundOperation]


@dataclass(frozen=True, slots=True)
class Port:
    """An address where a binding is spoken."""

    name: str
    binding: str
    address: str


@dataclass(frozen=True, slots=True)
class Service:
    """Ports by name."""

    name: str
    ports: Mapping[str, Port]
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """All schema components of a description by name, whichever document they stand in."""

    elements: Mapping[str, Element] = field(default_factory=dict)
    types: Mapping[str, Type] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """A WSDL and all that it imports. `not_followed`: imports left alone, each with the reason."""

    source: str
    namespace: str
    services: Mapping[str, Service]
    bindings: Mapping[str, Binding]
    port_types: Mapping[str, PortType]
    messages: Mapping[str, tuple[Part, ...]]
    schema: Schema
    not_followed: tuple[str, ...] = ()
