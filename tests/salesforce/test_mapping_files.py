"""Mapping files, and what is said about a wrong one."""

from pathlib import Path

import pytest

from bridge.domain.records import RECORD_CLASSES, Kind, RecordType, fields_of
from bridge.salesforce import BadMapping, Mapping, load_mappings

INVOICE = """
record_type = "INVOICE"
sobject = "ERP_Invoice__c"
external_id_field = "ERP_Key__c"

[parents]
Account__r = "Account"

[fields]
number = "Number__c"
customer_number = "Account__r.ERP_Key__c"
"""


def load(folder: Path, text: str) -> dict[RecordType, Mapping]:
    (folder / "invoice.toml").write_text(text)
    return load_mappings(folder)


def test_the_product_maps_every_field_of_every_record(
    mappings: dict[RecordType, Mapping],
) -> None:
    """The mappings that come with the product cover all but repeated groups."""
    assert list(mappings) == list(RecordType)
    for record_type, mapping in mappings.items():
        catalogue = fields_of(RECORD_CLASSES[record_type])
        mappable = {name for name, field in catalogue.items() if field.kind is not Kind.ITEMS}
        assert {field.name for field in mapping.fields} == mappable


def test_reads_a_mapping(tmp_path: Path) -> None:
    """A file becomes a mapping that knows where each of its lines stands."""
    mapping = load(tmp_path, INVOICE)[RecordType.INVOICE]
    assert mapping.sobject == "ERP_Invoice__c"
    assert [(field.name, field.path, field.place) for field in mapping.fields] == [
        ("number", ("Number__c",), "invoice.toml, line 10"),
        ("customer_number", ("Account__r", "ERP_Key__c"), "invoice.toml, line 11"),
    ]


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        (
            'net_amout = "Net_Amount__c"',
            'number = "Number__c"',
            "line 10: a INVOICE has no field 'net_amout'; did you mean 'net_amount'?",
        ),
        ('lines = "Lines__c"', 'number = "Number__c"', "line 10: lines repeats"),
        ('number = "Number c"', 'number = "Number__c"', "line 10: 'Number c' is no name"),
        ('number = "N FROM User"', 'number = "Number__c"', "line 10: 'N FROM User' is no name"),
        (
            'customer_number = "Acount__r.ERP_Key__c"',
            'customer_number = "Account__r.ERP_Key__c"',
            "line 11: 'Acount__r.ERP_Key__c' must be a field, or RELATIONSHIP.FIELD with the "
            "relationship listed in [parents]; did you mean 'Account__r'?",
        ),
        (
            'customer_number = "Number__c"',
            'customer_number = "Account__r.ERP_Key__c"',
            "line 11: customer_number and number both map to Number__c",
        ),
        ('record_type = "BILL"', 'record_type = "INVOICE"', "line 2: record_type: Input should"),
        (
            'sobjekt = "X"\nsobject = "X"',
            'sobject = "ERP_Invoice__c"',
            "line 3: sobjekt: Extra inputs are not permitted; did you mean 'sobject'?",
        ),
        ("", 'sobject = "ERP_Invoice__c"', "invoice.toml: sobject: Field required"),
        ("number = ", 'number = "Number__c"', "Invalid value"),
        ("number = 7", 'number = "Number__c"', "line 10: fields.number: Input should be a valid"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, wrong: str, right: str, message: str) -> None:
    """A wrong mapping is one line: file, line, and the nearest name that exists."""
    with pytest.raises(BadMapping) as caught:
        load(tmp_path, INVOICE.replace(right, wrong))
    assert str(caught.value).startswith("invoice.toml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_two_mappings_of_one_record_type(tmp_path: Path) -> None:
    """Which of two would hold, nobody could tell."""
    (tmp_path / "other.toml").write_text(INVOICE)
    with pytest.raises(BadMapping, match=r"other\.toml and invoice\.toml both map INVOICE"):
        load(tmp_path, INVOICE)


def test_refuses_a_folder_without_mappings(tmp_path: Path) -> None:
    """A wrong folder is told, not taken for an empty one."""
    with pytest.raises(BadMapping, match="no mapping file"):
        load_mappings(tmp_path)
    with pytest.raises(BadMapping, match="no folder"):
        load_mappings(tmp_path / "absent")
