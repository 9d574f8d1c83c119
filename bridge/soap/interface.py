"""Contract v1 as Spyne describes it: the source of the WSDL and of the schema."""

from functools import cache

from spyne import Application
from spyne.protocol.soap import Soap11

from bridge.soap.elements import NAMESPACE
from bridge.soap.services import BridgeService

SERVICE_NAME = "ErpBridge"
HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"


@cache
def described_application() -> Application:
    """The services in a Spyne application that only describes; calls go through `dispatch`."""
    application = Application(
        [BridgeService], NAMESPACE, name=SERVICE_NAME, in_protocol=Soap11(), out_protocol=Soap11()
    )
    application.transport = HTTP_TRANSPORT
    return application
