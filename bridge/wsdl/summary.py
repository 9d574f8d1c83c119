"""A description on a page: services, and operations with their signatures."""

from collections.abc import Iterator

from bridge.wording import counted
from bridge.wsdl.content import Contents, Member
from bridge.wsdl.model import (
    ComplexType,
    Description,
    Element,
    Operation,
    Part,
    TypeUse,
    local_name,
)


def summarise(description: Description) -> str:
    """Services, ports and addresses, then the operations of each port type."""
    lines = [f"{description.source}: {description.namespace}"]
    for service in description.services.values():
        lines += ["", f"service {local_name(service.name)}", *_about(service.documentation, "  ")]
        for port in service.ports.values():
            binding = description.bindings.get(port.binding)
            soap = f"SOAP {binding.soap}" if binding and binding.soap else "no SOAP"
            lines.append(f"  port {port.name} ({soap}): {port.address}")
    signatures = _Signatures(description)
    for port_type in description.port_types.values():
        operations = counted(len(port_type.operations), "operation")
        lines += ["", f"port type {local_name(port_type.name)}: {operations}"]
        for operation in port_type.operations.values():
            lines += [f"  {signatures.of(operation)}", *_about(operation.documentation, "      ")]
    return "\n".join(lines)


def _about(documentation: str, indent: str) -> Iterator[str]:
    if documentation:
        yield indent + documentation


class _Signatures:
    def __init__(self, description: Description) -> None:
        self._description = description
        self._schema = description.schema
        self._contents = Contents(description.schema)

    def of(self, operation: Operation) -> str:
        """`Receipt SubmitInvoices(MessageId messageId, Invoice[] invoice) throws BridgeFault`."""
        answers = self._members(operation.output)
        taken = ", ".join(f"{of} {name}" for of, name in self._members(operation.input))
        result = ", ".join(of for of, _ in answers) or "void"
        result = f"({result})" if len(answers) > 1 else result
        throws = f" throws {', '.join(operation.faults)}" if operation.faults else ""
        return f"{result} {operation.name}({taken}){throws}"

    def _members(self, message: str | None) -> list[tuple[str, str]]:
        """Type and name of what a message holds: the wrapper's elements, or the parts."""
        found: list[tuple[str, str]] = []
        for part in self._description.messages.get(message or "", ()):
            found += self._of_part(part)
        return found

    def _of_part(self, part: Part) -> Iterator[tuple[str, str]]:
        element = self._schema.elements.get(part.element or "")
        of = self._wrapper(element)
        if of is not None:
            for member in self._contents.whole(of).members.values():
                yield _shown(member), local_name(member.element.name)
        else:
            use = element.type if element else part.type or part.element
            yield _name(use), local_name(part.element or part.name)

    def _wrapper(self, element: Element | None) -> ComplexType | None:
        use = element.type if element else None
        of = self._schema.types.get(use) if isinstance(use, str) else use
        return of if isinstance(of, ComplexType) else None


def _shown(member: Member) -> str:
    name = _name(member.element.type) if member.element.type else local_name(member.element.name)
    many = "[]" if member.most is None or member.most > 1 else ""
    optional = "?" if member.least == 0 and not many else ""
    return f"{name}{many}{optional}"


def _name(use: TypeUse | None) -> str:
    return local_name(use) if isinstance(use, str) else "anonymous"
