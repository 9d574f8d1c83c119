"""Which elements and types travel in requests, which in responses."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from bridge.wsdl.changes import Direction
from bridge.wsdl.content import particles
from bridge.wsdl.model import (
    ANY_TYPE,
    ComplexType,
    Description,
    Element,
    GroupReference,
    Header,
    Part,
    Particle,
    SimpleType,
    TypeUse,
    Wildcard,
)

Component = tuple[str, str]
"""("element" or "type", name)."""
Directions = frozenset[Direction]

_OPEN: Component = ("open", "")
"""A place where anything may stand: xsd:any, xsd:anyType."""


class Reach:
    """The directions of every component of a description.

    A type that extends one which travels may travel in its place. What no message names, but an
    open place (xsd:any, xsd:anyType) of some message lets through, has the directions of the open
    places.
    """

    def __init__(self, description: Description) -> None:
        self._description = description
        self._instead = _stand_ins(description)
        self._found: dict[Component, Directions] = defaultdict(frozenset)
        for direction in Direction:
            for component in self._reached(_roots(description, direction)):
                self._found[component] |= {direction}
        self._let_through = self._found.get(_OPEN, frozenset())

    def of_element(self, name: str) -> Directions:
        """The directions in which a global element travels."""
        return self._of(("element", name))

    def of_type(self, name: str) -> Directions:
        """The directions in which a named type travels."""
        return self._of(("type", name))

    def _of(self, component: Component) -> Directions:
        return self._found.get(component) or self._let_through

    def _reached(self, roots: Iterable[Component]) -> set[Component]:
        reached: set[Component] = set()
        waiting = list(roots)
        while waiting:
            component = waiting.pop()
            if component not in reached:
                reached.add(component)
                waiting += self._next(component)
        return reached

    def _next(self, component: Component) -> Iterator[Component]:
        kind, name = component
        schema = self._description.schema
        yield from self._instead[component]
        if kind == "element" and name in schema.elements:
            yield from self._of_use(schema.elements[name].type)
        elif kind == "type" and name in schema.types:
            yield from self._of_type(schema.types[name])
        elif kind == "type" and name == ANY_TYPE:
            yield _OPEN
        elif kind == "group" and name in schema.groups:
            yield from self._of_particles(schema.groups[name])

    def _of_use(self, use: TypeUse | None) -> Iterator[Component]:
        if isinstance(use, str):
            yield "type", use
        elif use is not None:
            yield from self._of_type(use)

    def _of_type(self, of: SimpleType | ComplexType) -> Iterator[Component]:
        if isinstance(of, SimpleType):
            for base in of.bases:
                yield from self._of_use(base)
            return
        yield from self._of_use(of.base)
        yield from self._of_use(of.value)
        for attribute in of.attributes:
            yield from self._of_use(attribute.type)
        if of.content is not None:
            yield from self._of_particles(of.content)

    def _of_particles(self, content: Particle) -> Iterator[Component]:
        for particle in particles([content]):
            if isinstance(particle, Wildcard):
                yield _OPEN
            elif isinstance(particle, GroupReference):
                yield "group", particle.name
            elif isinstance(particle, Element) and particle.type is None:
                yield "element", particle.name
            elif isinstance(particle, Element):
                yield from self._of_use(particle.type)


def _stand_ins(description: Description) -> dict[Component, list[Component]]:
    """What may stand in the place of what: extensions, substitution groups."""
    found: dict[Component, list[Component]] = defaultdict(list)
    for name, of in description.schema.types.items():
        if isinstance(of, ComplexType) and of.base is not None:
            found["type", of.base].append(("type", name))
    for name, element in description.schema.elements.items():
        if element.substitutes is not None:
            found["element", element.substitutes].append(("element", name))
    return found


def _roots(description: Description, direction: Direction) -> Iterator[Component]:
    for part in _parts(description, direction):
        if part.element is not None:
            yield "element", part.element
        if part.type is not None:
            yield "type", part.type


def _parts(description: Description, direction: Direction) -> Iterator[Part]:
    for port_type in description.port_types.values():
        for operation in port_type.operations.values():
            if direction is Direction.REQUEST:
                names = [operation.input]
            else:
                names = [operation.output, *operation.faults.values()]
            for name in names:
                yield from description.messages.get(name or "", ())
    for header in _headers(description, direction):
        message = description.messages.get(header.message, ())
        yield from (part for part in message if part.name == header.part)


def _headers(description: Description, direction: Direction) -> Iterator[Header]:
    for binding in description.bindings.values():
        for operation in binding.operations.values():
            one_way = operation.input if direction is Direction.REQUEST else operation.output
            yield from () if one_way is None else one_way.headers
            if direction is Direction.RESPONSE:
                for message in (operation.input, operation.output):
                    yield from () if message is None else message.header_faults
