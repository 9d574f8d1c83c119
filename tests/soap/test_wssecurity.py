"""Security headers: what is read of them, and what is refused and why."""

import base64
from datetime import timedelta

import pytest
from lxml import etree

from bridge.operations.authentication import Secret, SecretDigest
from bridge.soap.soap_versions import SOAP_11, SOAP_12, SoapVersion
from bridge.soap.wssecurity import (
    BASE64,
    PASSWORD_DIGEST,
    PASSWORD_TEXT,
    InvalidSecurity,
    MessageExpired,
    UnsupportedSecurityToken,
    redacted,
    token_in,
)
from tests.conftest import NOW
from tests.soap.tokens import (
    digest_token,
    password,
    security,
    text_token,
    timestamp,
    token,
    username,
)

CREATED = "<wsu:Created>2026-03-04T05:06:07Z</wsu:Created>"
NONCE = "<wsse:Nonce>bm9uY2U=</wsse:Nonce>"
DIGEST = password(base64.b64encode(b"d" * 20).decode(), PASSWORD_DIGEST)


def read(*headers: str, soap: SoapVersion = SOAP_11) -> Secret | SecretDigest | None:
    """What header blocks show."""
    root = etree.fromstring(f'<s:Header xmlns:s="{soap.namespace}">{"".join(headers)}</s:Header>')
    return token_in(root, soap, now=NOW)


@pytest.mark.parametrize(
    "written",
    [text_token("erp", "se cret"), token(username("erp"), password("se cret"))],
)
def test_a_password_in_the_clear(written: str) -> None:
    """Said so or by default; a Timestamp may stand beside it."""
    assert read(security(written)) == Secret("erp", "se cret")
    assert read(security(timestamp("2026-03-04T05:06:08Z"), written)) == Secret("erp", "se cret")


def test_a_nonce_beside_a_password_in_the_clear() -> None:
    """Some toolkits send nonce and time always; the password proves enough."""
    written = token(username("erp"), password("secret", PASSWORD_TEXT), NONCE, CREATED)
    assert read(security(written)) == Secret("erp", "secret")


def test_a_digest() -> None:
    """Digest and nonce are decoded; the time is the text that the digest covers."""
    read_token = read(security(digest_token("erp", "secret", NOW, b"nonce")))
    assert isinstance(read_token, SecretDigest)
    assert (read_token.name, read_token.nonce, read_token.created) == (
        "erp",
        b"nonce",
        "2026-03-04T05:06:07Z",
    )
    assert len(read_token.digest) == 20
    odd = token(username("erp"), DIGEST, "<wsse:Nonce>\n bm9u\n Y2U=</wsse:Nonce>", CREATED)
    assert read(security(odd)) == SecretDigest("erp", b"d" * 20, b"nonce", read_token.created)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [security()],
        [security(timestamp("2027-01-01T00:00:00Z"))],
        [security(text_token("erp", "x"), attributes='s:actor="urn:proxy"')],
        ["<other/>", f"<wrapper>{security(text_token('erp', 'x'))}</wrapper>"],
    ],
)
def test_no_token(headers: list[str]) -> None:
    """Nothing, nothing in it, or nothing for this service."""
    assert read(*headers) is None


