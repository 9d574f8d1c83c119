"""Contract v1 as Spyne describes it: the source of the WSDL and of the schema."""

from functools import cache

from spyne import Application
from spyne.protocol.soap import Soap11, Soap12

from bridge.soap.elements import NAMESPACE
from bridge.soap.services import BridgeService
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion

SERVICE_NAME = "ErpBridge"
HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"


_PROTOCOLS = {SOAP_11: Soap11, SOAP_12: Soap12}


@cache
def described_application(soap: SoapVersion = SOAP_11) -> Application:
    """The services in a Spyne application that only describes; calls go through `dispatch`."""
    protocol = _PROTOCOLS[soap]
    application = Application(
        [BridgeService],
        NAMESPACE,
        name=SERVICE_NAME,
        in_protocol=protocol(),
        out_protocol=protocol(),
    )
    application.transport = HTTP_TRANSPORT
    return application
