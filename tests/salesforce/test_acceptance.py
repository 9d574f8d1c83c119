"""What an org would refuse of a row, told before it is sent: the sandbox agrees with each word."""

import pytest

from bridge.salesforce import SalesforceClient, SObject, refusals
from bridge.salesforce.pages import FieldValue

INVOICE = "ERP_Invoice__c"


def codes(
    client: SalesforceClient, sobject: str, *, creates: bool = False, **fields: FieldValue
) -> list[str]:
    described = client.describe([sobject])[sobject]
    found = refusals(SObject(sobject, None, fields), described, creates=creates)
    return [f"{error.code} {','.join(error.fields)}" for error in found]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Number__c": "x" * 61}, "STRING_TOO_LONG Number__c"),
        ({"Status__c": "GONE"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST Status__c"),
        ({"Gross_Amount__c": "123456789012345"}, "NUMBER_OUTSIDE_VALID_RANGE Gross_Amount__c"),
        ({"Nummer__c": "1"}, "INVALID_FIELD Nummer__c"),
        ({"SystemModstamp": "2026-01-01"}, "INVALID_FIELD_FOR_INSERT_UPDATE SystemModstamp"),
        ({"Owner__r": SObject("Account", None, {})}, "INVALID_FIELD Owner__r"),
    ],
)
def test_what_is_refused(
    sandbox_client: SalesforceClient, fields: dict[str, FieldValue], code: str
) -> None:
    """The code is the org's own, and so is the field that it names."""
    assert codes(sandbox_client, INVOICE, **fields) == [code]


@pytest.mark.parametrize(
    "fields",
    [
        {"Number__c": "x" * 60},
        {"Number__c": None},
        {"Status__c": "PARTIALLY_PAID"},
        {"Gross_Amount__c": "12345678901234.1234"},
        {"Gross_Amount__c": "-0.0001"},
        {"Gross_Amount__c": "no number"},  # the org says it better
        {"Account__r": SObject("Account", None, {"ERP_Key__c": "C1"})},
        {"Account__c": None},
    ],
)
def test_what_is_not(sandbox_client: SalesforceClient, fields: dict[str, FieldValue]) -> None:
    """Whatever may be accepted is for the org to judge."""
    assert codes(sandbox_client, INVOICE, **fields) == []


def test_a_picklist_that_is_not_restricted_takes_any_value(
    sandbox_client: SalesforceClient,
) -> None:
    """Its values are proposals."""
    assert codes(sandbox_client, "Account", Type="Something else") == []


def test_what_a_new_record_lacks(sandbox_client: SalesforceClient) -> None:
    """Required fields count when a record is created, and when one is emptied."""
    missing = "REQUIRED_FIELD_MISSING Name"
    assert codes(sandbox_client, "Account", ERP_Key__c="C1") == []
    assert codes(sandbox_client, "Account", ERP_Key__c="C1", creates=True) == [missing]
    assert codes(sandbox_client, "Account", Name=None) == [missing]
    assert codes(sandbox_client, INVOICE, ERP_Key__c="1000/I1", creates=True) == []


def test_the_sandbox_refuses_the_same(sandbox_client: SalesforceClient) -> None:
    """Sent all the same, the row comes back with the code that was foretold."""
    rows = [
        SObject("Account", None, {"ERP_Key__c": f"A{number}", "Name": "A", **fields})
        for number, fields in enumerate(
            (
                {"BillingCity": "x" * 41},
                {"ERP_Status__c": "GONE"},
                {"Credit_Limit__c": "12345678901234567"},
                {"Name": None},
                {"Phone": "1"},
            )
        )
    ]
    described = sandbox_client.describe(["Account"])["Account"]
    foretold = [[e.code for e in refusals(row, described, creates=True)] for row in rows]
    told = sandbox_client.upsert("Account", "ERP_Key__c", rows)
    assert [[error.code for error in result.errors] for result in told] == foretold
    assert [result.success for result in told] == [False] * 4 + [True]
    sandbox_client.delete([str(result.id) for result in told if result.id])
