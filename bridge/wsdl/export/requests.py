"""The requests of a description that samples are written for, each with where it goes."""

import re
from collections import Counter
from dataclasses import dataclass

from bridge.wsdl.export.samples import Samples
from bridge.wsdl.export.unique import UniqueNames
from bridge.wsdl.model import Binding, BoundOperation, Description, local_name

_MESSAGE_ID = re.compile(r"(<(?:[\w.-]+:)?MessageId>)[^<]*(</)")


@dataclass(frozen=True)
class SampleRequest:
    """A request: `minimal` and `full` are envelopes in UTF-8.

    `label` names it among all requests of its description, in characters that files may have.
    """

    label: str
    binding: Binding
    operation: BoundOperation
    address: str
    documentation: str
    one_way: bool
    minimal: bytes
    full: bytes


def sample_requests(description: Description) -> list[SampleRequest]:
    """A request for each operation of each SOAP binding, in the order of the WSDL."""
    minimal, full = (Samples(description, full=is_full) for is_full in (False, True))
    found = []
    for (binding, name), label in _labels(description).items():
        bound = description.bindings[binding]
        port_type = description.port_types.get(bound.port_type)
        offered = port_type.operations.get(name) if port_type else None
        found.append(
            SampleRequest(
                label=label,
                binding=bound,
                operation=bound.operations[name],
                address=address_of(description, bound),
                documentation=offered.documentation if offered else "",
                one_way=offered is not None and offered.output is None,
                minimal=minimal.request(bound, name),
                full=full.request(bound, name),
            )
        )
    return found


def _labels(description: Description) -> dict[tuple[str, str], str]:
    """What to call each operation of each SOAP binding: with the binding where it takes that."""
    bindings = [one for one in description.bindings.values() if one.soap]
    operations = [(one, name) for one in bindings for name in one.operations]
    count = Counter((name.lower(), one.soap) for one, name in operations)
    unique = UniqueNames()
    labels: dict[tuple[str, str], str] = {}
    for binding, name in operations:
        is_alone = count[name.lower(), binding.soap] == 1
        parts = [name] if is_alone else [local_name(binding.name), name]
        parts += ["soap12"] if binding.soap == "1.2" else []
        labels[binding.name, name] = unique.take("-".join(map(_plain, parts)))
    return labels


def _plain(name: str) -> str:
    """Names come from documents of others: only what is plain stands in a path."""
    return "".join(one if one.isalnum() or one in "-_" else "_" for one in name)[:100].rstrip("_")


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
