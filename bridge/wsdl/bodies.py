"""Which parts of a message its soap:body holds."""

from bridge.wsdl.model import Binding, Description, Part


def body_parts(description: Description, binding: Binding, name: str, way: str) -> list[Part]:
    """Those that the binding names, or all that are no headers.

    `name` is that of the operation among those of the binding, `way` is "input" or "output".
    """
    return [part for part, is_held in parts_of(description, binding, name, way).items() if is_held]


def parts_of(description: Description, binding: Binding, name: str, way: str) -> dict[Part, bool]:
    """All parts of the message, each with whether the body holds it."""
    port_type = description.port_types.get(binding.port_type)
    operation = port_type.operations.get(name) if port_type else None
    bound = binding.operations[name]
    if way == "input":
        message, bound_message = operation and operation.input, bound.input
    else:
        message, bound_message = operation and operation.output, bound.output
    parts = description.messages.get(message or "", ())
    if bound_message is None:
        return dict.fromkeys(parts, True)
    if bound_message.parts is not None:
        return {part: part.name in bound_message.parts for part in parts}
    headers = {one.part for one in bound_message.headers if one.message == message}
    return {part: part.name not in headers for part in parts}
