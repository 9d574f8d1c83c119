"""From the element of a body to the bytes of its answer, through Spyne's services."""

from functools import cache

from lxml.etree import _Element
from spyne import Application, MethodContext, ServerBase

from bridge.soap.context import Call
from bridge.soap.elements import NAMESPACE
from bridge.soap.interface import HTTP_TRANSPORT, SERVICE_NAME
from bridge.soap.protocol import CompiledSoap
from bridge.soap.services import BridgeService


class Dispatcher(ServerBase):  # type: ignore[misc]
    """Spyne's server without a transport: whoever has an operation's element calls `answer`."""

    transport = HTTP_TRANSPORT

    def answer(self, body: _Element, call: Call) -> bytes:
        """The answer to the element of a body. Raises whatever went wrong."""
        ctx = MethodContext(self, MethodContext.SERVER)
        ctx.in_document, ctx.udc = body, call
        (ctx,) = self.generate_contexts(ctx)
        self.get_in_object(ctx)
        self.get_out_object(ctx)
        self.get_out_string(ctx)
        return b"".join(ctx.out_string)

    def get_out_object(self, ctx: MethodContext) -> None:
        """Calls the service method; unlike Spyne's own, leaves its errors to the caller."""
        ctx.out_object = [self.app.call_wrapper(ctx)]


@cache
def dispatcher() -> Dispatcher:
    """The dispatcher of contract v1; it knows no settings and serves all threads."""
    return Dispatcher(
        Application(
            [BridgeService],
            NAMESPACE,
            name=SERVICE_NAME,
            in_protocol=CompiledSoap(),
            out_protocol=CompiledSoap(),
        )
    )
