import gzip
from http.client import HTTPConnection

import pytest
from lxml import etree

from bridge.sandbox import SandboxServer, Setup
from bridge.sandbox.schema import DEFAULT_SCHEMA
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner

TIMESTAMP = "<p:getServerTimestamp/>"


def fault_of(partner: Partner, content: bytes, **headers: str) -> tuple[str, str]:
    """Code and message of the fault that the content gets."""
    response = partner.post(content, **headers)
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "text/xml;charset=UTF-8"
    fault = Fault(etree.fromstring(response.content))
    return fault.code, fault.message


@pytest.mark.parametrize("version", ["21.0", "31.0", "49.0", "66.0", "68.0"])
def test_all_supported_versions_answer(partner: Partner, version: str) -> None:
    """Any version from 21.0 to 68.0 may be in the path."""
    partner.version = version
    assert partner.call("getServerTimestamp")


@pytest.mark.parametrize("version", ["20.0", "69.0", "66", "66.5", "latest"])
def test_other_versions_do_not(partner: Partner, version: str) -> None:
    """UNSUPPORTED_API_VERSION tells the version back."""
    partner.version = version
    with pytest.raises(Fault, match=f"UNSUPPORTED_API_VERSION.*{version}"):
        partner.call("getServerTimestamp")


def test_responses_carry_the_limit_info(partner: Partner, clock: Clock) -> None:
    """Each call counts; a new day starts at one."""

    def current() -> list[str | None]:
        info = partner.send(TIMESTAMP).find(".//p:limitInfo", NS)
        assert info is not None
        return [child.text for child in info]

    assert current() == ["1", "100000", "API REQUESTS"]
    assert current()[0] == "2"
    clock.advance(hours=13)
    partner.token = partner.authorise().json()["access_token"]
    assert current()[0] == "1"


