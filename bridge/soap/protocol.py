"""SOAP 1.1 for Spyne by our own codec: Spyne finds the service method, the rest is ours.

Errors are left to fly: `bridge.soap.dispatch` makes faults of them.
"""

import structlog
from spyne import MethodContext
from spyne.protocol.soap import Soap11

from bridge import BridgeError
from bridge.soap.codec import operation_codecs
from bridge.soap.elements import NAMESPACE
from bridge.soap.envelope import read_envelope, require_understood, write_envelope
from bridge.soap.schema import validate
from bridge.soap.wsdl import action_of


class UnknownOperation(BridgeError):
    """The body's element is no operation of the contract."""


class ActionMismatch(BridgeError):
    """The SOAPAction header names another operation than the body."""


class CompiledSoap11(Soap11):  # type: ignore[misc]
    """Spyne's SOAP 1.1 with its reading, checking and writing replaced by compiled plans."""

    def create_in_document(self, ctx: MethodContext, charset: str | None = None) -> None:
        """Parses the bytes of the request, which are UTF-8."""
        ctx.in_document = read_envelope(b"".join(ctx.in_string), ctx.udc.limits)

    def decompose_incoming_envelope(
        self, ctx: MethodContext, message: str = Soap11.REQUEST
    ) -> None:
        """Finds the operation and checks its element, whole, against the schema."""
        require_understood(ctx.in_document.headers)
        body = ctx.in_document.body
        operation = body.tag.removeprefix(f"{{{NAMESPACE}}}")
        if operation not in operation_codecs():
            raise UnknownOperation(f"there is no operation {body.tag[:200]}: see the WSDL")
        structlog.contextvars.bind_contextvars(operation=operation)
        _check_action(ctx.udc.soap_action, operation)
        validate(body)
        ctx.in_body_doc, ctx.method_request_string = body, body.tag

    def deserialize(self, ctx: MethodContext, message: str) -> None:
        """Reads the arguments."""
        codec = operation_codecs()[ctx.descriptor.operation_name]
        ctx.in_object = codec.request.read(ctx.in_body_doc)

    def serialize(self, ctx: MethodContext, message: str) -> None:
        """Writes the answer."""
        codec = operation_codecs()[ctx.descriptor.operation_name]
        ctx.out_document = write_envelope(codec.answer.write(*ctx.out_object))

    def create_out_string(self, ctx: MethodContext, charset: str | None = None) -> None:
        """Hands the bytes over."""
        ctx.out_string = [ctx.out_document]


def _check_action(action: str | None, operation: str) -> None:
    """A header that names another operation may have passed a firewall that this one may not.

    An absent or empty header, and a bare operation name, are what simple callers send.
    """
    named = (action or "").strip().strip('"')
    if named not in ("", operation, action_of(operation)):
        raise ActionMismatch(f"SOAPAction says {named[:100]!r} and the body {operation}")
