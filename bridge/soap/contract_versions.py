"""The versions of the contract that are served side by side, each at a path of its own.

A new version is a module tree of its own beside v1's and a line here. What callers are, may and
cost is the same for all; so are SOAP, its headers and its faults.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from lxml.etree import _Element

from bridge.soap.dispatch import Dispatcher, dispatcher
from bridge.soap.settings import ContractLifetime, SoapSettings
from bridge.soap.soap_versions import SoapVersion
from bridge.soap.subjects import Subject, subject_in
from bridge.soap.wsdl import PATH, write_wsdl


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """One version of the contract: where it is served, and by what.

    `lifetime_in` finds its dates in the settings; `write_wsdl` is given an address, a version of
    SOAP and a notice; `subject_in` the element of a body and the SOAP action.
    """

    name: str
    path: str
    lifetime_in: Callable[[SoapSettings], ContractLifetime]
    write_wsdl: Callable[[str, SoapVersion, str], bytes]
    subject_in: Callable[[_Element, str], Subject]
    dispatcher: Callable[[], Dispatcher]


CONTRACT_VERSIONS: Mapping[str, ContractVersion] = {
    PATH: ContractVersion("v1", PATH, attrgetter("v1"), write_wsdl, subject_in, dispatcher),
}
"""The versions by path."""
