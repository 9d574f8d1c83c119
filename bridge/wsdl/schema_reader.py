"""XML Schema components as documents write them, read into the model.

What only restates (xsd:key, xsd:notation, identity constraints) is left out: it moves no message.
"""

from collections.abc import Iterator, Mapping

from lxml.etree import QName, _Element

from bridge.wsdl.documents import SchemaDocument
from bridge.wsdl.model import (
    ANY_TYPE,
    WSDL,
    XSD,
    Attribute,
    ComplexType,
    Compositor,
    Derivation,
    Element,
    Group,
    GroupReference,
    Particle,
    Schema,
    SimpleType,
    Type,
    TypeUse,
    Variety,
    Wildcard,
)
from bridge.wsdl.names import in_namespace, resolved, text_of
from bridge.wsdl.source import UnusableDescription

_ANY_SIMPLE_TYPE = f"{{{XSD}}}anySimpleType"
_NOT_FACETS = ("annotation", "simpleType", "attribute", "attributeGroup", "anyAttribute")
_BASES = {
    "restriction": ("base", Variety.ATOMIC),
    "list": ("itemType", Variety.LIST),
    "union": ("memberTypes", Variety.UNION),
}
"""The ways to make a simple type, with the attribute that names what it is made of."""
_TRUE = ("true", "1")


def read_schema(documents: list[SchemaDocument]) -> Schema:
    """The global components of all schemas, by name. Raises UnusableDescription."""
    elements: dict[str, Element] = {}
    types: dict[str, Type] = {}
    groups: dict[str, Group] = {}
    attributes = _global_attributes(documents)
    for document in documents:
        reader = _SchemaReader(document, attributes)
        for kind, name, node in _globals(document):
            if kind == "element":
                elements.setdefault(name, reader.element(node, is_global=True))
            elif kind == "complexType":
                types.setdefault(name, reader.complex_type(node, name))
            elif kind == "simpleType":
                types.setdefault(name, reader.simple_type(node, name))
            elif kind == "group":
                groups.setdefault(name, reader.named_group(node))
    return Schema(elements, types, groups)


_Declared = tuple[_Element, SchemaDocument]
_Attributes = Mapping[tuple[str, str], _Declared]
"""Global attributes and attribute groups by (kind, name)."""


def _globals(document: SchemaDocument) -> Iterator[tuple[str, str, _Element]]:
    """A redefinition stands before what it replaces, which a later document declares."""
    redefined = document.root.iterfind(f"{{{XSD}}}redefine/*")
    for node in (*document.root, *redefined):
        if node.get("name"):
            name = in_namespace(document.namespace, str(node.get("name")))
            yield QName(node).localname, name, node


def _global_attributes(documents: list[SchemaDocument]) -> _Attributes:
    return {
        (kind, name): (node, document)
        for document in documents
        for kind, name, node in _globals(document)
        if kind in ("attribute", "attributeGroup")
    }


