"""Simple types as sets of values: what a changed facet widens or narrows.

XML Schema 1.0 Part 2, section 3 (the built-in types) and 4.3 (the facets).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation

from bridge.wsdl.changes import Difference, Effect
from bridge.wsdl.model import (
    ComplexType,
    Schema,
    SimpleType,
    TypeUse,
    Variety,
    is_builtin,
    local_name,
)

_UPPER = ("maxLength", "maxInclusive", "maxExclusive", "totalDigits", "fractionDigits")
_LOWER = ("minLength", "minInclusive", "minExclusive")
_WIDER = {
    "normalizedString": "string",
    "token": "normalizedString",
    "language": "token",
    "NMTOKEN": "token",
    "Name": "token",
    "NCName": "Name",
    "ID": "NCName",
    "IDREF": "NCName",
    "ENTITY": "NCName",
    "integer": "decimal",
    "nonPositiveInteger": "integer",
    "negativeInteger": "nonPositiveInteger",
    "long": "integer",
    "int": "long",
    "short": "int",
    "byte": "short",
    "nonNegativeInteger": "integer",
    "unsignedLong": "nonNegativeInteger",
    "unsignedInt": "unsignedLong",
    "unsignedShort": "unsignedInt",
    "unsignedByte": "unsignedShort",
    "positiveInteger": "nonNegativeInteger",
    "float": "double",
}
"""Each built-in type, and the next one whose texts include all of its own."""
_ALSO_WIDER = {"unsignedInt": "long", "unsignedShort": "int", "unsignedByte": "short"}
_LONGEST_TOLD = 400
_TEXT = ("string", "anySimpleType", "anyType")


@dataclass(frozen=True)
class Values:
    """The values of a simple type, its bases worked in; of a list those of its items.

    `primitive` is the built-in type at the root; of a union all of them, sorted.
    """

    variety: Variety
    primitive: str
    facets: dict[str, str] = field(default_factory=dict)
    enumeration: tuple[str, ...] | None = None
    patterns: tuple[frozenset[str], ...] = ()


class SimpleTypes:
    """The values of the simple types of one schema, each worked out once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._named: dict[str, Values | None] = {}

    def values_of(self, use: TypeUse) -> Values | None:
        """What a simple type allows; None where it is complex, or not known."""
        if isinstance(use, ComplexType):
            return None
        if isinstance(use, SimpleType):
            return self._values(use)
        if is_builtin(use):
            return Values(Variety.ATOMIC, local_name(use))
        if use not in self._named:
            self._named[use] = None  # what a type finds that is derived from itself
            named = self._schema.types.get(use)
            self._named[use] = self._values(named) if isinstance(named, SimpleType) else None
        return self._named[use]

    def _values(self, of: SimpleType) -> Values | None:
        bases = [self.values_of(base) for base in of.bases]
        known = [base for base in bases if base is not None]
        if len(known) < len(bases):
            return None
        if of.variety is Variety.ATOMIC:
            return _restricted(known[0], of)
        return Values(of.variety, " or ".join(sorted({_told(base) for base in known})))


def changed_facets(old: SimpleType, new: SimpleType) -> frozenset[str]:
    """The facets that two types themselves set otherwise."""
    was, now = Counter(old.facets), Counter(new.facets)
    return frozenset(name for name, _ in (was - now) + (now - was))


def compare_values(
    old: Values, new: Values, *, among: frozenset[str] | None = None
) -> Iterator[Difference]:
    """What changed between the values of two types; only of these facets where they are named."""
    if old.variety is not new.variety:
        yield Difference(f"was {old.variety}, is now {new.variety}", Effect.CHANGES)
        return
    if old.primitive != new.primitive and among is None:
        effect = _primitive_effect(old.primitive, new.primitive)
        yield Difference(f"was {_shown(old.primitive)}, is now {_shown(new.primitive)}", effect)
    if among is None or "enumeration" in among:
        yield from _compare_enumerations(old.enumeration, new.enumeration)
    if among is None or "pattern" in among:
        yield from _compare_patterns(old.patterns, new.patterns)
    for name in sorted(old.facets.keys() | new.facets.keys()):
        if among is None or name in among:
            yield from _compare_facet(name, old.facets.get(name), new.facets.get(name))


