from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.sandbox import SandboxError, SandboxServer, Setup
from bridge.sandbox.schema import DEFAULT_SCHEMA, load_schema
from tests.sandbox.partner import NS, Partner, sobjects

RULES = """
[[objects.Account.duplicate_rules]]
name = "Same place"
fields = ["Name", "BillingCity"]

[[objects.Account.duplicate_rules]]
name = "Same tax number"
fields = ["Tax_Number__c"]
action = "block"
"""
ALLOWED = (
    "<p:DuplicateRuleHeader><p:allowSave>true</p:allowSave>"
    "<p:includeRecordDetails>true</p:includeRecordDetails></p:DuplicateRuleHeader>"
)


@pytest.fixture
def partner(tmp_path: Path, jwt_key: bytes) -> Iterator[Partner]:
    (tmp_path / "org.db.jwt-key.pem").write_bytes(jwt_key)
    schema = tmp_path / "schema.toml"
    schema.write_text(DEFAULT_SCHEMA.read_text() + RULES)
    with SandboxServer(tmp_path / "org.db", setup=Setup(schema=schema)) as server:
        client = Partner(server)
        client.create("Account", {"Name": "A", "BillingCity": "Ulm", "Tax_Number__c": "T1"})
        yield client
        client.http.close()


def test_a_duplicate_is_refused(partner: Partner) -> None:
    """All fields of a rule have to agree, without regard to case."""
    same, other, unknown = partner.create(
        "Account",
        {"Name": "a", "BillingCity": "ULM"},
        {"Name": "A", "BillingCity": "Bonn"},
        {"Name": "A"},
    )
    assert same.codes == ("DUPLICATES_DETECTED",)
    assert other.success
    assert unknown.success


def test_an_alert_may_be_overruled(partner: Partner) -> None:
    """allowSave saves what a rule alerts to, and not what it blocks."""
    rows = ({"Name": "A", "BillingCity": "Ulm"}, {"Name": "B", "Tax_Number__c": "T1"})
    alerted, blocked = partner.create("Account", *rows, headers=ALLOWED)
    assert alerted.success
    assert blocked.codes == ("DUPLICATES_DETECTED",)


def test_the_error_shows_what_was_found(partner: Partner) -> None:
    """A DuplicateError: the rule, whether it may be overruled, the records."""
    body = sobjects("Account", [{"Name": "B", "Tax_Number__c": "T1"}])
    (found,) = partner.call("create", body, ALLOWED)
    (error,) = found.findall("p:errors", NS)
    assert error.get(f"{{{NS['xsi']}}}type") == "DuplicateError"
    result = error.find("p:duplicateResult", NS)
    assert result is not None
    assert result.findtext("p:allowSave", None, NS) == "false"
    assert result.findtext("p:duplicateRule", None, NS) == "Same tax number"
    (record,) = result.findall("p:matchResults/p:matchRecords/p:record", NS)
    assert record.findtext("sf:Tax_Number__c", None, NS) == "T1"
    (found,) = partner.call("create", body)
    assert found.find(".//sf:Tax_Number__c", NS) is None
    assert found.find(".//p:record/sf:Id", NS) is not None


def test_an_update_is_a_duplicate_where_it_touches_the_rule(partner: Partner) -> None:
    """What the row does not send is taken from the record; itself is no duplicate."""
    (made,) = partner.create("Account", {"Name": "B", "BillingCity": "Ulm"})
    (renamed,) = partner.update("Account", {"Id": str(made.id), "Name": "A"})
    assert renamed.codes == ("DUPLICATES_DETECTED",)
    (called,) = partner.update("Account", {"Id": str(made.id), "Phone": "1", "Name": "B"})
    assert called.success


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ('[[objects.Account.duplicate_rules]]\nname = "x"\nfields = ["Nope"]', "fields"),
        ('[[objects.Account.duplicate_rules]]\nfields = ["Name"]', "name"),
        (
            '[[objects.Account.duplicate_rules]]\nname = "x"\nfields = ["Name"]\naction = "warn"',
            "warn",
        ),
        ("[objects.Account.duplicate_rules]", "tables"),
        ('[objects.Account.duplicate_rule]\nname = "x"', "duplicate_rule"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told(tmp_path: Path, rule: str, problem: str) -> None:
    """The message names the place."""
    schema = tmp_path / "schema.toml"
    schema.write_text(f"{DEFAULT_SCHEMA.read_text()}\n{rule}\n")
    with pytest.raises(SandboxError, match=rf"Account.*{problem}"):
        load_schema(schema)
