"""Spyne as it comes, with validation by libxml2: reading requests, and a service of its own."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bridge.soap import contract
from bridge.soap.elements import NAMESPACE, repeated, required

# isort: split
from spyne import Application, MethodContext, ServerBase, Service, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication


def stock_reader(service: Any) -> Callable[[bytes], list[Any]]:
    """Reads requests of a service, up to the objects that Spyne calls it with."""
    server = ServerBase(_application(service))

    def read(request: bytes) -> list[Any]:
        ctx = MethodContext(server, MethodContext.SERVER)
        ctx.in_string = [request]
        (ctx,) = server.generate_contexts(ctx)
        server.get_in_object(ctx)
        assert ctx.in_error is None, ctx.in_error
        return list(ctx.in_object)

    return read


class EchoService(Service):  # type: ignore[misc]
    """Two of the bridge's operations without what they do: the invoices come back as they came."""

    @rpc(_returns=required(contract.HEALTH, ""), _operation_name="Ping")
    def ping(self) -> Any:
        """Says that all is well."""
        return contract.HEALTH(
            Version="0", Time=datetime.now(UTC), Database="OK", Salesforce="not asked yet"
        )

    @rpc(
        required(contract.MESSAGE_ID, ""),
        repeated(contract.INVOICE, ""),
        _args=["MessageId", "Invoice"],
        _operation_name="SubmitInvoices",
        _returns=repeated(contract.INVOICE, ""),
    )
    def submit_invoices(self, message_id: str, invoices: Sequence[Any]) -> Sequence[Any]:
        """Gives the invoices back."""
        return invoices


def create_echo() -> Any:
    """What a server worker loads."""
    return WsgiApplication(_application(EchoService))


def _application(service: Any) -> Application:
    return Application(
        [service],
        NAMESPACE,
        name=service.__name__,
        in_protocol=Soap11(validator="lxml"),
        out_protocol=Soap11(),
    )
