"""Everything that speaks to Salesforce: sessions, calls, pages, mappings, windows.

The only home of zeep, so that the rest of the bridge sees records, results and one error type that
says what to do about it. zeep binds and sends; lxml reads what comes back.

May import: bridge, bridge.domain, and pydantic, structlog, requests, lxml, zeep, jwt. Nothing else
of the bridge.
"""

from bridge.salesforce.acceptance import refusals
from bridge.salesforce.batches import BatchRefused, send_in_parts
from bridge.salesforce.binding import BadWsdl
from bridge.salesforce.budget import Calls, OverBudget
from bridge.salesforce.checking import OrgReport, check_org
from bridge.salesforce.client import RETRIEVE_LIMIT, SalesforceClient
from bridge.salesforce.descriptions import FieldDescription, Schema, SObjectDescription
from bridge.salesforce.faults import LoginRefused, Remedy, SalesforceError
from bridge.salesforce.fitness import Misfit, find_misfits, sobjects_of
from bridge.salesforce.full import read_everything
from bridge.salesforce.gate import CircuitOpen
from bridge.salesforce.mapping import Mapping
from bridge.salesforce.mapping_files import BadMapping, load_mappings
from bridge.salesforce.pages import FieldValue, Page, SObject
from bridge.salesforce.results import ChangedIds, RowError, RowResult, UserInfo
from bridge.salesforce.settings import Auth, SalesforceSettings
from bridge.salesforce.surroundings import Surroundings
from bridge.salesforce.values import UnwritableValue
from bridge.salesforce.windows import read_by_id, read_window
from bridge.salesforce.wire import ApiLimit

__all__ = [
    "RETRIEVE_LIMIT",
    "ApiLimit",
    "Auth",
    "BadMapping",
    "BadWsdl",
    "BatchRefused",
    "Calls",
    "ChangedIds",
    "CircuitOpen",
    "FieldDescription",
    "FieldValue",
    "LoginRefused",
    "Mapping",
    "Misfit",
    "OrgReport",
    "OverBudget",
    "Page",
    "Remedy",
    "RowError",
    "RowResult",
    "SObject",
    "SObjectDescription",
    "SalesforceClient",
    "SalesforceError",
    "SalesforceSettings",
    "Schema",
    "Surroundings",
    "UnwritableValue",
    "UserInfo",
    "check_org",
    "find_misfits",
    "load_mappings",
    "read_by_id",
    "read_everything",
    "read_window",
    "refusals",
    "send_in_parts",
    "sobjects_of",
]
