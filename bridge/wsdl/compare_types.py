"""What changed in elements and types: old against new, told with its effect on messages."""

from collections.abc import Iterator

from bridge.wsdl.changes import Difference, Effect
from bridge.wsdl.compare_content import compare_arrangement, replaced
from bridge.wsdl.content import Contents, Member
from bridge.wsdl.facets import SimpleTypes, changed_facets, compare_values
from bridge.wsdl.model import (
    ANY_TYPE,
    Attribute,
    ComplexType,
    Element,
    Schema,
    SimpleType,
    Type,
    TypeUse,
    is_builtin,
    local_name,
    namespace_of,
)


class TypeComparison:
    """Compares the components of two schemas.

    A type that both sides use under the same name is compared where it is declared, once; one
    that is used in place of another is compared where it is used.
    """

    def __init__(self, old: Schema, new: Schema) -> None:
        self._schemas = (old, new)
        self._contents = (Contents(old), Contents(new))
        self._simple = (SimpleTypes(old), SimpleTypes(new))
        self._under_way: set[tuple[str, str]] = set()

    def elements(self, old: Element, new: Element) -> Iterator[Difference]:
        """What changed in an element, apart from how often it stands."""
        if old.nillable != new.nillable:
            yield _turned(new.nillable, "may be nil now", "may no longer be nil")
        if old.abstract != new.abstract:
            yield _turned(not new.abstract, "is no longer abstract", "is abstract now")
        yield from _given_values(old, new)
        yield from compare_words(old.documentation, new.documentation)
        if old.type is not None and new.type is not None:
            yield from self.uses(old.type, new.type)

    def uses(self, old: TypeUse, new: TypeUse) -> Iterator[Difference]:
        """What changed where a type is used; nothing, if it has the same name."""
        names = (_name(old), _name(new))
        if (names[0] and names[0] == names[1]) or names in self._under_way:
            return
        told = f"type was {_told(old)}, is now {_told(new)}"
        is_named = names != ("", "")
        self._under_way.update({names} if is_named else ())
        found = self._used_instead(old, new)
        self._under_way.discard(names)
        if ANY_TYPE in names:
            yield Difference(told, _widens_if(names[1] == ANY_TYPE))
        elif found is None:
            yield Difference(told, Effect.CHANGES)
        else:
            if is_named and not (is_builtin(names[0]) and is_builtin(names[1])):
                yield Difference(told, Effect.NONE)
            yield from found

    def types(self, old: Type, new: Type) -> Iterator[Difference]:
        """What changed in a type, whatever it is."""
        yield from compare_words(old.documentation, new.documentation)
        if isinstance(old, ComplexType) and isinstance(new, ComplexType):
            yield from self._complex(old, new)
        elif isinstance(old, SimpleType) and isinstance(new, SimpleType):
            yield from self._simple_types(old, new)
        else:
            yield Difference(f"was {_kind(old)}, is now {_kind(new)}", Effect.CHANGES)

    def _simple_types(self, old: SimpleType, new: SimpleType) -> Iterator[Difference]:
        """What a type of the same bases inherits is told of these."""
        was, now = self._simple[0].values_of(old), self._simple[1].values_of(new)
        if was is None or now is None:
            return
        are_named = all(isinstance(one, str) for one in old.bases)
        if are_named and (old.variety, old.bases) == (new.variety, new.bases):
            yield from compare_values(was, now, among=changed_facets(old, new))
        else:
            yield from compare_values(was, now)

    def _used_instead(self, old: TypeUse, new: TypeUse) -> list[Difference] | None:
        """What differs between two types; None where they cannot be held against each other."""
        was, now = _type(self._schemas[0], old), _type(self._schemas[1], new)
        if isinstance(was, ComplexType) and isinstance(now, ComplexType):
            return list(self._complex(was, now))
        if isinstance(was, SimpleType) and isinstance(now, SimpleType):
            return list(self._simple_types(was, now))
        values = self._simple[0].values_of(old), self._simple[1].values_of(new)
        if values[0] is None or values[1] is None:
            return None
        return list(compare_values(values[0], values[1]))

    def _complex(self, old: ComplexType, new: ComplexType) -> Iterator[Difference]:
        if (old.base, old.derivation) != (new.base, new.derivation):
            told = f"derived from {_told(old.base)} before, now from {_told(new.base)}"
            yield Difference(told, Effect.NONE)
        if old.abstract != new.abstract:
            yield _turned(not new.abstract, "is no longer abstract", "is abstract now")
        if old.mixed != new.mixed:
            yield _turned(new.mixed, "holds text between elements now", "holds elements alone now")
        if old.array_of != new.array_of:
            told = f"array of {_told(old.array_of)}, is now of {_told(new.array_of)}"
            yield Difference(told, Effect.CHANGES)
        if old.any_attribute != new.any_attribute:
            yield _turned(new.any_attribute, "any attribute may stand", "other attributes may not")
        if old.value is not None or new.value is not None:
            yield from self.uses(old.value or ANY_TYPE, new.value or ANY_TYPE)
        yield from self._attributes(old, new)
        yield from self._content(old, new)

    def _attributes(self, old: ComplexType, new: ComplexType) -> Iterator[Difference]:
        """Own ones; one that only moved to the base or from it did not change."""
        was, now = {one.name: one for one in old.attributes}, {a.name: a for a in new.attributes}
        if was == now and old.base == new.base:
            return
        inherited = self._contents[0].attributes(old), self._contents[1].attributes(new)
        if old.base != new.base:
            was, now = inherited
        for name, attribute in was.items():
            if name not in inherited[1]:
                yield Difference("attribute removed", Effect.REMOVES, local_name(name))
            else:
                for one in self._attribute(attribute, inherited[1][name]):
                    yield one.below(f"@{local_name(name)}")
        for name, attribute in now.items():
            if name not in inherited[0]:
                effect = Effect.ADDS_REQUIRED if attribute.required else Effect.ADDS_OPTIONAL
                word = "required" if attribute.required else "optional"
                yield Difference(f"{word} attribute added", effect, local_name(name))

    def _attribute(self, old: Attribute, new: Attribute) -> Iterator[Difference]:
        if old.required != new.required:
            yield _turned(not new.required, "is optional now", "is required now")
        yield from _given_values(old, new)
        yield from self.uses(old.type, new.type)

    def _content(self, old: ComplexType, new: ComplexType) -> Iterator[Difference]:
        """Own elements; one that only moved to the base or from it was not removed or added."""
        was, now = self._contents[0].own(old), self._contents[1].own(new)
        if old.base != new.base:
            was, now = self._contents[0].whole(old), self._contents[1].whole(new)
        moved = list(was.members) != list(now.members)
        all_was = self._contents[0].whole(old).members if moved else was.members
        all_now = self._contents[1].whole(new).members if moved else now.members
        gone = [name for name in was.members if name not in all_now]
        come = [name for name in now.members if name not in all_was]
        instead = replaced(was, now, gone, come)
        for name, member in was.members.items():
            if name in all_now:
                yield from self._members(member, all_now[name])
            elif name in instead:
                yield _replaced(name, instead[name])
                if local_name(name) == local_name(instead[name]):
                    yield from self._members(member, now.members[instead[name]])
            else:
                effect = Effect.NARROWS if member.alternative else Effect.REMOVES
                yield Difference("element removed", effect, local_name(name))
        for name in come:
            if name not in instead.values():
                yield _added(now.members[name])
        yield from compare_arrangement(was, now)

    def _members(self, old: Member, new: Member) -> Iterator[Difference]:
        for one in self._member(old, new):
            yield one.below(local_name(old.element.name))

    def _member(self, old: Member, new: Member) -> Iterator[Difference]:
        """How often alternatives stand is told with their choice."""
        if old.alternative == new.alternative:
            yield from _least(old.least, new.least)
        yield from _most(old.most, new.most)
        yield from self.elements(old.element, new.element)


