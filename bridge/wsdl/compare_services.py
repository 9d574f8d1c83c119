"""What changed in where and how operations are called: services, ports, bindings."""

from collections.abc import Iterable, Iterator, Mapping

from bridge.wsdl.bodies import parts_of
from bridge.wsdl.changes import Area, Change, Difference, Direction, Effect
from bridge.wsdl.compare_types import compare_words
from bridge.wsdl.model import (
    Binding,
    BoundMessage,
    BoundOperation,
    Description,
    Header,
    Part,
    Service,
    local_name,
)
from bridge.wsdl.pairs import pairs, unpaired

_BOTH = tuple(Direction)
_REQUEST, _RESPONSE = (Direction.REQUEST,), (Direction.RESPONSE,)
_DIRECTIONS = {"input": _REQUEST, "output": _RESPONSE}
_Told = tuple[Difference, tuple[Direction, ...]]


def compare_services(old: Description, new: Description) -> Iterator[Change]:
    """Services and their ports. An address is told, and breaks nothing: consumers configure it."""
    yield from _whole(Area.SERVICE, "service", old.services, new.services)
    bindings = {was: now for was, _, now, _ in pairs(old.bindings, new.bindings)}
    for was, service, now, other in pairs(old.services, new.services):
        subject = f"service {local_name(was)}"
        for difference in compare_words(service.documentation, other.documentation):
            yield Change(Area.SERVICE, subject, difference, ())
        for difference in (*_renamed(was, now), *_ports(service, other, bindings)):
            yield Change(Area.SERVICE, subject, difference, _REQUEST)


def compare_bindings(old: Description, new: Description) -> Iterator[Change]:
    """Protocol, style, actions, headers."""
    yield from _whole(Area.BINDING, "binding", old.bindings, new.bindings)
    for was, binding, now, other in pairs(old.bindings, new.bindings):
        subject = f"binding {local_name(was)}"
        for difference in _renamed(was, now):
            yield Change(Area.BINDING, subject, difference, ())
        for difference, directions in _binding(old, binding, new, other):
            yield Change(Area.BINDING, subject, difference, directions)


def _whole(
    area: Area, kind: str, old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[Change]:
    gone, come = unpaired(old, new)
    for name in gone:
        removed = Difference(f"{kind} removed", Effect.REMOVES)
        yield Change(area, f"{kind} {local_name(name)}", removed, _REQUEST)
    for name in come:
        yield Change(area, f"{kind} {local_name(name)}", Difference("added", Effect.NONE), ())


def _renamed(was: str, now: str) -> Iterator[Difference]:
    if was != now:
        yield Difference(f"renamed to {local_name(now)}", Effect.NONE)


def _ports(old: Service, new: Service, bindings: Mapping[str, str]) -> Iterator[Difference]:
    """Ports by name; a binding that was only renamed still is the same."""
    gone, come = unpaired(old.ports, new.ports)
    yield from (Difference("port removed", Effect.REMOVES, name) for name in gone)
    yield from (Difference("port added", Effect.NONE, name) for name in come)
    for was, port, now, other in pairs(old.ports, new.ports):
        yield from (one.below(f"port {was}") for one in _renamed(was, now))
        if port.address != other.address:
            told = f"address was {port.address or 'absent'}, is now {other.address or 'absent'}"
            yield Difference(told, Effect.NONE, path=f"port {was}")
        if bindings.get(port.binding, port.binding) != other.binding:
            told = f"binding was {local_name(port.binding)}, is now {local_name(other.binding)}"
            yield Difference(told, Effect.CHANGES, path=f"port {was}")


def _binding(old: Description, was: Binding, new: Description, now: Binding) -> Iterator[_Told]:
    if was.soap != now.soap:
        told = f"SOAP was {was.soap or 'absent'}, is now {now.soap or 'absent'}"
        yield Difference(told, Effect.CHANGES), _BOTH
    if was.transport != now.transport:
        told = f"transport was {was.transport or 'absent'}, is now {now.transport or 'absent'}"
        yield Difference(told, Effect.CHANGES), _BOTH
    for name, operation in was.operations.items():
        other = now.operations.get(name)
        if other is None:
            if _offers(new, now, name):
                yield Difference("operation is bound no longer", Effect.REMOVES, name), _REQUEST
            continue
        for difference, directions in _operation(old, operation, new, other):
            yield difference.below(name), directions
        for way, directions in _DIRECTIONS.items():
            held = (parts_of(old, was, name, way), parts_of(new, now, name, way))
            for difference in _bodies(*held):
                yield difference.below(name), directions


def _offers(description: Description, binding: Binding, operation: str) -> bool:
    """An operation that is gone altogether is told as such."""
    port_type = description.port_types.get(binding.port_type)
    return port_type is not None and operation in port_type.operations


def _operation(
    old: Description, was: BoundOperation, new: Description, now: BoundOperation
) -> Iterator[_Told]:
    if was.action != now.action:
        told = f'soapAction was "{was.action}", is now "{now.action}"'
        yield Difference(told, Effect.CHANGES), _REQUEST
    if was.style != now.style:
        yield Difference(f"style was {was.style}, is now {now.style}", Effect.CHANGES), _BOTH
    for way, directions in _DIRECTIONS.items():
        before, after = getattr(was, way), getattr(now, way)
        if isinstance(before, BoundMessage) and isinstance(after, BoundMessage):
            for difference in _message(before, after):
                yield difference, directions
            for difference in _headers(
                _header_names(old, before.headers), _header_names(new, after.headers)
            ):
                yield difference, directions


def _message(old: BoundMessage, new: BoundMessage) -> Iterator[Difference]:
    if old.use != new.use:
        yield Difference(f"use was {old.use}, is now {new.use}", Effect.CHANGES)
    if old.namespace != new.namespace:
        told = f"namespace was {old.namespace or 'absent'}, is now {new.namespace or 'absent'}"
        yield Difference(told, Effect.CHANGES)


def _bodies(old: Mapping[Part, bool], new: Mapping[Part, bool]) -> Iterator[Difference]:
    """A part that both messages have, and that moved into the body or out of it."""
    held = {part.name: is_held for part, is_held in old.items()}
    for part, is_held in new.items():
        if held.get(part.name, is_held) != is_held:
            told = "part is in the body now" if is_held else "part is in the body no longer"
            yield Difference(told, Effect.CHANGES, part.name)


def _headers(old: list[str], new: list[str]) -> Iterator[Difference]:
    for name in new:
        if name not in old:
            yield Difference("header added", Effect.ADDS_OPTIONAL, local_name(name))
    for name in old:
        if name not in new:
            yield Difference("header removed", Effect.REMOVES, local_name(name))


def _header_names(description: Description, headers: Iterable[Header]) -> list[str]:
    """The elements of headers: what travels."""
    return [
        part.element or part.type or part.name
        for header in headers
        for part in description.messages.get(header.message, ())
        if part.name == header.part
    ]