def test_the_daily_limit_is_a_fault(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> None:
    """Beyond it every call meets REQUEST_LIMIT_EXCEEDED."""
    path = tmp_path_factory.mktemp("limit")
    schema = path / "schema.toml"
    text = DEFAULT_SCHEMA.read_text()
    schema.write_text(text.replace("api_calls_per_day = 100_000", "api_calls_per_day = 2"))
    with SandboxServer(path / "org.db", clock=clock, setup=Setup(schema=schema)) as server:
        partner = Partner(server)
        partner.call("getServerTimestamp")
        partner.call("getServerTimestamp")
        with pytest.raises(Fault, match="REQUEST_LIMIT_EXCEEDED"):
            partner.call("getServerTimestamp")
        partner.http.close()


def test_gzip_works_both_ways(partner: Partner) -> None:
    """A zipped request is understood; a large answer is zipped for who accepts it."""
    zipped = gzip.compress(partner.envelope("<p:getUserInfo/>"))
    answer = partner.post(zipped, **{"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"<userName>admin@example.com</userName>" in answer.content
    plain = partner.post(partner.envelope("<p:getUserInfo/>"), **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


def test_connections_are_kept_alive(partner: Partner) -> None:
    """Many calls use one connection."""
    connection = HTTPConnection(partner.server.url.removeprefix("http://"), timeout=10)
    connection.connect()
    opened = connection.sock
    for _ in range(20):
        connection.request("POST", "/services/Soap/u/66.0", partner.envelope(TIMESTAMP))
        assert b"timestamp" in connection.getresponse().read()
        assert connection.sock is opened
    connection.close()


@pytest.mark.parametrize("token", ["", "nonsense", "00D000000000001!AQ"])
def test_a_wrong_session_is_refused(partner: Partner, token: str) -> None:
    """INVALID_SESSION_ID, in the recorded shape."""
    partner.token = token
    with pytest.raises(Fault) as refused:
        partner.call("getUserInfo")
    assert refused.value.code == "sf:INVALID_SESSION_ID"
    detail = refused.value.detail
    assert detail is not None
    assert detail.tag == f"{{{NS['fault']}}}UnexpectedErrorFault"
    assert detail.findtext("fault:exceptionCode", None, NS) == "INVALID_SESSION_ID"


def test_logout_ends_the_session(partner: Partner) -> None:
    """The token is worth nothing afterwards."""
    partner.send("<p:logout/>")
    with pytest.raises(Fault, match="INVALID_SESSION_ID"):
        partner.call("getUserInfo")


def login(partner: Partner, password: str) -> etree._Element:
    return partner.call(
        "login",
        f"<p:username>Admin@example.com</p:username><p:password>{password}</p:password>",
    )[0]


def test_login_works_up_to_version_64(partner: Partner) -> None:
    """It answers a session and where to use it, without limit info; 65 does not know it."""
    partner.version, partner.token = "64.0", ""
    result = login(partner, "password")
    assert result.findtext("p:serverUrl", "", NS).startswith(
        f"{partner.server.url}/services/Soap/u/64.0/00D"
    )
    assert result.getroottree().find(".//p:LimitInfoHeader", NS) is None
    with pytest.raises(Fault) as refused:
        login(partner, "wrong")
    assert refused.value.code == "sf:INVALID_LOGIN"
    assert refused.value.detail is not None
    assert refused.value.detail.tag.endswith("}LoginFault")
    partner.token = result.findtext("p:sessionId", "", NS)
    assert partner.call("getUserInfo")
    partner.version = "65.0"
    with pytest.raises(Fault, match="No operation available"):
        login(partner, "password")


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("declaration", [b"<!DOCTYPE x>", ENTITIES])
def test_a_doctype_is_refused(partner: Partner, declaration: bytes) -> None:
    """Whatever it declares."""
    code, message = fault_of(partner, declaration + partner.envelope(TIMESTAMP))
    assert code == "soapenv:Client"
    assert "DOCTYPE" in message


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not well-formed"),
        (b"hello", "not well-formed"),
        (b"<a/>", "not a SOAP 1.1 envelope"),
        (
            b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
            "exactly one operation",
        ),
        (
            b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><query/>'
            b"</e:Body></e:Envelope>",
            "No operation available for request {}query",
        ),
    ],
)
def test_what_is_no_call_is_a_client_fault(
    partner: Partner, content: bytes, complaint: str
) -> None:
    """Broken XML, another document, an empty body, another namespace."""
    code, message = fault_of(partner, content)
    assert code == "soapenv:Client"
    assert complaint in message


def test_an_unknown_operation_is_a_client_fault(partner: Partner) -> None:
    """The message is Salesforce's own."""
    code, message = fault_of(partner, partner.envelope("<p:sing/>"))
    assert code == "soapenv:Client"
    assert message.startswith(
        "No operation available for request {urn:partner.soap.sforce.com}sing"
    )


def test_an_sobject_needs_its_type_and_namespace(partner: Partner) -> None:
    """A field outside the sObject namespace and a missing type are told, not swallowed."""
    with pytest.raises(Fault, match="invalid at this location"):
        partner.call(
            "create",
            "<p:sObjects><sf:type>Account</sf:type><p:Name>A</p:Name></p:sObjects>",
        )
    with pytest.raises(Fault, match="INVALID_TYPE"):
        partner.call("create", "<p:sObjects><sf:Name>A</sf:Name></p:sObjects>")


def test_a_request_beyond_50_megabytes_is_refused(partner: Partner) -> None:
    """Zipped small does not help: what counts is the size unzipped."""
    padding = b"<!--" + b" " * (51 * 1024 * 1024) + b"-->"
    bomb = gzip.compress(padding + partner.envelope(TIMESTAMP), compresslevel=1)
    code, _ = fault_of(partner, bomb, **{"Content-Encoding": "gzip"})
    assert code == "sf:EXCEEDED_MAX_SIZE_REQUEST"


def test_false_gzip_is_a_client_fault(partner: Partner) -> None:
    """A body that is not what its Content-Encoding says."""
    code, message = fault_of(partner, b"plain", **{"Content-Encoding": "gzip"})
    assert code == "soapenv:Client"
    assert "gzip" in message


def test_only_posts_are_answered(partner: Partner) -> None:
    """GET on the endpoints is 405, elsewhere 404."""
    for path in ("/services/oauth2/token", "/services/Soap/u/66.0"):
        assert partner.http.get(partner.server.url + path).status_code == 405
    assert partner.http.get(f"{partner.server.url}/lightning").status_code == 404


def test_control_characters_survive(partner: Partner) -> None:
    """Newlines and tabs in the middle of a text come back as they were."""
    text = "Am Platz 1\n\tHaus & Hof <links>"
    partner.create("Account", {"Name": "A", "BillingStreet": text})
    assert partner.rows("SELECT BillingStreet FROM Account")[0]["BillingStreet"] == text