def compare_words(old: str, new: str) -> Iterator[Difference]:
    """Documentation means nothing to a program."""
    if old != new:
        yield Difference("documentation changed", Effect.NONE)


def _replaced(old: str, new: str) -> Difference:
    if local_name(old) != local_name(new):
        return Difference(f"replaced by {local_name(new)}", Effect.REMOVES, local_name(old))
    was, now = (namespace_of(name) or "absent" for name in (old, new))
    return Difference(f"namespace was {was}, is now {now}", Effect.CHANGES, local_name(old))


def _added(member: Member) -> Difference:
    name = local_name(member.element.name)
    if member.alternative:
        return Difference("element added as a further choice", Effect.WIDENS, name)
    if member.least == 0:
        return Difference("optional element added", Effect.ADDS_OPTIONAL, name)
    return Difference("required element added", Effect.ADDS_REQUIRED, name)


def _least(old: int, new: int) -> Iterator[Difference]:
    if old == new:
        return
    if {old, new} == {0, 1}:
        yield _turned(new == 0, "is optional now", "is required now")
    else:
        yield Difference(f"minOccurs was {old}, is now {new}", _widens_if(new < old))


def _most(old: int | None, new: int | None) -> Iterator[Difference]:
    if old != new:
        was, now = ("unbounded" if one is None else one for one in (old, new))
        widens = new is None or (old is not None and new > old)
        yield Difference(f"maxOccurs was {was}, is now {now}", _widens_if(widens))


def _given_values(old: Element | Attribute, new: Element | Attribute) -> Iterator[Difference]:
    if old.default != new.default:
        told = f"default was {old.default or 'absent'}, is now {new.default or 'absent'}"
        yield Difference(told, Effect.CHANGES)
    if old.fixed != new.fixed:
        told = f"fixed value was {old.fixed or 'absent'}, is now {new.fixed or 'absent'}"
        both = old.fixed is not None and new.fixed is not None
        yield Difference(told, Effect.CHANGES if both else _widens_if(new.fixed is None))


def _turned(widens: bool, if_wider: str, if_narrower: str) -> Difference:
    return Difference(if_wider if widens else if_narrower, _widens_if(widens))


def _widens_if(widens: bool) -> Effect:
    return Effect.WIDENS if widens else Effect.NARROWS


def _type(schema: Schema, use: TypeUse) -> Type | None:
    return schema.types.get(use) if isinstance(use, str) else use


def _name(use: TypeUse) -> str:
    return use if isinstance(use, str) else ""


def _told(use: TypeUse | None) -> str:
    if use is None:
        return "none"
    return local_name(use) if isinstance(use, str) else "an anonymous type"


def _kind(of: Type) -> str:
    return "complex" if isinstance(of, ComplexType) else "simple"
