"""What is said of an org that does not have what the mappings name."""

from collections.abc import Mapping as AnyMapping
from dataclasses import replace

import pytest

from bridge.domain.records import RecordType
from bridge.salesforce import (
    FieldDescription,
    Mapping,
    Misfit,
    SalesforceClient,
    SObjectDescription,
    find_misfits,
)
from bridge.salesforce.fitness import sobjects_of

Schema = AnyMapping[str, SObjectDescription]


@pytest.fixture(scope="module")
def schema(
    sandbox_client: SalesforceClient, mappings: dict[RecordType, Mapping]
) -> dict[str, SObjectDescription]:
    """What the sandbox says of all that the mappings name."""
    return sandbox_client.describe(sobjects_of(list(mappings.values())))


def altered(schema: Schema, sobject: str, field: str, **changes: object) -> Schema:
    """The schema with one field that is otherwise."""
    one = schema[sobject]
    fields = one.fields | {field: replace(one.fields[field], **changes)}
    return {**schema, sobject: replace(one, fields=fields)}


def without(schema: Schema, sobject: str, field: str) -> Schema:
    one = schema[sobject]
    fields = {name: known for name, known in one.fields.items() if name != field}
    return {**schema, sobject: replace(one, fields=fields)}


def test_the_products_mappings_fit_the_sandbox(
    schema: Schema, mappings: dict[RecordType, Mapping]
) -> None:
    """Nothing is missing, nothing too short, nothing read-only."""
    assert sobjects_of(list(mappings.values())) == [
        "Account",
        "ERP_Invoice__c",
        "ERP_Payment__c",
        "ERP_Credit_Memo__c",
    ]
    for mapping in mappings.values():
        assert find_misfits(mapping, schema) == []


@pytest.mark.parametrize(
    ("sobject", "field", "changes", "problem", "grave"),
    [
        ("ERP_Invoice__c", "ERP_Key__c", {"unique": False}, "is not unique", True),
        ("ERP_Invoice__c", "ERP_Key__c", {"external_id": False}, "is not an External ID", True),
        (
            "ERP_Invoice__c",
            "ERP_Key__c",
            {"unique": False, "case_sensitive": False},
            "is not unique, not case-sensitive",
            True,
        ),
        ("ERP_Invoice__c", "ERP_Key__c", {"type": "double"}, "is of type double", True),
        (
            "ERP_Invoice__c",
            "ERP_Key__c",
            {"length": 30},
            "holds 30 characters, 81 may come",
            False,
        ),
        ("ERP_Invoice__c", "Issued_On__c", {"type": "datetime"}, "is of type datetime", True),
        ("ERP_Invoice__c", "Gross_Amount__c", {"type": "string"}, "is of type string", True),
        (
            "ERP_Invoice__c",
            "Net_Amount__c",
            {"scale": 2},
            "keeps 2 decimals, 4 may come",
            False,
        ),
        (
            "ERP_Invoice__c",
            "Status__c",
            {"choices": ("OPEN", "PAID", "VOID")},
            "does not offer PARTIALLY_PAID, DISPUTED",
            False,
        ),
        (
            "ERP_Invoice__c",
            "Number__c",
            {"length": 20},
            "holds 20 characters, 60 may come",
            False,
        ),
        (
            "ERP_Invoice__c",
            "Currency_Code__c",
            {"length": 2},
            "holds 2 characters, 3 may come",
            False,
        ),
        (
            "ERP_Invoice__c",
            "Due_On__c",
            {"updateable": False},
            "cannot be written by this user",
            False,
        ),
        (
            "ERP_Invoice__c",
            "Account__c",
            {"references": ("Account", "Contact")},
            "points to Account or Contact",
            True,
        ),
        ("Account", "ERP_Key__c", {"external_id": False}, "is not an External ID", True),
    ],
)
def test_says_what_is_wrong_with_a_field(
    schema: Schema,
    mappings: dict[RecordType, Mapping],
    sobject: str,
    field: str,
    changes: dict[str, object],
    problem: str,
    grave: bool,
) -> None:
    """One finding that names the line, the field and the problem."""
    wrong = altered(schema, sobject, field, **changes)
    (found,) = find_misfits(mappings[RecordType.INVOICE], wrong)
    assert (found.problem, found.grave) == (problem, grave)
    assert found.place.startswith("invoice.toml, line ")
    assert found.remedy


@pytest.mark.parametrize(
    ("sobject", "field", "place", "name"),
    [
        ("ERP_Invoice__c", "Issued_On__c", "invoice.toml, line 13", "ERP_Invoice__c.Issued_On__c"),
        ("ERP_Invoice__c", "ERP_Key__c", "invoice.toml, line 4", "ERP_Invoice__c.ERP_Key__c"),
        ("ERP_Invoice__c", "Account__c", "invoice.toml, line 12", "ERP_Invoice__c.Account__r"),
        ("Account", "ERP_Key__c", "invoice.toml, line 12", "Account.ERP_Key__c"),
    ],
)
def test_names_the_line_of_a_field_that_is_missing(
    schema: Schema,
    mappings: dict[RecordType, Mapping],
    sobject: str,
    field: str,
    place: str,
    name: str,
) -> None:
    """Its own, its parent's, or the key: with the file and the line."""
    (found,) = find_misfits(mappings[RecordType.INVOICE], without(schema, sobject, field))
    assert (found.place, found.name, found.grave) == (place, name, True)
    assert found.problem == "does not exist, or is hidden from this user"


def test_offers_the_nearest_name(schema: Schema, mappings: dict[RecordType, Mapping]) -> None:
    """A slip of the pen is told as such."""
    account = schema["Account"]
    renamed = replace(account.fields["Tax_Number__c"], name="TaxNumber__c")
    fields = {name: known for name, known in account.fields.items() if name != "Tax_Number__c"}
    wrong = {"Account": replace(account, fields=fields | {"TaxNumber__c": renamed})}
    (found,) = find_misfits(mappings[RecordType.CUSTOMER], wrong)
    assert found.remedy.startswith("did you mean TaxNumber__c? ")


def test_an_object_that_is_missing_is_one_finding(
    schema: Schema, mappings: dict[RecordType, Mapping]
) -> None:
    """Not one for each of its fields."""
    few = {name: one for name, one in schema.items() if name != "ERP_Invoice__c"}
    (found,) = find_misfits(mappings[RecordType.INVOICE], few)
    assert (found.name, found.place) == ("ERP_Invoice__c", "invoice.toml, line 3")


def test_an_object_that_may_only_be_read(
    schema: Schema, mappings: dict[RecordType, Mapping]
) -> None:
    """Reading works without the right to write; without the right to read nothing does."""
    account = schema["Account"]
    mapping = mappings[RecordType.CUSTOMER]
    (found,) = find_misfits(mapping, {"Account": replace(account, createable=False)})
    assert not found.grave
    (found,) = find_misfits(mapping, {"Account": replace(account, queryable=False)})
    assert found.grave


def test_a_required_field_that_no_line_fills(
    schema: Schema, mappings: dict[RecordType, Mapping]
) -> None:
    """Records could not be created: unless the field has a default."""
    account, mapping = schema["Account"], mappings[RecordType.CUSTOMER]
    region = FieldDescription(name="Region__c", type="string", length=9, nillable=False)

    def found(field: FieldDescription) -> list[Misfit]:
        fields = account.fields | {"Region__c": field}
        return find_misfits(mapping, {"Account": replace(account, fields=fields)})

    (one,) = found(region)
    assert (one.name, one.grave) == ("Account.Region__c", False)
    assert found(replace(region, defaulted=True)) == []
    assert found(replace(region, createable=False)) == []
