"""From the element of a body to the bytes of its answer: checked, read, carried out, written.

Spyne describes the services, and could carry them out too; but the context that it makes for each
call takes longer than reading and answering a small one.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from lxml.etree import QName, _Element

from bridge.soap.codec import operation_codecs
from bridge.soap.context import Call
from bridge.soap.envelope import write_envelope
from bridge.soap.schema import validate
from bridge.soap.services import BridgeService
from bridge.soap.wsdl import contract_schema_source


def carry_out(body: _Element, call: Call) -> bytes:
    """The answer to the element of a body, which names an operation of contract v1.

    Raises ContractViolated, and whatever goes wrong in the operation.
    """
    validate(body)
    operation = QName(body).localname
    codec = operation_codecs()[operation]
    answer = _functions()[operation](call, *codec.request.read(body))
    return write_envelope(codec.answer.write(answer), call.soap)


def prepare() -> None:
    """Makes what all calls share; else the first ones, in as many threads, would each make it."""
    contract_schema_source()
    operation_codecs()
    _functions()


@cache
def _functions() -> Mapping[str, Callable[..., Any]]:
    """What carries each operation out."""
    methods = BridgeService.public_methods.values()
    return MappingProxyType({method.operation_name: method.function for method in methods})
