"""Sample envelopes: the least that an operation takes, and all that it can take."""

from collections.abc import Iterator

from lxml import etree
from lxml.etree import SubElement, _Element

from bridge import BridgeError
from bridge.wsdl.bodies import body_parts
from bridge.wsdl.content import Contents
from bridge.wsdl.export.values import SampleValues
from bridge.wsdl.model import (
    ANY_TYPE,
    ENCODING,
    XSD,
    Binding,
    BoundOperation,
    ComplexType,
    Compositor,
    Description,
    Element,
    Group,
    GroupReference,
    Part,
    Particle,
    Wildcard,
    local_name,
    namespace_of,
)
from bridge.wsdl.names import in_namespace

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
XML = "http://www.w3.org/XML/1998/namespace"
_Path = tuple[str, ...]
"""The named types, global elements and groups inside of which something stands."""
_MOST_PARTICLES = 20_000
"""Beyond this a full sample says no more than a shorter one: only what is required follows, and
of that as much again."""


class SampleTooLarge(BridgeError):
    """Nobody reads a sample of such a size."""


class Samples:
    """Writes requests of one description. Full ones hold each optional element once."""

    def __init__(self, description: Description, *, full: bool) -> None:
        self._description = description
        self._schema = description.schema
        self._full = full
        self._values = SampleValues(description.schema)
        self._contents = Contents(description.schema)
        self._prefixes = _prefixes(description)
        self._left = 0
        self._named: set[str] = set()
        """Prefixes that stand in texts, where nothing else shows that they are used."""
        self._message_id = ""

    def request(self, binding: Binding, name: str) -> bytes:
        """The envelope of a request, in UTF-8; full ones with all headers.

        `name` is that of the operation among those of the binding.
        """
        operation = binding.operations[name]
        self._left = _MOST_PARTICLES
        self._named = set()
        self._message_id = f"{operation.name}-{'full' if self._full else 'minimal'}"
        soap = _ENVELOPES[binding.soap]
        envelope = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap, **self._prefixes})
        headers = list(self._header_parts(operation)) if self._full else []
        if headers:
            header = SubElement(envelope, f"{{{soap}}}Header")
            for part in headers:
                self._part(header, part)
        body = SubElement(envelope, f"{{{soap}}}Body")
        if operation.style == "rpc":
            namespace = (operation.input.namespace if operation.input else None) or ""
            body = SubElement(body, in_namespace(namespace, operation.name))
            if operation.input is not None and operation.input.use == "encoded":
                body.set(f"{{{soap}}}encodingStyle", ENCODING)
        for part in body_parts(self._description, binding, name, "input"):
            self._part(body, part)
        etree.cleanup_namespaces(envelope, keep_ns_prefixes=self._named)
        etree.indent(envelope)
        return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8") + b"\n"

    def _header_parts(self, operation: BoundOperation) -> Iterator[Part]:
        for header in operation.input.headers if operation.input else ():
            for part in self._description.messages.get(header.message, ()):
                if part.name == header.part:
                    yield part

    def _part(self, parent: _Element, part: Part) -> None:
        if part.element is None:
            self._element(parent, Element(part.name, part.type), ())
        else:
            unknown = Element(part.element, ANY_TYPE)
            self._element(parent, self._schema.elements.get(part.element, unknown), ())

    def _element(self, parent: _Element, element: Element, path: _Path) -> None:
        node = SubElement(parent, element.name)
        use, inside = element.type or ANY_TYPE, self._inside(element)
        if element.nillable and (not self._full or inside in path):
            node.set(f"{{{_XSI}}}nil", "true")
            return
        if inside and path.count(inside) > 1:
            return  # a type that must hold itself has no end, and no valid message
        of = self._schema.types.get(use) if isinstance(use, str) else use
        if isinstance(of, ComplexType):
            self._complex(node, of, (*path, inside) if inside else path)
        else:
            given = element.fixed or element.default
            text = self._values.text_of(use, self._suggested(element), element.documentation)
            self._write(node, given or text)

    def _inside(self, element: Element) -> str:
        """What a path of types calls the element's: by its name, or by that of a global element.

        An anonymous type of another element is nowhere else, and can hold itself through others
        alone.
        """
        if isinstance(element.type, str):
            return element.type
        is_global = self._schema.elements.get(element.name) is element
        return f"element {element.name}" if is_global else ""

    def _suggested(self, element: Element) -> str:
        """The name of what stands there; a MessageId differs from sample to sample."""
        name = local_name(element.name)
        return self._message_id if name == "MessageId" else name

    def _complex(self, node: _Element, of: ComplexType, path: _Path) -> None:
        if of.abstract and of.name is not None:
            of = self._instead_of(of, of.name)
            self._write(node, of.name or "", attribute=f"{{{_XSI}}}type")
        if of.array_of is not None:
            self._encoded_array(node, of.array_of, path)
            return
        for attribute in self._contents.attributes(of).values():
            if attribute.required or self._full:
                given = attribute.fixed or attribute.default
                text = self._values.text_of(attribute.type, local_name(attribute.name))
                self._write(node, given or text, attribute=attribute.name)
        if of.value is not None:
            self._write(node, self._values.text_of(of.value, local_name(node.tag)))
        for one in reversed(self._contents.until_restricted(of)):
            if one.content is not None:
                self._particle(node, one.content, path)

    def _encoded_array(self, node: _Element, items: str, path: _Path) -> None:
        """SOAP 1.1, section 5.4.2: the attribute says how many items there are, of which type."""
        item = items.partition("[")[0]
        count = 1 if self._full and item not in path else 0
        self._write(node, f"{item}[{count}]", attribute=f"{{{ENCODING}}}arrayType")
        for _ in range(count):
            self._element(node, Element("item", item), path)

    def _instead_of(self, of: ComplexType, name: str) -> ComplexType:
        """The first type that extends an abstract one and is not abstract itself."""
        for other in self._schema.types.values():
            if isinstance(other, ComplexType) and not other.abstract:
                bases = {one.base for one in self._contents.lineage(other)}
                if name in bases:
                    return other
        return of

    def _particle(self, node: _Element, particle: Particle, path: _Path) -> None:
        for _ in range(self._times(particle, path)):
            self._spend()
            if isinstance(particle, Element):
                self._element(node, self._declared(particle), path)
            elif isinstance(particle, Wildcard):
                SubElement(node, "{urn:anything}anything")
            elif isinstance(particle, GroupReference):
                group = self._schema.groups.get(particle.name)
                if group is not None and particle.name not in path:
                    self._particle(node, group, (*path, particle.name))
            elif particle.compositor is Compositor.CHOICE:
                self._choice(node, particle, path)
            else:
                for one in particle.particles:
                    self._particle(node, one, path)

    def _choice(self, node: _Element, choice: Group, path: _Path) -> None:
        """The first alternative that comes to an end."""
        alternatives = choice.particles
        finite = [one for one in alternatives if not self._is_circle(one, path)]
        for one in (finite or list(alternatives))[:1]:
            self._particle(node, one, path)

    def _times(self, particle: Particle, path: _Path) -> int:
        """How often a particle is written: an optional one once in full samples, if it ends."""
        if particle.least or not self._full or isinstance(particle, Wildcard):
            return particle.least
        inside_itself = len(set(path)) < len(path)
        if particle.most == 0 or self._left <= 0 or inside_itself:
            return 0
        return 0 if self._is_circle(particle, path) else 1

    def _spend(self) -> None:
        self._left -= 1
        if self._left < -_MOST_PARTICLES:
            raise SampleTooLarge("the least that an operation takes is too large for a sample")

    def _is_circle(self, particle: Particle, path: _Path) -> bool:
        return isinstance(particle, Element) and self._inside(self._declared(particle)) in path

    def _declared(self, element: Element) -> Element:
        """What a reference refers to; in the place of an abstract element one that may stand."""
        if element.type is None:
            element = self._schema.elements.get(element.name, element)
        if element.abstract:
            others = self._schema.elements.values()
            found = (one for one in others if one.substitutes == element.name and not one.abstract)
            return next(found, element)
        return element

    def _write(self, node: _Element, text: str, *, attribute: str = "") -> None:
        """A text, or an attribute; the name of something is written with a prefix."""
        namespace = namespace_of(text)
        if namespace:
            prefixes = {uri: prefix for prefix, uri in node.nsmap.items() if prefix}
            prefix = prefixes.get(namespace, "")
            self._named.add(prefix)
            text = f"{prefix}:{local_name(text)}".removeprefix(":")
        if attribute:
            node.set(attribute, text)
        else:
            node.text = text


def _prefixes(description: Description) -> dict[str, str]:
    """A prefix for each namespace of the schema, that of the service first."""
    names = (*description.schema.elements, *description.schema.types)
    namespaces = dict.fromkeys((description.namespace, *map(namespace_of, names)))
    known = [one for one in namespaces if one and one != XML]
    own = {f"ns{n}" if n else "tns": one for n, one in enumerate(known)}
    return {"xsi": _XSI, "xs": XSD, "enc": ENCODING} | own
