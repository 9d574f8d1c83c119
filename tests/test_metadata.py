"""What the org needs: the metadata covers the mappings, and the sandbox is such an org."""

import json
from pathlib import Path

import pytest
from lxml import etree

from bridge.domain.records import RecordType
from bridge.salesforce import Mapping, load_mappings
from bridge.sandbox.schema import Field, FieldType, load_schema
from bridge.settings import find_config

SOURCE = Path(__file__).parents[1] / "config/salesforce"
OBJECTS = SOURCE / "force-app/main/default/objects"
SETS = SOURCE / "force-app/main/default/permissionsets"
NS = {"m": "http://soap.sforce.com/2006/04/metadata"}
TYPES = {
    FieldType.STRING: "Text",
    FieldType.DOUBLE: "Number",
    FieldType.CURRENCY: "Currency",
    FieldType.DATE: "Date",
    FieldType.EMAIL: "Email",
    FieldType.PICKLIST: "Picklist",
    FieldType.REFERENCE: "Lookup",
}
STANDARD = {  # fields of Account that come with every org, and how permissions name them
    "Phone": "Account.Phone",
    "Website": "Account.Website",
    **dict.fromkeys(
        ("BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry"),
        "Account.BillingAddress",
    ),
}
ALWAYS_VISIBLE = {"Name"}


def mappings() -> list[Mapping]:
    found = load_mappings(find_config(None, "mapping"))
    assert list(found) == list(RecordType)
    return list(found.values())


def mapped_names(mapping: Mapping) -> set[str]:
    """The object's own fields that a mapping uses; a parent counts as the field that holds it."""
    paths = [(mapping.external_id_field,), *(field.path for field in mapping.fields)]
    return {path[0].replace("__r", "__c") for path in paths}


def custom_fields() -> dict[tuple[str, str], etree._Element]:
    """All fields of the metadata: (object, field) -> its element."""
    files = OBJECTS.glob("*/fields/*.field-meta.xml")
    return {
        (file.parents[1].name, file.name.removesuffix(".field-meta.xml")): etree.parse(
            file
        ).getroot()
        for file in files
    }


def text(element: etree._Element, path: str) -> str:
    return element.findtext(path, "", NS)


@pytest.mark.parametrize("mapping", mappings(), ids=lambda one: str(one.record_type))
def test_every_mapped_field_comes_with_the_product(mapping: Mapping) -> None:
    """As metadata where it is custom; the object too."""
    there = {name for sobject, name in custom_fields() if sobject == mapping.sobject}
    assert mapped_names(mapping) - STANDARD.keys() - ALWAYS_VISIBLE == there
    if mapping.sobject.endswith("__c"):
        file = OBJECTS / mapping.sobject / f"{mapping.sobject}.object-meta.xml"
        assert text(etree.parse(file).getroot(), "m:nameField/m:type") == "AutoNumber"


@pytest.mark.parametrize(("name", "editable"), [("ERP_Bridge", "true"), ("ERP_Documents", "false")])
def test_the_permission_sets_cover_every_field(name: str, editable: str) -> None:
    """The bridge may write each of them, people may look; nobody gets to delete."""
    permissions = etree.parse(SETS / f"{name}.permissionset-meta.xml").getroot()
    fields = {
        text(one, "m:field"): (text(one, "m:readable"), text(one, "m:editable"))
        for one in permissions.iterfind("m:fieldPermissions", NS)
    }
    needed = {f"{sobject}.{field}" for sobject, field in custom_fields()}
    if editable == "true":
        needed |= set(STANDARD.values())
    assert fields == dict.fromkeys(needed, ("true", editable))
    objects = {
        text(one, "m:object"): one for one in permissions.iterfind("m:objectPermissions", NS)
    }
    assert set(objects) == {mapping.sobject for mapping in mappings()}
    for one in objects.values():
        assert text(one, "m:allowRead") == "true"
        assert text(one, "m:allowEdit") == text(one, "m:allowCreate") == editable
        assert text(one, "m:viewAllRecords") == editable
        assert text(one, "m:allowDelete") == text(one, "m:modifyAllRecords") == "false"


def test_the_sandbox_is_an_org_with_this_metadata() -> None:
    """Each field has the same type, size, key properties, choices and parent there."""
    schema = load_schema()
    for (sobject, name), element in custom_fields().items():
        field = schema.object(sobject).field(name)
        assert field is not None, (sobject, name)
        assert described(field) == stated(element), (sobject, name)


def described(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "type": TYPES[field.type],
        "label": field.label,
        "length": field.length if field.type is FieldType.STRING else 0,
        "precision": field.precision,
        "scale": field.scale,
        "key": (field.unique, field.external_id, field.case_sensitive),
        "choices": field.values,
        "parent": (field.to, field.children.removesuffix("__r")),
    }


def stated(element: etree._Element) -> dict[str, object]:
    values = element.iterfind("m:valueSet/m:valueSetDefinition/m:value/m:fullName", NS)
    flags = ("unique", "externalId", "caseSensitive")
    return {
        "name": text(element, "m:fullName"),
        "type": text(element, "m:type"),
        "label": text(element, "m:label"),
        "length": int(text(element, "m:length") or 0),
        "precision": int(text(element, "m:precision") or 0),
        "scale": int(text(element, "m:scale") or 0),
        "key": tuple(text(element, f"m:{flag}") == "true" for flag in flags),
        "choices": tuple(str(value.text) for value in values),
        "parent": (text(element, "m:referenceTo"), text(element, "m:relationshipName")),
    }


def test_the_project_names_its_folder() -> None:
    """`sf` finds the source by sfdx-project.json."""
    project = json.loads((SOURCE / "sfdx-project.json").read_text(encoding="utf-8"))
    (folder,) = project["packageDirectories"]
    assert (SOURCE / folder["path"]).is_dir()