def _restricted(base: Values, by: SimpleType) -> Values:
    enumeration = tuple(value for name, value in by.facets if name == "enumeration")
    patterns = frozenset(value for name, value in by.facets if name == "pattern")
    single = {name: value for name, value in by.facets if name not in ("enumeration", "pattern")}
    return replace(
        base,
        facets=base.facets | single,
        enumeration=enumeration or base.enumeration,
        patterns=(*base.patterns, patterns) if patterns else base.patterns,
    )


def _told(values: Values) -> str:
    """A member of a union or the item of a list, in a word that differs when the values do."""
    facets = [f"{name} {value}" for name, value in sorted(values.facets.items())]
    facets += sorted(values.enumeration or ())
    facets += sorted(one for level in values.patterns for one in level)
    told = f"{values.primitive} ({', '.join(facets)})" if facets else values.primitive
    if len(told) <= _LONGEST_TOLD:
        return told
    return f"{told[:40]}… {hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _shown(primitive: str) -> str:
    return primitive if len(primitive) <= 80 else f"{primitive[:80]}…"


def _primitive_effect(old: str, new: str) -> Effect:
    if new in _TEXT or new in _wider_than(old):
        return Effect.WIDENS
    if old in _TEXT or old in _wider_than(new):
        return Effect.NARROWS
    return Effect.CHANGES


def _wider_than(primitive: str) -> set[str]:
    found: set[str] = set()
    waiting = [primitive]
    while waiting:
        one = waiting.pop()
        wider = {_WIDER.get(one, ""), _ALSO_WIDER.get(one, "")} - {""} - found
        found |= wider
        waiting += wider
    return found


def _compare_enumerations(
    old: tuple[str, ...] | None, new: tuple[str, ...] | None
) -> Iterator[Difference]:
    if old is None and new is not None:
        yield Difference(
            "only listed values are allowed now", Effect.NARROWS, ", ".join(map(local_name, new))
        )
    elif old is not None and new is None:
        yield Difference("any value is allowed now, the list is gone", Effect.WIDENS)
    else:
        kept = set(old or ()) & set(new or ())
        for value in dict.fromkeys(new or ()):
            if value not in kept:
                yield Difference("enumeration value added", Effect.WIDENS, local_name(value))
        for value in dict.fromkeys(old or ()):
            if value not in kept:
                yield Difference("enumeration value removed", Effect.NARROWS, local_name(value))


def _compare_patterns(
    old: tuple[frozenset[str], ...], new: tuple[frozenset[str], ...]
) -> Iterator[Difference]:
    if old == new:
        return
    alike = len(old) == len(new) and old[:-1] == new[:-1]
    if not old or (alike and new[-1] < old[-1]):
        effect = Effect.NARROWS
    elif not new or (alike and new[-1] > old[-1]):
        effect = Effect.WIDENS
    else:
        effect = Effect.CHANGES
    yield Difference(f"pattern was {_alternatives(old)}, is now {_alternatives(new)}", effect)


def _alternatives(patterns: tuple[frozenset[str], ...]) -> str:
    return " and ".join("|".join(sorted(level)) for level in patterns) or "absent"


def _compare_facet(name: str, old: str | None, new: str | None) -> Iterator[Difference]:
    if old == new:
        return
    was, now = _number(old), _number(new)
    if was is not None and was == now:
        return
    told = f"{name} was {old or 'absent'}, is now {new or 'absent'}"
    if name == "whiteSpace":
        effect = Effect.CHANGES
    elif old is None or new is None:
        effect = Effect.NARROWS if old is None else Effect.WIDENS
    elif was is None or now is None or name not in (*_UPPER, *_LOWER):
        effect = Effect.CHANGES
    else:
        widens = now > was if name in _UPPER else now < was
        effect = Effect.WIDENS if widens else Effect.NARROWS
    yield Difference(told, effect)


def _number(text: str | None) -> Decimal | None:
    try:
        number = Decimal(text or "")
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