class _SchemaReader:
    def __init__(self, document: SchemaDocument, attributes: _Attributes) -> None:
        self._document = document
        self._attributes = attributes
        self._qualified = document.root.get("elementFormDefault") == "qualified"
        self._attributes_qualified = document.root.get("attributeFormDefault") == "qualified"

    def element(self, node: _Element, *, is_global: bool = False) -> Element:
        """A global element, one of a group, or a reference."""
        reference = node.get("ref")
        if reference:
            name = self._name(node, reference)
        elif is_global or node.get("form", "qualified" if self._qualified else "") == "qualified":
            name = in_namespace(self._document.namespace, node.get("name") or "")
        else:
            name = node.get("name") or ""
        return Element(
            name=name,
            type=None if reference else self._type_use(node, ANY_TYPE),
            least=_least(node),
            most=_most(node),
            nillable=node.get("nillable") in _TRUE,
            abstract=node.get("abstract") in _TRUE,
            default=node.get("default"),
            fixed=node.get("fixed"),
            substitutes=self._name(node, node.get("substitutionGroup")) or None,
            documentation=text_of(node),
        )

    def complex_type(self, node: _Element, name: str | None) -> ComplexType:
        """A complex type, whatever its content."""
        complex_content = node.find(f"{{{XSD}}}complexContent")
        simple_content = node.find(f"{{{XSD}}}simpleContent")
        holder, derivation = _derivation(node)
        base = self._name(holder, holder.get("base")) or None
        return ComplexType(
            name=name,
            content=self._content(holder),
            attributes=tuple(self._attributes_of(holder, set())),
            base=base if simple_content is None else None,
            derivation=derivation,
            value=base if simple_content is not None else None,
            array_of=_array_of(holder),
            any_attribute=holder.find(f"{{{XSD}}}anyAttribute") is not None,
            mixed=_is_mixed(node, complex_content),
            abstract=node.get("abstract") in _TRUE,
            documentation=text_of(node),
        )

    def simple_type(self, node: _Element, name: str | None) -> SimpleType:
        """An atomic type, a list or a union."""
        documentation = text_of(node)
        for child in node:
            kind = QName(child).localname
            if kind in _BASES:
                attribute, variety = _BASES[kind]
                bases = self._types_of(child, attribute)
                facets = _facets(child) if kind == "restriction" else ()
                return SimpleType(name, bases, variety, facets, documentation)
        return SimpleType(name, (_ANY_SIMPLE_TYPE,), documentation=documentation)

    def named_group(self, node: _Element) -> Group:
        """What a global xsd:group holds."""
        content = self._content(node)
        return content if isinstance(content, Group) else Group(Compositor.SEQUENCE)

    def _name(self, node: _Element, value: str | None) -> str:
        """A reference; one without a namespace means the schema that was included so."""
        name = resolved(node, value)
        is_adopted = not self._document.root.get("targetNamespace")
        if is_adopted and name and not name.startswith("{"):
            return in_namespace(self._document.namespace, name)
        return name

    def _type_use(self, node: _Element, otherwise: str) -> TypeUse:
        name = self._name(node, node.get("type"))
        if name:
            return name
        for child in node:
            kind = QName(child).localname
            if kind == "complexType":
                return self.complex_type(child, None)
            if kind == "simpleType":
                return self.simple_type(child, None)
        return otherwise

    def _types_of(self, node: _Element, attribute: str) -> tuple[TypeUse, ...]:
        named: list[TypeUse] = [self._name(node, one) for one in node.get(attribute, "").split()]
        anonymous = node.iterchildren(f"{{{XSD}}}simpleType")
        return (*named, *(self.simple_type(one, None) for one in anonymous)) or (_ANY_SIMPLE_TYPE,)

    def _content(self, holder: _Element) -> Group | GroupReference | None:
        for child in holder:
            particle = self._particle(child)
            if isinstance(particle, Group | GroupReference):
                return particle
        return None

    def _particle(self, node: _Element) -> Particle | None:
        kind = QName(node).localname
        if kind == "element":
            return self.element(node)
        if kind == "any":
            process = node.get("processContents", "strict")
            return Wildcard(node.get("namespace", "##any"), process, _least(node), _most(node))
        if kind == "group":
            return GroupReference(self._name(node, node.get("ref")), _least(node), _most(node))
        if kind in tuple(Compositor):
            return self._group(node, Compositor(kind))
        return None

    def _group(self, node: _Element, compositor: Compositor) -> Group:
        particles = (self._particle(child) for child in node)
        kept = tuple(one for one in particles if one is not None)
        return Group(compositor, kept, _least(node), _most(node))

    def _attributes_of(self, holder: _Element, seen: set[str]) -> Iterator[Attribute]:
        for child in holder:
            kind = QName(child).localname
            if kind == "attribute" and child.get("use") != "prohibited":
                yield self._attribute(child)
            elif kind == "attributeGroup":
                name = self._name(child, child.get("ref"))
                if name not in seen and ("attributeGroup", name) in self._attributes:
                    seen.add(name)
                    node, document = self._attributes["attributeGroup", name]
                    reader = _SchemaReader(document, self._attributes)
                    yield from reader._attributes_of(node, seen)

    def _attribute(self, node: _Element) -> Attribute:
        reference = self._name(node, node.get("ref"))
        declared, document = self._attributes.get(("attribute", reference), (node, self._document))
        reader = _SchemaReader(document, self._attributes)
        qualified = node.get("form", "qualified" if self._attributes_qualified else "")
        namespace = self._document.namespace if qualified == "qualified" else ""
        return Attribute(
            name=reference or in_namespace(namespace, node.get("name") or ""),
            type=reader._type_use(declared, _ANY_SIMPLE_TYPE),
            required=node.get("use") == "required",
            default=node.get("default", declared.get("default")),
            fixed=node.get("fixed", declared.get("fixed")),
        )


def _derivation(node: _Element) -> tuple[_Element, Derivation | None]:
    """The element that holds the content: the type itself, or its extension or restriction."""
    for derivation in Derivation:
        for content in ("complexContent", "simpleContent"):
            found = node.find(f"{{{XSD}}}{content}/{{{XSD}}}{derivation}")
            if found is not None:
                return found, derivation
    return node, None


def _array_of(holder: _Element) -> str | None:
    for attribute in holder.iterchildren(f"{{{XSD}}}attribute"):
        items = attribute.get(f"{{{WSDL}}}arrayType")
        if items is not None:
            return resolved(attribute, items)
    return None


def _is_mixed(node: _Element, complex_content: _Element | None) -> bool:
    inner = None if complex_content is None else complex_content.get("mixed")
    return (inner or node.get("mixed")) in _TRUE


def _facets(restriction: _Element) -> tuple[tuple[str, str], ...]:
    is_name = resolved(restriction, restriction.get("base")) == f"{{{XSD}}}QName"
    return tuple(
        (QName(child).localname, _value(child, is_name=is_name))
        for child in restriction
        if QName(child).localname not in _NOT_FACETS and child.get("value") is not None
    )


def _value(facet: _Element, *, is_name: bool) -> str:
    """The prefix of a QName is the document's affair, its namespace is the value."""
    value = facet.get("value") or ""
    is_name = is_name and QName(facet).localname == "enumeration"
    return resolved(facet, value) if is_name else value


def _least(node: _Element) -> int:
    return _count(node, "minOccurs")


def _most(node: _Element) -> int | None:
    return None if node.get("maxOccurs") == "unbounded" else _count(node, "maxOccurs")


def _count(node: _Element, attribute: str) -> int:
    value = node.get(attribute, "1").strip()
    if not value.isdecimal() or len(value) > 18:
        raise UnusableDescription(f"line {node.sourceline}: {attribute} is no number: {value[:40]}")
    return int(value)
