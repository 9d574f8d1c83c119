"""What the composition root asks the SOAP front for."""

from typing import TYPE_CHECKING

from bridge.soap.body import NO_ROOM
from bridge.soap.context import SoapContext
from bridge.soap.contract_versions import CONTRACT_VERSIONS
from bridge.soap.dispatch import prepare
from bridge.soap.http import SoapEndpoint

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

__all__ = ["CONTRACT_VERSIONS", "NO_ROOM", "SoapContext", "build_soap_application"]


def build_soap_application(context: SoapContext) -> "WSGIApplication":
    """The SOAP services as a WSGI application, for paths below `/soap/` and `/salesforce/`."""
    prepare()
    return SoapEndpoint(context)
