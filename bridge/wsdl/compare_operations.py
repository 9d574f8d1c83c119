"""What changed in operations: which there are, their messages, their faults."""

from collections.abc import Iterator

from bridge.wsdl.changes import Area, Change, Difference, Direction, Effect
from bridge.wsdl.compare_types import TypeComparison, compare_words
from bridge.wsdl.model import Description, Operation, Part, PortType, local_name
from bridge.wsdl.pairs import pairs, unpaired

_BOTH = tuple(Direction)
_REQUEST, _RESPONSE = (Direction.REQUEST,), (Direction.RESPONSE,)
_Told = tuple[Difference, tuple[Direction, ...]]


def compare_operations(
    old: Description, new: Description, types: TypeComparison
) -> Iterator[Change]:
    """Port types and their operations."""
    gone, come = unpaired(old.port_types, new.port_types)
    for name in gone:
        for operation in old.port_types[name].operations:
            yield _change(operation, Difference("removed", Effect.REMOVES), _REQUEST)
    for name in come:
        for operation in new.port_types[name].operations:
            yield _change(operation, Difference("added", Effect.NONE), _REQUEST)
    for was, port_type, now, other in pairs(old.port_types, new.port_types):
        if was != now:
            told = Difference(f"renamed to {local_name(now)}", Effect.NONE)
            yield Change(Area.OPERATION, f"port type {local_name(was)}", told, ())
        yield from _Operations(old, new, types).of(port_type, other)


def _change(operation: str, difference: Difference, directions: tuple[Direction, ...]) -> Change:
    return Change(Area.OPERATION, f"operation {operation}", difference, directions)


class _Operations:
    def __init__(self, old: Description, new: Description, types: TypeComparison) -> None:
        self._old, self._new, self._types = old, new, types

    def of(self, old: PortType, new: PortType) -> Iterator[Change]:
        for name, operation in old.operations.items():
            other = new.operations.get(name)
            if other is None:
                yield _change(name, Difference("removed", Effect.REMOVES), _REQUEST)
                continue
            is_rpc = _is_rpc(self._old, old.name, name)
            for difference, directions in self._operation(operation, other, is_rpc=is_rpc):
                yield _change(name, difference, directions)
        for name in new.operations:
            if name not in old.operations:
                yield _change(name, Difference("added", Effect.NONE), _REQUEST)

    def _operation(self, old: Operation, new: Operation, *, is_rpc: bool) -> Iterator[_Told]:
        for difference in compare_words(old.documentation, new.documentation):
            yield difference, ()
        if _exchange(old) != _exchange(new):
            told = f"was {_exchange(old)}, is now {_exchange(new)}"
            yield Difference(told, Effect.CHANGES), _BOTH
        for was, now, directions in (
            (old.input, new.input, _REQUEST),
            (old.output, new.output, _RESPONSE),
        ):
            if was is not None and now is not None:
                for difference in self._messages(was, now, is_rpc=is_rpc):
                    yield difference, directions
        for difference in self._faults(old, new):
            yield difference, _RESPONSE

    def _messages(self, was: str, now: str, *, is_rpc: bool) -> Iterator[Difference]:
        """Parts by name; in document style a name is only what generated code calls it."""
        old = {part.name: part for part in self._old.messages.get(was, ())}
        new = {part.name: part for part in self._new.messages.get(now, ())}
        gone, come = unpaired(old, new)
        yield from (Difference("part removed", Effect.REMOVES, name) for name in gone)
        yield from (Difference("part added", Effect.ADDS_REQUIRED, name) for name in come)
        for name, part, other_name, other in pairs(old, new):
            if name != other_name:
                effect = Effect.CHANGES if is_rpc else Effect.NONE
                yield Difference(f"part {name} renamed to {other_name}", effect)
            for difference in self._parts(part, other):
                yield difference.below(f"part {name}") if is_rpc else difference
        if is_rpc and [name for name in old if name in new] != [
            name for name in new if name in old
        ]:
            yield Difference("order of parts changed", Effect.CHANGES)

    def _parts(self, old: Part, new: Part) -> Iterator[Difference]:
        if old.element != new.element:
            told = f"element was {_told(old.element)}, is now {_told(new.element)}"
            yield Difference(told, Effect.CHANGES)
        elif old.type is not None and new.type is not None:
            yield from self._types.uses(old.type, new.type)

    def _faults(self, old: Operation, new: Operation) -> Iterator[Difference]:
        """A fault that a consumer does not know still is a fault to it."""
        for name in new.faults:
            if name not in old.faults:
                yield Difference("fault added", Effect.ADDS_OPTIONAL, name)
        for name, message in old.faults.items():
            if name not in new.faults:
                yield Difference("fault removed", Effect.NONE, name)
            else:
                for one in self._messages(message, new.faults[name], is_rpc=False):
                    yield one.below(f"fault {name}")


def _is_rpc(description: Description, port_type: str, operation: str) -> bool:
    return any(
        binding.operations[operation].style == "rpc"
        for binding in description.bindings.values()
        if binding.port_type == port_type and operation in binding.operations
    )


def _exchange(operation: Operation) -> str:
    if operation.output is None:
        return "one-way"
    if operation.input is None:
        return "a notification"
    return "request and response" if operation.input_first else "solicit and response"


def _told(name: str | None) -> str:
    return local_name(name) if name else "absent"
