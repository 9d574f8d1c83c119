"""The requests of a description that samples are written for, each with where it goes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.wsdl.export.samples import Samples
from bridge.wsdl.model import Binding, BoundOperation, Description, local_name

_MESSAGE_ID = re.compile(r"(<(?:[\w.-]+:)?MessageId>)[^<]*(</)")


@dataclass(frozen=True)
class SampleRequest:
    """A request: `minimal` and `full` are envelopes in UTF-8."""

    binding: Binding
    operation: BoundOperation
    address: str
    documentation: str
    one_way: bool
    minimal: bytes
    full: bytes


def sample_requests(description: Description) -> Iterator[SampleRequest]:
    """A request for each operation of each SOAP binding, in the order of the WSDL."""
    minimal, full = (Samples(description, full=is_full) for is_full in (False, True))
    for binding in description.bindings.values():
        port_type = description.port_types.get(binding.port_type)
        for name, operation in binding.operations.items() if binding.soap else ():
            offered = port_type.operations.get(name) if port_type else None
            yield SampleRequest(
                binding=binding,
                operation=operation,
                address=address_of(description, binding),
                documentation=offered.documentation if offered else "",
                one_way=offered is not None and offered.output is None,
                minimal=minimal.request(binding, operation),
                full=full.request(binding, operation),
            )


def with_new_message_ids(envelope: bytes, expression: str) -> str:
    """The envelope for a tool that sends it often: a repeated MessageId means a repeated call."""
    return _MESSAGE_ID.sub(lambda found: found[1] + expression + found[2], envelope.decode())


def address_of(description: Description, binding: Binding) -> str:
    """Where a binding is spoken; empty where no port says."""
    for service in description.services.values():
        for port in service.ports.values():
            if port.binding == binding.name:
                return port.address
    return ""


def service_name(description: Description) -> str:
    """What to call a service to people: the first one's name."""
    return next(map(local_name, description.services), "") or "service"
