"""Bad news of the sandbox: what stops it from starting, SOAP faults, and errors of single rows."""

from dataclasses import dataclass

# Faults that extend ApiQueryFault and so carry a row and a column (partner WSDL).
QUERY_FAULTS = frozenset({"InvalidSObjectFault", "InvalidFieldFault", "MalformedQueryFault"})

_FAULT_TYPES = {
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_LOGIN": "LoginFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_ID": "InvalidIdFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
}


class SandboxError(Exception):
    """The sandbox cannot start or go on. Its text is one line that says what to do."""


class ApiFault(Exception):
    """A call that Salesforce refuses as a whole; becomes a SOAP fault with a typed detail.

    ``row`` and ``column`` point into a SOQL text, counted from 1; -1 where there is none.
    """

    def __init__(self, code: str, message: str, *, row: int = -1, column: int = -1) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.row = row
        self.column = column

    @property
    def fault_type(self) -> str:
        return _FAULT_TYPES.get(self.code, "UnexpectedErrorFault")


class HttpRefusal(Exception):
    """A call that a machine in front of the org answers, with an HTTP status and no envelope."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class ClientFault(Exception):
    """A request that is not a call of the Partner API at all; becomes ``soapenv:Client``."""


@dataclass(frozen=True)
class RowError:
    """Why one row of a create, update, upsert, delete, undelete or merge was not saved."""

    status_code: str
    message: str
    fields: tuple[str, ...] = ()
    kind: str = ""  # the WSDL's type, where it is a special one
    detail: str = ""  # the elements which that type adds


class RefusedValueError(Exception):
    """A value that its field does not take."""

    def __init__(self, status_code: str, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message


def unknown_type(name: str) -> ApiFault:
    return ApiFault(
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be "
        "sure to append the '__c' after the entity name. Please reference your WSDL or the "
        "describe call for the appropriate names.",
    )
