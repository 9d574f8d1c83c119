"""Named attacks by Security headers, from callers that show nothing else."""

import base64
import gzip

from bridge.soap.soap_versions import SOAP_12
from bridge.soap.wssecurity import PASSWORD_DIGEST, WSSE
from tests.hostile.attacks import ENTITIES, PING, Attack, envelope
from tests.soap.tokens import password, security, text_token, timestamp, token, username

_CREATED = "<wsu:Created>2026-03-04T05:06:07Z</wsu:Created>"
_STANDARD = {
    "FailedAuthentication": "wsse:FailedAuthentication",
    "InvalidSecurity": "wsse:InvalidSecurity",
    "UnsupportedSecurityToken": "wsse:UnsupportedSecurityToken",
    "MessageExpired": "wsu:MessageExpired",
    "VersionMismatch": "soap:VersionMismatch",
}
_WRONG = "FailedAuthentication"
_UNREAD = "UnsupportedSecurityToken"
_GOOD = text_token("mallory", "x")
_PROXYS = security(_GOOD, attributes='s:actor="urn:proxy"')


def _attack(name: str, code: str, content: str | bytes, **headers: str) -> Attack:
    """A request whose headers have _ for the hyphen."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Attack(
        name,
        code,
        content.encode() if isinstance(content, str) else content,
        given,
        401 if code == "WrongCredentials" else 500,
        _STANDARD.get(code, "soap:Client"),
    )


def _headed(name: str, code: str, *blocks: str) -> Attack:
    return _attack(name, code, envelope(PING, header=f"<s:Header>{''.join(blocks)}</s:Header>"))


def _nonce(size: int) -> str:
    return f"<wsse:Nonce>{base64.b64encode(bytes(size)).decode()}</wsse:Nonce>"


def _digest(digest: str = "AAAA", nonce: str = "", created: str = _CREATED) -> str:
    parts = (password(digest, PASSWORD_DIGEST), nonce or _nonce(16), created)
    return security(token(username("mallory"), *parts))


def _places() -> list[Attack]:
    body = f'<Ping xmlns="urn:erp-bridge:v1">{security(_GOOD)}</Ping>'
    within = f"<s:Header>{security(_GOOD)}</s:Header>"
    return [
        _attack("token in the body", "WrongCredentials", envelope(body)),
        _attack("token in a header in the body", "WrongCredentials", envelope(within)),
        _headed("wrapped Security", "WrongCredentials", f"<w>{security(_GOOD)}</w>"),
        _headed("Security in Security", _UNREAD, security(security(_GOOD))),
        _headed("doubled Security", "InvalidSecurity", security(_GOOD) * 2),
        _headed("an empty Security before it", "InvalidSecurity", security(), security(_GOOD)),
        _headed("doubled token", "InvalidSecurity", security(_GOOD * 2)),
        _headed("a proxy's token", "WrongCredentials", _PROXYS),
        _attack(
            "a proxy's token in SOAP 1.2",
            "WrongCredentials",
            envelope(
                PING,
                header=f"<s:Header>{_PROXYS.replace('s:actor', 's:role')}</s:Header>",
                soap=SOAP_12,
            ),
            Content_Type=SOAP_12.content_type,
        ),
        _attack(
            "SOAP 1.2 as SOAP 1.1 with a token",
            "VersionMismatch",
            envelope(PING, header=within, soap=SOAP_12),
        ),
    ]


def _sizes() -> list[Attack]:
    endless = envelope(PING, header=f"<s:Header>{security(_GOOD)}{' ' * 60_000_000}</s:Header>")
    packed = gzip.compress(endless.encode(), 1)
    long_type = password("x", "x" * 100_000)
    return [
        _headed("300 Security headers", "InvalidSecurity", security() * 300),
        _headed("10,000 Security headers", "InvalidSecurity", security() * 10_000),
        _headed("150 Security headers for others", "WrongCredentials", _PROXYS * 150),
        _headed("2,000 tokens", "InvalidSecurity", security("<wsse:UsernameToken/>" * 2000)),
        _headed("a nonce of 90 KB", _WRONG, _digest(nonce=_nonce(90_000))),
        _headed("a nonce of 6 MB", "InvalidSecurity", _digest(nonce=_nonce(6_000_000))),
        _headed("a digest of 90 KB", _WRONG, _digest("AAAA" * 22_500)),
        _headed("a Created of 100 KB", _WRONG, _digest(created=_created("1" * 100_000))),
        _headed("a name of 100 KB", _WRONG, security(text_token("x" * 100_000, "x"))),
        _headed("a secret of 100 KB", _WRONG, security(text_token("x", "x" * 100_000))),
        _headed("a Type of 100 KB", _UNREAD, security(token(username("x"), long_type))),
        _headed("40,000 deep", "MalformedXml", security("<a>" * 40_000)),
        _headed("10,000 attributes", "WrongCredentials", security(attributes=_attributes(10_000))),
        _attack(
            "endless header in gzip",
            "InvalidSecurity",
            packed,
            Content_Encoding="gzip",
        ),
        _attack("only the namespace", "MalformedXml", WSSE),
    ]


def _created(text: str) -> str:
    return f"<wsu:Created>{text}</wsu:Created>"


def _attributes(count: int) -> str:
    return " ".join(f'a{number}="1"' for number in range(count))


def _contents() -> list[Attack]:
    return [
        _headed("a digest as a text", _WRONG, security(text_token("mallory", "AAAA"))),
        _headed("an empty digest", "InvalidSecurity", _digest("")),
        _headed("blanks for a digest", _WRONG, _digest(" ")),
        _headed("an empty nonce", "InvalidSecurity", _digest(nonce="<wsse:Nonce/>")),
        _headed("blanks for a nonce", _WRONG, _digest(nonce="<wsse:Nonce> </wsse:Nonce>")),
        _headed("no Created", "InvalidSecurity", _digest(created="")),
        *(_headed(f"created {one}", _WRONG, _digest(created=_created(one))) for one in _TIMES),
        *(
            _headed(f"expires {one}", "InvalidSecurity", security(timestamp(one), _GOOD))
            for one in ("never", "99999-01-01T00:00:00Z", "2026-01-01T00:00:00+99:00", "")
        ),
        _headed("expired", "MessageExpired", security(timestamp(_TIMES[2]), _GOOD)),
        _headed("SQL in the name", _WRONG, security(text_token("' OR 1=1 --", "x"))),
        _headed("a control in the name", _WRONG, security(text_token("a&#x85;&#13;b", "x"))),
        _headed("a signature", _UNREAD, security(_GOOD, '<Signature xmlns="urn:x"/>')),
        _headed("a derived key", _UNREAD, security(token(username("x"), "<wsse:Iteration/>"))),
        _headed("an instruction", "ForbiddenMarkup", security(_GOOD, "<?x?>")),
        _headed(
            "an instruction in a secret", "ForbiddenMarkup", security(text_token("x", "<?x?>"))
        ),
        _attack(
            "entities in the secret",
            "ForbiddenMarkup",
            envelope(
                PING,
                header=f"<s:Header>{security(text_token('x', '&a9;'))}</s:Header>",
                prolog=f'<!DOCTYPE x [<!ENTITY a0 "lol">{ENTITIES}]>',
            ),
        ),
        _headed("an unknown entity", "MalformedXml", security(text_token("x", "&a;"))),
    ]


_TIMES = (
    "never", "2026-03-04", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "2026-03-04T05:06:07+99:00", "20260304T050607Z",
)  # fmt: skip

ATTACKS_OF_WS_SECURITY = [*_places(), *_sizes(), *_contents()]
