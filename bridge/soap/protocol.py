"""SOAP for Spyne by our own codec: Spyne finds the service method, the rest is ours.

Errors are left to fly: `bridge.soap.answering` makes faults of them.
"""

from lxml.etree import QName, _Element
from spyne import MethodContext
from spyne.protocol.soap import Soap11

from bridge import BridgeError
from bridge.soap.codec import operation_codecs
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import write_envelope
from bridge.soap.schema import validate
from bridge.soap.wsdl import action_of


class UnknownOperation(BridgeError):
    """The body's element is no operation of the contract."""


class ActionMismatch(BridgeError):
    """The SOAP action names another operation than the body."""


def operation_in(body: _Element, action: str) -> str:
    """The operation that a body's element and the action name; the action may be empty.

    Raises UnknownOperation, ActionMismatch.
    """
    operation = QName(body).localname
    if QName(body).namespace != NAMESPACE or operation not in operation_codecs():
        raise UnknownOperation(f"there is no operation {body.tag[:200]}: see the WSDL")
    # An action that names another operation may have passed a firewall that this one may not. None,
    # and a bare name, are what simple callers send.
    if action not in ("", operation, action_of(operation)):
        raise ActionMismatch(f"the action is {action[:100]!r} and the body {operation}")
    return operation


class CompiledSoap(Soap11):  # type: ignore[misc]
    """Spyne's SOAP with its reading, checking and writing replaced by compiled plans."""

    def create_in_document(self, ctx: MethodContext, charset: str | None = None) -> None:
        """Leaves the element of the body, which is there already, as it is."""

    def decompose_incoming_envelope(
        self, ctx: MethodContext, message: str = Soap11.REQUEST
    ) -> None:
        """Checks the element of the body, whole, against the schema."""
        validate(ctx.in_document)
        ctx.in_body_doc, ctx.method_request_string = ctx.in_document, ctx.in_document.tag

    def deserialize(self, ctx: MethodContext, message: str) -> None:
        """Reads the arguments."""
        codec = operation_codecs()[ctx.descriptor.operation_name]
        ctx.in_object = codec.request.read(ctx.in_body_doc)

    def serialize(self, ctx: MethodContext, message: str) -> None:
        """Writes the answer."""
        codec = operation_codecs()[ctx.descriptor.operation_name]
        ctx.out_document = write_envelope(codec.answer.write(*ctx.out_object), ctx.udc.soap)

    def create_out_string(self, ctx: MethodContext, charset: str | None = None) -> None:
        """Hands the bytes over."""
        ctx.out_string = [ctx.out_document]
