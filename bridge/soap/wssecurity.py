"""WS-Security: the UsernameToken in an envelope's header.

OASIS Web Services Security, SOAP Message Security 1.0 and 1.1, and the Username Token Profile of
each. A password in the clear or as a digest, and a Timestamp; nothing that is signed or encrypted.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime

from lxml.etree import QName, _Element

from bridge import BridgeError
from bridge.operations.authentication import Secret, SecretDigest
from bridge.soap.soap_versions import SoapVersion

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}-wssecurity-utility-1.0.xsd"
SECURITY = f"{{{WSSE}}}Security"
PASSWORD_TEXT = f"{_OASIS}-username-token-profile-1.0#PasswordText"
PASSWORD_DIGEST = f"{_OASIS}-username-token-profile-1.0#PasswordDigest"
BASE64 = f"{_OASIS}-soap-message-security-1.0#Base64Binary"

_TOKEN = f"{{{WSSE}}}UsernameToken"
_TIMESTAMP = f"{{{WSU}}}Timestamp"
_USERNAME = f"{{{WSSE}}}Username"
_PASSWORD = f"{{{WSSE}}}Password"
_NONCE = f"{{{WSSE}}}Nonce"
_CREATED = f"{{{WSU}}}Created"
_IN_TOKEN = (_USERNAME, _PASSWORD, _NONCE, _CREATED)


class InvalidSecurity(BridgeError):
    """A Security header that is not as the standard has it."""


class UnsupportedSecurityToken(BridgeError):
    """A Security header with a token, a signature or a kind of password that is not read here."""


class MessageExpired(BridgeError):
    """A Security header whose Timestamp has expired."""


class FailedAuthentication(BridgeError):
    """A UsernameToken that proves no consumer."""


def token_in(
    headers: Iterable[_Element], soap: SoapVersion, *, now: datetime
) -> Secret | SecretDigest | None:
    """What the Security header for this service shows; None where there is no UsernameToken.

    Raises InvalidSecurity, UnsupportedSecurityToken, MessageExpired.
    """
    ours = [one for one in headers if one.tag == SECURITY and soap.is_ours(one)]
    if len(ours) > 1:
        raise InvalidSecurity("there are several Security headers for this service: send one")
    for security in ours:
        _require_known(security, (_TOKEN, _TIMESTAMP))
        _require_current(_only(security, _TIMESTAMP), now)
        token = _only(security, _TOKEN)
        return None if token is None else _credentials(token)
    return None


def redacted(envelope: bytes) -> bytes:
    """The bytes of an envelope, or of its beginning, without the secrets of a UsernameToken.

    Left out is what a Password or a Nonce holds, markup in it too, to the end where none is. So are
    comments and CDATA sections that speak of one.
    """
    kept = bytearray()
    at = depth = 0
    for markup in _MARKUP.finditer(envelope):
        if not depth:
            kept += envelope[at : markup.start()]
        depth = max(0, depth - bool(markup["closes"]))
        if not depth and not _speaks_of_secrets(markup["other"]):
            kept += markup[0]
        depth += bool(markup["opens"]) and not markup[0].endswith(b"/>")
        at = markup.end()
    return bytes(kept if depth else kept + envelope[at:])


def _speaks_of_secrets(markup: bytes | None) -> bool:
    return markup is not None and (b"Password" in markup or b"Nonce" in markup)


def _require_known(parent: _Element, known: Iterable[str]) -> None:
    for child in parent:
        if child.tag not in known:
            name, where = QName(child).localname[:100], QName(parent).localname
            raise UnsupportedSecurityToken(
                f"{name} in the {where} is not read here: send a UsernameToken with a password"
            )


def _require_current(timestamp: _Element | None, now: datetime) -> None:
    expires = None if timestamp is None else _leaf(timestamp, f"{{{WSU}}}Expires")
    if expires is None:
        return
    text = expires.text or ""
    if _instant(text) <= now:
        raise MessageExpired(
            f"the message expired at {text[:40]}, and it is {now:%Y-%m-%dT%H:%M:%SZ} here: send it"
            " anew, and compare the clocks"
        )


def _credentials(token: _Element) -> Secret | SecretDigest:
    _require_known(token, _IN_TOKEN)
    name, password = _text(token, _USERNAME), _text(token, _PASSWORD)
    kind = _attribute(token, _PASSWORD, "Type") or PASSWORD_TEXT
    if kind == PASSWORD_TEXT:
        return Secret(name, password)
    if kind != PASSWORD_DIGEST:
        raise UnsupportedSecurityToken(
            f"a Password of the Type {kind[:200]!r} is not read here: send PasswordText or"
            " PasswordDigest"
        )
    nonce, created = _text(token, _NONCE), _text(token, _CREATED)
    if _attribute(token, _NONCE, "EncodingType") not in ("", BASE64):
        raise UnsupportedSecurityToken("the Nonce is in an encoding that is not Base64Binary")
    return SecretDigest(name, _binary(password), _binary(nonce), created)


def _text(parent: _Element, tag: str) -> str:
    """The text of a child that has to be there."""
    child = _leaf(parent, tag)
    if child is None or not child.text:
        name, where = QName(tag).localname, QName(parent).localname
        raise InvalidSecurity(f"the {where} has no {name}, or an empty one")
    return child.text


def _attribute(parent: _Element, tag: str, name: str) -> str:
    child = _leaf(parent, tag)
    return "" if child is None else child.get(name, "")


def _leaf(parent: _Element, tag: str) -> _Element | None:
    child = _only(parent, tag)
    if child is not None and len(child):
        raise InvalidSecurity(f"there are elements in the {QName(tag).localname}")
    return child


def _only(parent: _Element, tag: str) -> _Element | None:
    found = list(parent.iterchildren(tag))
    if len(found) > 1:
        name, where = QName(tag).localname, QName(parent).localname
        raise InvalidSecurity(f"there are {len(found)} of {name} in the {where}: send one")
    return found[0] if found else None


def _binary(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSecurity("the Nonce or the digest is not in Base64") from None


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidSecurity(f"Expires is no xs:dateTime: {text[:40]!r}") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


# A tag that does not end as a tag does opens all the same. What has no end ends with the bytes: a
# long envelope is kept in part.
_MARKUP = re.compile(
    rb"""
    (?P<other> <!--.*?(?:-->|\Z) | <!\[CDATA\[.*?(?:\]\]>|\Z) | <\?.*?(?:\?>|\Z) )
    | (?P<closes> </ %(name)s \s*> )
    | (?P<opens> < %(name)s (?:(?: [^"'<>] | "[^"<]*" | '[^'<]*' )*>)? )
    """
    % {b"name": rb"""(?:[^\s<>:/"'=!?]+:)?(?:Password|Nonce)(?![^\s/>])"""},
    re.DOTALL | re.VERBOSE,
)
