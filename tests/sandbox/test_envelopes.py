"""Our answers beside recorded ones of Salesforce: same elements, same order, same nesting.

The recordings were trimmed by their authors, so what they show must appear in ours in the same
order; ours may show more (what later versions added, what was trimmed).
"""

from pathlib import Path

import pytest
from lxml import etree

from tests.sandbox.partner import NS, Fault, Partner, sobject

Tree = tuple[str, list["Tree"]]


def tree(element: etree._Element) -> Tree:
    children = [child for child in element if isinstance(child.tag, str)]
    return str(element.tag), [tree(child) for child in children]


def body(content: bytes | etree._Element) -> Tree:
    root = etree.fromstring(content) if isinstance(content, bytes) else content
    found = root.find("soapenv:Body", NS)
    assert found is not None
    return tree(found)


def shows(ours: Tree, recorded: Tree) -> bool:
    """Whether ``ours`` has everything of ``recorded``, in its order."""
    rest = iter(ours[1])
    return ours[0] == recorded[0] and all(
        any(shows(child, wanted) for child in rest) for wanted in recorded[1]
    )


def recorded(envelopes: Path, name: str) -> bytes:
    return (envelopes / f"{name}.xml").read_bytes()


def test_the_comparison_can_fail(envelopes: Path) -> None:
    """Another order or a missing element is noticed."""
    good = body(recorded(envelopes, "soapforce-upsert_response"))
    turned = (good[0], [(good[1][0][0], [(tag, inner[::-1]) for tag, inner in good[1][0][1]])])
    assert shows(good, good)
    assert not shows(turned, good)


@pytest.mark.parametrize("operation", ["query", "queryAll"])
def test_query_answers_as_recorded(partner: Partner, envelopes: Path, operation: str) -> None:
    """Two records of Id, Name and one more field."""
    partner.create("Account", {"Name": "A", "Phone": "1"}, {"Name": "B", "Phone": "2"})
    ours = partner.send(
        f"<p:{operation}><p:queryString>SELECT Id, Name, Phone FROM Account</p:queryString>"
        f"</p:{operation}>"
    )
    name = "query_all" if operation == "queryAll" else "query"
    text = recorded(envelopes, f"soapforce-{name}_response").replace(b"StageName", b"Phone")
    assert body(ours) == body(text)


def test_query_more_answers_as_recorded(partner: Partner, envelopes: Path) -> None:
    """The last page: done, no locator, the size of the whole result."""
    rows = [{"Name": f"N{n}", "Phone": "1"} for n in range(200)]
    assert all(row.success for row in partner.create("Account", *rows))
    partner.create("Account", *rows[:2])
    small = "<p:QueryOptions><p:batchSize>200</p:batchSize></p:QueryOptions>"
    page = partner.query("SELECT Id, Name, Phone FROM Account", headers=small)
    locator = page.findtext("p:queryLocator", None, NS)
    ours = partner.send(f"<p:queryMore><p:queryLocator>{locator}</p:queryLocator></p:queryMore>")
    text = recorded(envelopes, "soapforce-query_more_response").replace(b"StageName", b"Phone")
    assert body(ours) == body(text)


def test_retrieve_answers_as_recorded(partner: Partner, envelopes: Path) -> None:
    """Id once where it was not asked for, nil where a field is empty."""
    (made,) = partner.create("Account", {"Name": "A", "Phone": "1"})
    ours = partner.send(
        "<p:retrieve><p:fieldList>Name,Description,Phone</p:fieldList>"
        f"<p:sObjectType>Account</p:sObjectType><p:ids>{made.id}</p:ids></p:retrieve>"
    )
    text = recorded(envelopes, "soapforce-retrieve_response").replace(b"StageName", b"Phone")
    assert body(ours) == body(text)


def test_writes_answer_as_recorded(partner: Partner, envelopes: Path) -> None:
    """create, update, upsert and delete, good and bad."""
    ours = partner.send(f"<p:create><p:sObjects>{account('A')}</p:sObjects></p:create>")
    assert body(ours) == body(recorded(envelopes, "soapforce-create_response"))
    key = ours.findtext(".//p:id", "", NS)
    ours = partner.send(
        f"<p:update><p:sObjects>{sobject('Account', {'Id': key, 'Name': 'B'})}</p:sObjects>"
        "</p:update>"
    )
    assert body(ours) == body(recorded(envelopes, "soapforce-update_response"))
    two = "".join(
        f"<p:sObjects>{sobject('Account', {'Name': 'A', 'ERP_Key__c': key})}</p:sObjects>"
        for key in ("1", "2")
    )
    ours = partner.send(
        f"<p:upsert><p:externalIDFieldName>ERP_Key__c</p:externalIDFieldName>{two}</p:upsert>"
    )
    assert body(ours) == body(recorded(envelopes, "soapforce-upsert_response"))
    ours = partner.send(f"<p:delete><p:ids>{key}</p:ids></p:delete>")
    assert body(ours) == body(recorded(envelopes, "soapforce-delete_response"))