def test_the_header_for_this_service_is_taken() -> None:
    """Others may stand beside it for those on the way."""
    proxys = security(text_token("proxy", "x"), attributes='s:actor="urn:proxy"')
    assert read(proxys, security(text_token("erp", "x"))) == Secret("erp", "x")
    role = f"{SOAP_12.namespace}/role"
    none = security(text_token("proxy", "x"), attributes=f's:role="{role}/none"')
    ours = security(text_token("erp", "x"), attributes=f's:role="{role}/ultimateReceiver"')
    assert read(none, ours, soap=SOAP_12) == Secret("erp", "x")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([security(text_token("erp", "x"))] * 2, "several Security headers"),
        (
            [
                security(),
                security(attributes='s:actor="http://schemas.xmlsoap.org/soap/actor/next"'),
            ],
            "several Security headers",
        ),
        ([security(text_token("erp", "x") * 2)], "2 of UsernameToken"),
        ([security(timestamp("2027-01-01T00:00:00Z") * 2)], "2 of Timestamp"),
        ([security(timestamp("tomorrow"))], "Expires"),
        ([security(timestamp("<a/>"))], "elements in the Expires"),
        ([security(token())], "no Username"),
        ([security(token(username("")))], "no Username"),
        ([security(token(username("erp")))], "no Password"),
        ([security(token(username("erp"), password("")))], "no Password"),
        ([security(token(username("erp") * 2, password("x")))], "2 of Username"),
        ([security(token(username("erp"), password("x") * 2))], "2 of Password"),
        ([security(token(username("erp"), password("<a/>x")))], "elements in the Password"),
        ([security(token(username("erp"), DIGEST, CREATED))], "no Nonce"),
        ([security(token(username("erp"), DIGEST, NONCE))], "no Created"),
        ([security(token(username("erp"), DIGEST, NONCE * 2, CREATED))], "2 of Nonce"),
        ([security(token(username("erp"), DIGEST, NONCE, CREATED * 2))], "2 of Created"),
        ([security(token(username("erp"), password("!", PASSWORD_DIGEST), NONCE, CREATED))], "64"),
        (
            [security(token(username("erp"), DIGEST, "<wsse:Nonce>é</wsse:Nonce>", CREATED))],
            "Base64",
        ),
    ],
)
def test_what_is_not_as_the_standard_has_it(headers: list[str], told: str) -> None:
    """It is refused, and the message names the part."""
    with pytest.raises(InvalidSecurity, match=told):
        read(*headers)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<wsse:BinarySecurityToken>MII=</wsse:BinarySecurityToken>", "BinarySecurityToken"),
        (text_token("erp", "x") + '<Signature xmlns="urn:x"/>', "Signature in the Security"),
        (token(username("erp"), password("x"), "<wsse11:Salt xmlns:wsse11='u:x'/>"), "Salt in the"),
        (token(username("erp"), password("x", "urn:x")), "'urn:x'"),
        (token(username("erp"), password("x", PASSWORD_DIGEST.replace("1.0", "1.1"))), "Type"),
        (
            token(
                username("erp"),
                DIGEST,
                f'<wsse:Nonce EncodingType="{BASE64}x">bm9uY2U=</wsse:Nonce>',
                CREATED,
            ),
            "Base64Binary",
        ),
    ],
)
def test_what_is_not_read_here(content: str, told: str) -> None:
    """Nothing is taken for verified that was not looked at."""
    with pytest.raises(UnsupportedSecurityToken, match=told):
        read(security(content))


@pytest.mark.parametrize(
    ("expires", "expired"),
    [
        (f"{NOW:%Y-%m-%dT%H:%M:%SZ}", True),
        (f"{NOW + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}.1234567Z", False),
        (f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+02:00", True),
        (f"{NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}", False),
        ("0001-01-01T00:00:00+14:00", True),
        ("9999-12-31T23:59:59-14:00", False),
    ],
)
def test_messages_expire(expires: str, expired: bool) -> None:
    """From the instant on that Expires says, in whatever zone; without one it is UTC."""
    header = security(timestamp(expires), text_token("erp", "x"))
    if expired:
        with pytest.raises(MessageExpired, match="compare the clocks"):
            read(header)
    else:
        assert read(header) is not None


@pytest.mark.parametrize(
    "envelope",
    [
        security(text_token("erp", "geheim")),
        security(digest_token("erp", "x", NOW)).replace("</wsse:Nonce>", "geheim</wsse:Nonce>"),
        "<Password>geheim</Password>",
        "<Password\n  Type='a>b' >geheim</Password >",
        "<p:Password><![CDATA[geheim</b>geheim]]></p:Password>",
        "<p:Password><!-- geheim -->geheim</p:Password>",
        "<p:Password>ge<b/>geheim</p:Password>",
        "<p:Password><![CDATA[x</p:Password>]]>geheim</p:Password>",
        "<p:Password><!-- </p:Password> -->geheim</p:Password>",
        "<p:Password>x<p:Password>y</p:Password>geheim</p:Password>",
        "<p:Password>x<p:Password/><p:Nonce />geheim</p:Password>",
        "<!-- <p:Password>geheim</p:Password> -->",
        "<x><![CDATA[<p:Password>geheim</p:Password>]]></x>",
        "<p:Password Type=x>geheim</p:Password>",
        "<p:Password Type='x>geheim</p:Password>",
        "<p:Password>geheim",
        "<ä:Nonce>geheim</ä:Nonce>",
    ],
)
def test_secrets_are_left_out(envelope: str) -> None:
    """However they are written, and if the envelope was cut within them."""
    kept = redacted(f"<a>before{envelope}<b>after</b></a>".encode()).decode()
    assert "geheim" not in kept
    assert kept.startswith("<a>before")
    assert kept.endswith("<b>after</b></a>") or "</" not in envelope


def test_a_cut_tag_shows_no_secret() -> None:
    """A kept envelope ends anywhere."""
    whole = security(token(username("erp"), password("geheim", PASSWORD_TEXT))).encode()
    for end in range(len(whole)):
        assert b"geh" not in redacted(whole[:end])


def test_what_is_no_secret_is_kept() -> None:
    """Names and all the rest."""
    content = b"<a><Username>erp</Username><Passwords>1</Passwords><NonceX>2</NonceX><!--3--></a>"
    assert redacted(content) == content
    assert redacted(b"<a></Password><![CDATA[1]]></a>") == b"<a></Password><![CDATA[1]]></a>"
