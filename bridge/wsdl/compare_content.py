"""What changed in how the elements of a type stand together: renamed ones, order, choices."""

from collections import defaultdict
from collections.abc import Iterator

from bridge.wsdl.changes import Difference, Effect
from bridge.wsdl.content import Choice, Content, Member
from bridge.wsdl.model import Compositor, local_name
from bridge.wsdl.pairs import only_in

_NAMES_TOLD = 8


def replaced(old: Content, new: Content, gone: list[str], come: list[str]) -> dict[str, str]:
    """Removed elements, each with the added one that has its name, or its place, type and count."""
    by_name = {local_name(name): name for name in come}
    found = {name: by_name[local_name(name)] for name in gone if local_name(name) in by_name}
    before = _by_neighbour(old, new, only_in(dict.fromkeys(gone), found))
    after = _by_neighbour(new, old, only_in(dict.fromkeys(come), dict.fromkeys(found.values())))
    for neighbour, names in before.items():
        for name, other in zip(names, after.get(neighbour, ()), strict=False):
            if _is_alike(old.members[name], new.members[other]):
                found[name] = other
    return found


def compare_arrangement(old: Content, new: Content) -> Iterator[Difference]:
    """Order, choices, xsd:any; of elements that both sides have."""
    yield from _compositors(old, new)
    yield from _choices(old, new)
    yield from _wildcards(old, new)


def _by_neighbour(content: Content, other: Content, names: list[str]) -> dict[str, list[str]]:
    """The names by the element before them that stands on both sides."""
    wanted, found, last = set(names), dict[str, list[str]](), ""
    for name in content.members:
        if name in wanted:
            found.setdefault(last, []).append(name)
        last = name if name in other.members else last
    return found


def _is_alike(old: Member, new: Member) -> bool:
    return (
        old.element.type is not None
        and old.element.type == new.element.type
        and (old.least, old.most, old.alternative) == (new.least, new.most, new.alternative)
    )


def _compositors(old: Content, new: Content) -> Iterator[Difference]:
    pair = (old.compositor, new.compositor)
    told = f"elements stood as {old.compositor}, now as {new.compositor}"
    if pair == (Compositor.SEQUENCE, Compositor.ALL):
        yield Difference(told, Effect.WIDENS)
    elif pair == (Compositor.ALL, Compositor.SEQUENCE):
        yield Difference(told, Effect.NARROWS)
    elif new.compositor is Compositor.SEQUENCE:
        was = [name for name in old.order if name in new.members]
        now = [name for name in new.order if name in old.members]
        if old.compositor is Compositor.SEQUENCE and was != now:
            yield Difference("order of elements changed", Effect.CHANGES)


def _choices(old: Content, new: Content) -> Iterator[Difference]:
    """What may no longer stand together, and what may now; of what both sides have."""
    was = [_among(one, new) for one in old.choices]
    now = [_among(one, old) for one in new.choices]
    known, later = _by_names(was), _by_names(now)
    for one in filter(_is_one, now):
        if not any(_covers(other, one) for other in known[_first(one)]):
            changes = any(old.members[name].least for name in _names(one))
            effect = Effect.CHANGES if changes else Effect.NARROWS
            yield Difference(f"only one of {_told(one)} may stand now", effect)
    for one in filter(_is_one, was):
        if not any(_covers(other, one) for other in later[_first(one)]):
            changes = any(new.members[name].least for name in _names(one))
            effect = Effect.CHANGES if changes else Effect.WIDENS
            yield Difference(f"{_told(one)} may stand together now", effect)
        for other in later[_first(one)]:
            if set(other.alternatives) == set(one.alternatives) and other.least < one.least:
                yield Difference(f"none of {_told(one)} is required now", Effect.WIDENS)
            elif set(other.alternatives) == set(one.alternatives) and other.least > one.least:
                yield Difference(f"one of {_told(one)} is required now", Effect.NARROWS)


def _by_names(choices: list[Choice]) -> dict[str, list[Choice]]:
    found: dict[str, list[Choice]] = defaultdict(list)
    for choice in choices:
        for name in _names(choice):
            found[name].append(choice)
    return found


def _first(choice: Choice) -> str:
    return _names(choice)[0]


def _among(choice: Choice, other: Content) -> Choice:
    """The choice without what the other side does not have."""
    kept = (
        frozenset(name for name in names if name in other.members) for names in choice.alternatives
    )
    return Choice(tuple(names for names in kept if names), choice.least)


def _is_one(choice: Choice) -> bool:
    return len(choice.alternatives) > 1


def _covers(one: Choice, other: Choice) -> bool:
    """Whether whatever excludes each other in the other choice does so in this one."""
    place = {name: n for n, names in enumerate(one.alternatives) for name in names}
    places = [{place.get(name) for name in names} for names in other.alternatives]
    told = [number for numbers in places for number in numbers]
    return None not in told and len(told) == len(set(told))


def _names(choice: Choice) -> list[str]:
    return [name for names in choice.alternatives for name in sorted(names)]


def _told(choice: Choice) -> str:
    names = sorted(map(local_name, _names(choice)))
    more = len(names) - _NAMES_TOLD
    return ", ".join(names[:_NAMES_TOLD]) + (f" and {more} more" if more > 0 else "")


def _wildcards(old: Content, new: Content) -> Iterator[Difference]:
    for one in new.wildcards:
        if one not in old.wildcards:
            yield Difference("further elements may stand (xsd:any)", Effect.ADDS_OPTIONAL)
    for one in old.wildcards:
        if one not in new.wildcards:
            yield Difference("further elements may no longer stand (xsd:any)", Effect.NARROWS)