def test_refused_rows_answer_as_recorded(partner: Partner, envelopes: Path) -> None:
    """errors, a nil id, success."""
    unknown = "001000000000000AAA"
    for operation, wrong in (("create", {"ParentId": unknown}), ("update", {"Id": unknown})):
        row = f"<p:sObjects>{sobject('Account', {'Name': 'A', **wrong})}</p:sObjects>"
        ours = partner.send(f"<p:{operation}>{row}</p:{operation}>")
        assert body(ours) == body(recorded(envelopes, f"soapforce-{operation}_response_failure"))
    ours = partner.send("<p:delete><p:ids>006i000004DAKd</p:ids></p:delete>")
    assert body(ours) == body(recorded(envelopes, "soapforce-delete_response_failure"))
    assert ours.findtext(".//p:message", "", NS) == "bad id 006i000004DAKd"


def test_merge_answers_as_recorded(partner: Partner, envelopes: Path) -> None:
    """The winner's id, then the losers'."""
    made = partner.create("Account", {"Name": "W"}, {"Name": "L"}, {"Name": "M"})
    losers = "".join(f"<p:recordToMergeIds>{r.id}</p:recordToMergeIds>" for r in made[1:])
    master = sobject("Account", {"Id": str(made[0].id)})
    ours = partner.send(
        f"<p:merge><p:request><p:masterRecord>{master}</p:masterRecord>{losers}</p:request>"
        "</p:merge>"
    )
    assert body(ours) == body(recorded(envelopes, "soapforce-merge_response"))


def test_a_refused_merge_answers_as_recorded(partner: Partner, envelopes: Path) -> None:
    """The bad id is told, and the winner's stands there all the same."""
    (made,) = partner.create("Account", {"Name": "W"})
    master = sobject("Account", {"Id": str(made.id)})
    ours = partner.send(
        f"<p:merge><p:request><p:masterRecord>{master}</p:masterRecord>"
        "<p:recordToMergeIds>0011500000000</p:recordToMergeIds></p:request></p:merge>"
    )
    theirs = etree.fromstring(recorded(envelopes, "soapforce-merge_response_failure"))
    assert body(ours) == body(theirs)
    for name in ("statusCode", "message"):
        assert ours.findtext(f".//p:{name}", None, NS) == theirs.findtext(f".//p:{name}", None, NS)


def test_get_user_info_answers_as_recorded(partner: Partner, envelopes: Path) -> None:
    """All that was recorded, and what later versions added."""
    text = recorded(envelopes, "soapforce-get_user_info_response")
    assert shows(body(partner.send("<p:getUserInfo/>")), body(text))


def test_login_answers_as_recorded(partner: Partner, envelopes: Path) -> None:
    """The session, where to use it, and the user's facts."""
    partner.version = "64.0"
    sent = "<p:username>admin@example.com</p:username><p:password>password</p:password>"
    ours = partner.send(f"<p:login>{sent}</p:login>")
    assert shows(body(ours), body(recorded(envelopes, "metaforce-login-success")))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("metaforce-fault-INVALID_SESSION_ID", "<p:getUserInfo/>"),
        (
            "metaforce-fault-login-INVALID_LOGIN",
            "<p:login><p:username>x</p:username><p:password>y</p:password></p:login>",
        ),
    ],
)
def test_faults_are_as_recorded(partner: Partner, envelopes: Path, name: str, call: str) -> None:
    """The same elements, code, message and typed detail."""
    partner.version, partner.token = "64.0", "wrong"
    with pytest.raises(Fault) as refused:
        partner.send(call)
    theirs = Fault(etree.fromstring(recorded(envelopes, name)))
    assert body(refused.value.envelope) == body(theirs.envelope)
    assert (refused.value.code, refused.value.message) == (theirs.code, theirs.message)
    assert refused.value.detail is not None
    assert theirs.detail is not None
    assert refused.value.detail.items() == theirs.detail.items()


def account(name: str) -> str:
    return sobject("Account", {"Name": name})
