from pathlib import Path

import pytest

from bridge.sandbox.errors import SandboxError
from bridge.sandbox.schema import load_schema

ACCESS = """
[organization]
[access]
username = "a@b.example"
password = "p"
first_name = "A"
last_name = "B"
client_id = "c"
client_secret = "s"
"""


def test_the_default_schema_holds_the_erp_objects() -> None:
    """Account and the three ERP objects have their external id, unique and case-sensitive."""
    schema = load_schema()
    for name in ("Account", "ERP_Invoice__c", "ERP_Payment__c", "ERP_Credit_Memo__c"):
        key = schema.object(name).field("erp_key__C")
        assert key is not None
        assert key.external_id
        assert key.unique
        assert key.case_sensitive


@pytest.mark.parametrize(
    ("objects", "complaint"),
    [
        ("[objects.X]\n[objects.X.fields]", "key_prefix"),
        ('[objects."x y"]\nkey_prefix="abc"\n[objects."x y".fields]', "plain name"),
        ('[objects.X]\nkey_prefix="abc"\n[objects.X.fields]\nA={type="text"}', "text"),
        ('[objects.X]\nkey_prefix="abc"\n[objects.X.fields]\nA={type="date", size=3}', "size"),
        ('[objects.X]\nkey_prefix="abc"\n[objects.X.fields]\nA={type="reference", to="Y"}', "'Y'"),
        ("objects = 3", "objects"),
        ("[objects", "schema.toml"),
    ],
)
def test_a_wrong_schema_is_refused_in_one_line(
    tmp_path: Path, objects: str, complaint: str
) -> None:
    """The message names what is wrong, where."""
    path = tmp_path / "schema.toml"
    path.write_text(objects + "\n" + ACCESS if "=" in objects[:12] else ACCESS + objects)
    with pytest.raises(SandboxError, match=complaint) as refused:
        load_schema(path)
    assert "\n" not in str(refused.value)


def test_a_missing_schema_file_is_refused(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    with pytest.raises(SandboxError, match=r"nowhere\.toml"):
        load_schema(tmp_path / "nowhere.toml")
