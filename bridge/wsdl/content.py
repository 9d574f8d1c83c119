"""What a complex type holds, flat: its elements with how often they may stand.

Groups are flattened once each, so that groups which use each other cost no more than their size.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bridge.wsdl.model import (
    Attribute,
    ComplexType,
    Compositor,
    Derivation,
    Element,
    Group,
    GroupReference,
    Particle,
    Schema,
    Wildcard,
)
from bridge.wsdl.source import UnusableDescription

_MAX_BASES = 200
"""No schema made by people comes near; one made to hurt would cost its size squared."""


@dataclass(frozen=True, slots=True)
class Member:
    """An element of a type; `alternative`: it stands in a choice. `most` None is unbounded."""

    element: Element
    least: int
    most: int | None
    alternative: bool = False


@dataclass(slots=True)
class Content:
    """Members by name in the order of the document."""

    members: dict[str, Member] = field(default_factory=dict)
    wildcards: list[Wildcard] = field(default_factory=list)
    compositor: Compositor | None = None


class Contents:
    """Flattens the types of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._groups: dict[str, Content] = {}

    def own(self, of: ComplexType) -> Content:
        """What the type itself adds to its base."""
        content = Content()
        if of.content is not None:
            self._add(content, of.content, least=1, most=1, alternative=False)
            if isinstance(of.content, Group):
                content.compositor = of.content.compositor
        return content

    def whole(self, of: ComplexType) -> Content:
        """What the type holds with all that it inherits, the base's first."""
        content = Content(compositor=self.own(of).compositor)
        for one in reversed(self.until_restricted(of)):
            own = self.own(one)
            for member in own.members.values():
                _merge(content, member)
            content.wildcards += own.wildcards
        return content

    def attributes(self, of: ComplexType) -> dict[str, Attribute]:
        """The attributes by name, inherited ones too."""
        lineage = reversed(list(self.lineage(of)))
        return {attribute.name: attribute for one in lineage for attribute in one.attributes}

    def lineage(self, of: ComplexType) -> Iterator[ComplexType]:
        """The type, its base, the base's base. Raises UnusableDescription for endless chains."""
        seen: set[str] = set()
        while len(seen) <= _MAX_BASES:
            yield of
            if of.base is None or of.base in seen:
                return
            seen.add(of.base)
            base = self._schema.types.get(of.base)
            if not isinstance(base, ComplexType):
                return
            of = base
        raise UnusableDescription(f"types are derived from each other more than {_MAX_BASES} deep")

    def until_restricted(self, of: ComplexType) -> list[ComplexType]:
        """The types whose contents a type holds: a restriction tells anew what it keeps."""
        found = []
        for one in self.lineage(of):
            found.append(one)
            if one.derivation is Derivation.RESTRICTION:
                break
        return found

    def _add(
        self, to: Content, particle: Particle, *, least: int, most: int | None, alternative: bool
    ) -> None:
        least, most = least * particle.least, _times(most, particle.most)
        if isinstance(particle, Element):
            _merge(to, Member(self._declared(particle), least, most, alternative))
        elif isinstance(particle, Wildcard):
            to.wildcards.append(particle)
        elif isinstance(particle, GroupReference):
            _merge_all(to, self._group(particle.name), least, most, alternative=alternative)
        else:
            choice = particle.compositor is Compositor.CHOICE and len(particle.particles) > 1
            for one in particle.particles:
                self._add(
                    to,
                    one,
                    least=0 if choice else least,
                    most=most,
                    alternative=alternative or choice,
                )

    def _group(self, name: str) -> Content:
        if name not in self._groups:
            self._groups[name] = Content()  # what a group finds of itself while it is flattened
            content = Content()
            if name in self._schema.groups:
                self._add(content, self._schema.groups[name], least=1, most=1, alternative=False)
            self._groups[name] = content
        return self._groups[name]

    def _declared(self, element: Element) -> Element:
        """A reference with what the global element says of itself."""
        if element.type is not None or element.name not in self._schema.elements:
            return element
        declared = self._schema.elements[element.name]
        return replace(declared, least=element.least, most=element.most, type=None)


def _merge_all(
    to: Content, content: Content, least: int, most: int | None, *, alternative: bool
) -> None:
    for one in content.members.values():
        times = _times(most, one.most)
        _merge(to, Member(one.element, least * one.least, times, alternative or one.alternative))
    to.wildcards += [one for one in content.wildcards if one not in to.wildcards]


def _merge(to: Content, member: Member) -> None:
    """The same element in two places counts as one that may stand in both."""
    name = member.element.name
    known = to.members.get(name)
    if known is not None:
        member = replace(
            member,
            least=known.least + member.least,
            most=_plus(known.most, member.most),
            alternative=known.alternative and member.alternative,
        )
    to.members[name] = member


def _times(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return 0 if 0 in (one, other) else None
    return one * other


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def particles(group: Iterable[Particle]) -> Iterator[Particle]:
    """All particles of groups, however deep, groups themselves among them."""
    for particle in group:
        yield particle
        if isinstance(particle, Group):
            yield from particles(particle.particles)
