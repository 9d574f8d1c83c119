"""The contracts that are served side by side, each at a path of its own.

A new version of ours is a module tree of its own beside v1's and a line here; beside them stands
Salesforce's contract of outbound messages. What callers are, may and cost is the same for all; so
are SOAP, its headers and its faults.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from lxml.etree import _Element

from bridge.operations.notifications import NOTIFICATIONS
from bridge.soap import outbound
from bridge.soap.context import Call
from bridge.soap.dispatch import carry_out
from bridge.soap.settings import ContractLifetime, SoapSettings
from bridge.soap.soap_versions import SOAP_11, SOAP_VERSIONS, SoapVersion
from bridge.soap.subjects import Subject, subject_in
from bridge.soap.wsdl import PATH, write_wsdl


@dataclass(frozen=True, slots=True)
class ContractVersion:
    """One contract, or a version of it: where it is served, and by what.

    `lifetime_in` finds its dates in the settings; `write_wsdl` is given an address, a version of
    SOAP and a notice; `subject_in` the element of a body and the SOAP action; `carry_out` gives the
    answer to that element, or raises whatever went wrong. `only_operation` is known before anything
    is read. Of a contract whose messages hold what is nobody's business, envelopes are not kept,
    whatever a consumer's rights say.
    """

    name: str
    path: str
    lifetime_in: Callable[[SoapSettings], ContractLifetime]
    write_wsdl: Callable[[str, SoapVersion, str], bytes]
    subject_in: Callable[[_Element, str], Subject]
    carry_out: Callable[[_Element, Call], bytes]
    described_for: Sequence[SoapVersion] = SOAP_VERSIONS
    only_operation: str | None = None
    keeps_envelopes: bool = True


CONTRACT_VERSIONS: Mapping[str, ContractVersion] = {
    PATH: ContractVersion("v1", PATH, attrgetter("v1"), write_wsdl, subject_in, carry_out),
}
"""The versions of our own contract by path."""

SERVED: Mapping[str, ContractVersion] = {
    **CONTRACT_VERSIONS,
    outbound.PATH: ContractVersion(
        "outbound",
        outbound.PATH,
        lambda _settings: ContractLifetime(),
        outbound.write_wsdl,
        outbound.subject_in,
        outbound.carry_out,
        described_for=(SOAP_11,),
        only_operation=NOTIFICATIONS,
        keeps_envelopes=False,  # a message holds a session
    ),
}
"""All contracts by path."""
