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


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives of which one may stand (`least` 0) or must; each with the names in it."""

    alternatives: tuple[frozenset[str], ...]
    least: int


@dataclass(slots=True)
class Content:
    """Members by name in the order of the document.

    `order` is the order in which they must stand; alternatives, which have none, are sorted.
    """

    members: dict[str, Member] = field(default_factory=dict)
    wildcards: list[Wildcard] = field(default_factory=list)
    compositor: Compositor | None = None
    choices: list[Choice] = field(default_factory=list)
    order: list[str] = field(default_factory=list)


class Contents:
    """Flattens the types of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._groups: dict[str, Content] = {}
        self._orders: dict[str, list[str]] = {}

    def own(self, of: ComplexType) -> Content:
        """What the type itself adds to its base."""
        content = Content()
        if of.content is not None:
            self._add(content, of.content, least=1, most=1, alternative=False)
            content.order = self._order(of.content)
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
            content.choices += own.choices
            content.order = list(dict.fromkeys((*content.order, *own.order)))
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
            if choice and most == 1:
                to.choices.append(Choice(tuple(self._alternatives(particle)), min(least, 1)))
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

    def _alternatives(self, choice: Group) -> Iterator[frozenset[str]]:
        """The names of each alternative; those of a choice that is one are alternatives too."""
        for one in choice.particles:
            if isinstance(one, Group) and _is_choice(one):
                yield from self._alternatives(one)
            else:
                yield frozenset(self._order(one))

    def _order(self, particle: Particle) -> list[str]:
        """The names in a particle, each once."""
        if isinstance(particle, Element):
            return [particle.name]
        if isinstance(particle, Wildcard):
            return []
        if isinstance(particle, GroupReference):
            if particle.name not in self._orders:
                self._orders[particle.name] = []  # what a group finds of itself
                group = self._schema.groups.get(particle.name)
                self._orders[particle.name] = self._order(group) if group else []
            return self._orders[particle.name]
        parts = [self._order(one) for one in particle.particles]
        if particle.compositor is Compositor.CHOICE:
            parts.sort()
        return list(dict.fromkeys(name for part in parts for name in part))

    def _declared(self, element: Element) -> Element:
        """A reference with what the global element says of itself."""
        if element.type is not None or element.name not in self._schema.elements:
            return element
        declared = self._schema.elements[element.name]
        return replace(declared, least=element.least, most=element.most, type=None)


def _is_choice(group: Group) -> bool:
    return group.compositor is Compositor.CHOICE and group.most == 1


def _merge_all(
    to: Content, content: Content, least: int, most: int | None, *, alternative: bool
) -> None:
    for one in content.members.values():
        times = _times(most, one.most)
        _merge(to, Member(one.element, least * one.least, times, alternative or one.alternative))
    if most == 1:
        to.choices += [Choice(one.alternatives, min(least, one.least)) for one in content.choices]
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
