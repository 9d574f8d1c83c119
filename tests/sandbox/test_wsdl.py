"""An org built from an Enterprise WSDL, over HTTP."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bridge.sandbox import SandboxError, SandboxServer, Setup
from bridge.sandbox.schema import load_schema, with_objects_of
from tests.sandbox.partner import NS, Fault, Partner

AUDIT = {
    "CreatedDate": "xsd:dateTime",
    "IsDeleted": "xsd:boolean",
    "LastModifiedDate": "xsd:dateTime",
    "Owner": "ens:User",
    "OwnerId": "tns:ID",
    "SystemModstamp": "xsd:dateTime",
}
OBJECTS = {
    "Account": {
        **AUDIT,
        "BillingAddress": "tns:address",
        "Contacts": "tns:QueryResult",
        "ERP_Key__c": "xsd:string",
        "MasterRecord": "ens:Account",
        "MasterRecordId": "tns:ID",
        "Name": "xsd:string",
        "NumberOfEmployees": "xsd:int",
        "Phone": "xsd:double",  # of another kind than the schema file has it
        "Tier__c": "xsd:string",
        "Site__c": "tns:ID",
        "Site__r": "ens:Site__c",
        "UserRecordAccess": "ens:UserRecordAccess",
    },
    "Site__c": {
        **{name: kind for name, kind in AUDIT.items() if not name.startswith("Owner")},
        "Name": "xsd:string",
        "Opened_On__c": "xsd:date",
        "Area__c": "xsd:double",
        "Active__c": "xsd:boolean",
    },
    "Task": {**AUDIT, "Subject": "xsd:string", "What": "ens:Name", "WhatId": "tns:ID"},
    "User": {
        "Id": "tns:ID",
        "Username": "xsd:string",
        "LastName": "xsd:string",
        "Name": "xsd:string",
    },
}


def enterprise_wsdl(objects: Mapping[str, Mapping[str, str]]) -> str:
    """A WSDL of the form in which an org hands it out, as far as the sandbox reads it."""
    kinds = "".join(_complex_type(name, members) for name, members in objects.items())
    return (
        '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:tns="urn:enterprise.soap.sforce.com"'
        ' xmlns:ens="urn:sobject.enterprise.soap.sforce.com"><types>'
        '<schema xmlns="http://www.w3.org/2001/XMLSchema"'
        ' targetNamespace="urn:sobject.enterprise.soap.sforce.com">'
        '<complexType name="sObject"><sequence><element name="Id" type="tns:ID"/></sequence>'
        f"</complexType>{kinds}</schema></types></definitions>"
    )


def _complex_type(name: str, members: Mapping[str, str]) -> str:
    elements = "".join(
        f'<element name="{member}" nillable="true" minOccurs="0" type="{kind}"/>'
        for member, kind in members.items()
    )
    return (
        f'<complexType name="{name}"><complexContent><extension base="ens:sObject"><sequence>'
        f"{elements}</sequence></extension></complexContent></complexType>"
    )


@pytest.fixture
def wsdl(tmp_path: Path) -> Path:
    path = tmp_path / "enterprise.wsdl"
    path.write_text(enterprise_wsdl(OBJECTS))
    return path


@pytest.fixture
def partner(tmp_path: Path, jwt_key: bytes, wsdl: Path) -> Iterator[Partner]:
    (tmp_path / "org.db.jwt-key.pem").write_bytes(jwt_key)
    with SandboxServer(tmp_path / "org.db", setup=Setup(wsdl=wsdl)) as server:
        client = Partner(server)
        yield client
        client.http.close()


def described(partner: Partner, name: str) -> dict[str, dict[str, str]]:
    """Each field's facts, by their names."""
    (found,) = partner.call("describeSObject", f"<p:sObjectType>{name}</p:sObjectType>")
    return {
        field.findtext("p:name", "", NS): {str(e.tag).split("}")[1]: e.text or "" for e in field}
        for field in found.findall("p:fields", NS)
    }


def test_the_org_has_the_objects_of_the_wsdl(partner: Partner) -> None:
    """And those alone, beside the org itself and its user."""
    (found,) = partner.call("describeGlobal")
    names = {each.text for each in found.findall("p:sobjects/p:name", NS)}
    assert names == {"Organization", *OBJECTS}
    with pytest.raises(Fault, match="INVALID_TYPE"):
        partner.query("SELECT Id FROM ERP_Invoice__c")


