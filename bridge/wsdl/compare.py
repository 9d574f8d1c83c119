"""Two descriptions, compared: services, bindings, operations, elements and types."""

from collections.abc import Iterable, Iterator, Mapping

from bridge.wsdl.changes import Area, Change, Difference, Direction, Effect
from bridge.wsdl.compare_operations import compare_operations
from bridge.wsdl.compare_services import compare_bindings, compare_services
from bridge.wsdl.compare_types import TypeComparison
from bridge.wsdl.model import ComplexType, Description, Element, Type, local_name
from bridge.wsdl.namespaces import moved_namespaces, with_namespaces
from bridge.wsdl.reach import Directions, Reach


def compare(old: Description, new: Description) -> tuple[Change, ...]:
    """Every difference, each with the directions of messages that it concerns.

    A component's directions are those in which messages reach it on both sides: what only a new
    operation sends, no old consumer receives.
    """
    moved = moved_namespaces(old, new)
    changes = [_namespace_moved(was, now) for was, now in moved.items()]
    if moved:
        old = with_namespaces(old, moved)
    types = TypeComparison(old.schema, new.schema)
    reach = Reach(old), Reach(new)
    changes += compare_services(old, new)
    changes += compare_bindings(old, new)
    changes += compare_operations(old, new, types)
    changes += _compare_elements(old, new, types, reach)
    changes += _compare_types(old, new, types, reach)
    return tuple(changes)


def _namespace_moved(was: str, now: str) -> Change:
    difference = Difference(f"is now {now or 'absent'}", Effect.CHANGES)
    return Change(Area.SERVICE, f"namespace {was or '(none)'}", difference, tuple(Direction))


def _compare_elements(
    old: Description, new: Description, types: TypeComparison, reach: tuple[Reach, Reach]
) -> Iterator[Change]:
    """Global elements; one that comes or goes changes messages by standing in for another."""
    before, after = old.schema.elements, new.schema.elements
    told = _wrappers(old, new), _wrappers(new, old)
    for name, element in before.items():
        was = reach[0].of_element(name)
        if name not in after and name in told[0]:
            continue
        if name not in after:
            effect = Effect.NARROWS if element.substitutes else Effect.NONE
            yield _change(Area.ELEMENT, name, Difference("removed", effect), was)
            continue
        directions = was & reach[1].of_element(name)
        for difference in types.elements(element, after[name]):
            yield _change(Area.ELEMENT, name, difference, directions)
        yield from _stands_in(name, element, after[name], reach[0])
    for name, element in after.items():
        if name not in before and name not in told[1]:
            directions = _of_replaced(element, reach[0]) & reach[1].of_element(name)
            effect = Effect.WIDENS if element.substitutes else Effect.NONE
            yield _change(Area.ELEMENT, name, Difference("added", effect), directions)


def _stands_in(name: str, old: Element, new: Element, before: Reach) -> Iterator[Change]:
    """An element that leaves a substitution group, or comes into one."""
    was, now = old.substitutes, new.substitutes
    if was and was != now:
        gone = Difference(f"stands in for {local_name(was)} no longer", Effect.NARROWS)
        yield _change(Area.ELEMENT, name, gone, before.of_element(was))
    if now and was != now:
        come = Difference(f"stands in for {local_name(now)} now", Effect.WIDENS)
        yield _change(Area.ELEMENT, name, come, before.of_element(now))


def _wrappers(these: Description, others: Description) -> set[str]:
    """The elements of messages of operations that only this description has: told with these."""
    kept = {name for one in others.port_types.values() for name in one.operations}
    operations = [
        operation
        for port_type in these.port_types.values()
        for name, operation in port_type.operations.items()
        if name not in kept
    ]
    messages = {one for operation in operations for one in (operation.input, operation.output)}
    return {
        part.element
        for message in messages
        for part in these.messages.get(message or "", ())
        if part.element
    }


def _of_replaced(element: Element, before: Reach) -> Directions:
    return before.of_element(element.substitutes) if element.substitutes else frozenset(Direction)


def _compare_types(
    old: Description, new: Description, types: TypeComparison, reach: tuple[Reach, Reach]
) -> Iterator[Change]:
    """Named types; one that comes or goes changes messages by standing in for its base."""
    before, after = old.schema.types, new.schema.types
    for name, of in before.items():
        was = reach[0].of_type(name)
        if name not in after:
            effect = Effect.NARROWS if _base(of) else Effect.NONE
            yield _change(Area.TYPE, name, Difference("removed", effect), was)
            continue
        directions = was & reach[1].of_type(name)
        for difference in types.types(of, after[name]):
            yield _change(Area.TYPE, name, difference, directions)
    for name, of in after.items():
        if name not in before:
            directions = reach[1].of_type(name) & _where_extended(of, before, reach[0])
            effect = Effect.ADDS_OPTIONAL if directions else Effect.NONE
            yield _change(Area.TYPE, name, Difference("added", effect), directions)


def _where_extended(of: Type, before: Mapping[str, Type], reach: Reach) -> Directions:
    """The directions in which a new type may now come in the place of one that was there."""
    base = _base(of)
    return reach.of_type(base) if base is not None and base in before else frozenset()


def _base(of: Type) -> str | None:
    return of.base if isinstance(of, ComplexType) else None


def _change(
    area: Area, name: str, difference: Difference, directions: Iterable[Direction]
) -> Change:
    kind = "type" if area is Area.TYPE else "element"
    ordered = tuple(one for one in Direction if one in directions)
    return Change(area, f"{kind} {local_name(name)}", difference, ordered)
