"""The operations' messages: from the element of a body to arguments, from an answer to XML.

Both directions of both messages: the service reads requests and writes answers, a consumer
(`bridge.soap.calls`) writes requests and reads answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from types import MappingProxyType, SimpleNamespace
from typing import Any

from lxml.etree import _Element

from bridge.soap.decoding import Decode, decoder
from bridge.soap.elements import NAMESPACE, Model, attribute_name
from bridge.soap.encoding import encoder
from bridge.soap.services import BridgeService


@dataclass(frozen=True, slots=True)
class MessageCodec:
    """One message: an element and the values of its members, in the contract's order.

    Members that are optional and stand last may be left out where it is written.
    """

    name: str
    read: Callable[[_Element], list[Any]]
    write: Callable[..., str]


@dataclass(frozen=True, slots=True)
class OperationCodec:
    """The messages of one operation."""

    name: str
    request: MessageCodec
    answer: MessageCodec


def operation_codecs() -> Mapping[str, OperationCodec]:
    """The codec of every operation, by name; compiled once."""
    return _compiled()


@cache
def _compiled() -> Mapping[str, OperationCodec]:
    return MappingProxyType(
        {
            method.operation_name: OperationCodec(
                method.operation_name,
                request=_message_codec(method.in_message),
                answer=_message_codec(method.out_message),
            )
            for method in BridgeService.public_methods.values()
        }
    )


def _message_codec(message: Model) -> MessageCodec:
    name = message.get_type_name()
    attributes = [attribute_name(element, of) for element, of in message._type_info.items()]
    return MessageCodec(name, _reader(message, attributes), _writer(name, message, attributes))


def _reader(message: Model, attributes: list[str]) -> Decode:
    def in_order(**values: Any) -> list[Any]:
        return [values.get(attribute) for attribute in attributes]

    return decoder(message, build=in_order)


def _writer(name: str, message: Model, attributes: list[str]) -> Callable[..., str]:
    encode = encoder(message)
    members = reversed(message._type_info.values())
    spare = len(list(takewhile(lambda member: not member.Attributes.min_occurs, members)))

    def write(*values: Any) -> str:
        absent = (None,) * min(spare, len(attributes) - len(values))
        given = dict(zip(attributes, (*values, *absent), strict=True))
        return f'<{name} xmlns="{NAMESPACE}">{encode(SimpleNamespace(**given))}</{name}>'

    return write