def test_fields_are_those_of_the_wsdl(partner: Partner) -> None:
    """Relationships, children and compounds are no fields; the Id always is one."""
    account = described(partner, "Account")
    assert set(account) == {"Id", *OBJECTS["Account"]} - {
        "BillingAddress",
        "Contacts",
        "MasterRecord",
        "Owner",
        "Site__r",
        "UserRecordAccess",
    }
    assert "OwnerId" not in described(partner, "Site__c")
    with pytest.raises(Fault, match="INVALID_FIELD"):
        partner.query("SELECT OwnerId FROM Site__c")
    with pytest.raises(Fault, match="INVALID_FIELD"):
        partner.query("SELECT BillingCity FROM Account")


def test_types_are_those_of_the_wsdl(partner: Partner) -> None:
    """The schema file's facts count where it agrees on the kind."""
    account, site = described(partner, "Account"), described(partner, "Site__c")
    assert (account["ERP_Key__c"]["externalId"], account["ERP_Key__c"]["length"]) == ("true", "80")
    assert account["Phone"]["type"] == "double"
    assert account["Site__c"]["referenceTo"] == "Site__c"
    assert [site[name]["type"] for name in ("Name", "Opened_On__c", "Area__c", "Active__c")] == [
        "string",
        "date",
        "double",
        "boolean",
    ]


def test_records_live_as_in_any_org(partner: Partner) -> None:
    """Written, related, merged and found by external id."""
    (site,) = partner.create("Site__c", {"Name": "Ulm", "Area__c": "12.345678"})
    winner, loser = partner.create("Account", {"Name": "W", "ERP_Key__c": "C1"}, {"Name": "L"})
    partner.upsert("Account", {"ERP_Key__c": "C1", "Site__c": str(site.id)})
    row, _ = partner.rows("SELECT Site__r.Name, Site__r.Area__c FROM Account ORDER BY Id")
    assert (row["Site__r.Name"], row["Site__r.Area__c"]) == ("Ulm", "12.345678")
    partner.call(
        "merge",
        f"<p:request><p:masterRecord><sf:type>Account</sf:type><sf:Id>{winner.id}</sf:Id>"
        f"</p:masterRecord><p:recordToMergeIds>{loser.id}</p:recordToMergeIds></p:request>",
    )
    rows = partner.rows("SELECT MasterRecordId FROM Account ORDER BY Id", operation="queryAll")
    assert [row["MasterRecordId"] for row in rows] == [None, winner.id]


def test_a_reference_to_anything_takes_any_record(partner: Partner) -> None:
    """Of whatever object, as long as it is there."""
    (account,) = partner.create("Account", {"Name": "A"})
    good, unknown, none = partner.create(
        "Task",
        {"Subject": "Call", "WhatId": str(account.id)},
        {"Subject": "Call", "WhatId": "001000000000000AAA"},
        {"Subject": "Call", "WhatId": "zzz000000000000AAA"},
    )
    assert good.success
    assert unknown.codes == ("INVALID_CROSS_REFERENCE_KEY",)
    assert none.codes == ("FIELD_INTEGRITY_EXCEPTION",)


def test_key_prefixes_are_stable_and_distinct(tmp_path: Path, wsdl: Path) -> None:
    """Well-known ones as everywhere, the rest by name: a growing org keeps them."""
    before = {s.name: s.key_prefix for s in with_objects_of(wsdl, load_schema()).objects}
    more = {f"Extra_{n}__c": {"Name": "xsd:string"} for n in range(300)}
    wsdl.write_text(enterprise_wsdl({**OBJECTS, **more}))
    after = {s.name: s.key_prefix for s in with_objects_of(wsdl, load_schema()).objects}
    assert (before["Account"], before["Task"], before["User"]) == ("001", "00T", "005")
    assert len(set(after.values())) == len(after)
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<definitions/>", "no Enterprise WSDL"),
        ("<definitions", "cannot read"),
        ('<!DOCTYPE x [<!ENTITY e "e">]><definitions>&e;</definitions>', "DOCTYPE"),
        (
            enterprise_wsdl({"Account": {'A" INTEGER': "xsd:string"}}).replace('A" I', "A&quot; I"),
            "name",
        ),
    ],
)
def test_what_is_no_enterprise_wsdl_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """In one line with the file's name."""
    path = tmp_path / "broken.wsdl"
    path.write_text(text)
    with pytest.raises(SandboxError, match=rf"(?s)broken\.wsdl.*{problem}|{problem}.*broken\.wsdl"):
        SandboxServer(tmp_path / "org.db", setup=Setup(wsdl=path)).start()
    with pytest.raises(SandboxError, match=r"none\.wsdl"):
        with_objects_of(tmp_path / "none.wsdl", load_schema())
