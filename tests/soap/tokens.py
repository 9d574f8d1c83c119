"""Security headers as callers' toolkits write them."""

import base64
import hashlib
import os
from datetime import datetime

from bridge.soap.soap_versions import SOAP_11, SoapVersion
from bridge.soap.wssecurity import BASE64, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSU


def security(*parts: str, attributes: str = "") -> str:
    """A Security header with these parts; `s` is the prefix of the envelope."""
    names = f'xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"'
    return f"<wsse:Security {names} {attributes}>{''.join(parts)}</wsse:Security>"


def token(*parts: str) -> str:
    """A UsernameToken with these parts."""
    return f'<wsse:UsernameToken wsu:Id="t-1">{"".join(parts)}</wsse:UsernameToken>'


def text_token(name: str, secret: str) -> str:
    """A UsernameToken with a password in the clear."""
    return token(username(name), password(secret, PASSWORD_TEXT))


def digest_token(name: str, secret: str, at: datetime, nonce: bytes | None = None) -> str:
    """A UsernameToken with a password's digest (profile 1.0, section 3.1)."""
    nonce, created = os.urandom(16) if nonce is None else nonce, f"{at:%Y-%m-%dT%H:%M:%SZ}"
    digest = hashlib.sha1(nonce + created.encode() + secret.encode()).digest()
    return token(
        username(name),
        password(base64.b64encode(digest).decode(), PASSWORD_DIGEST),
        f'<wsse:Nonce EncodingType="{BASE64}">{base64.b64encode(nonce).decode()}</wsse:Nonce>',
        f"<wsu:Created>{created}</wsu:Created>",
    )


def username(name: str) -> str:
    """The Username of a token."""
    return f"<wsse:Username>{name}</wsse:Username>"


def password(text: str, kind: str = "") -> str:
    """The Password of a token."""
    said = f' Type="{kind}"' if kind else ""
    return f"<wsse:Password{said}>{text}</wsse:Password>"


def timestamp(expires: str, created: str = "2026-03-04T05:06:07Z") -> str:
    """A Timestamp."""
    parts = f"<wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires>"
    return f"<wsu:Timestamp>{parts}</wsu:Timestamp>"


def with_header(envelope: bytes, *blocks: str, soap: SoapVersion = SOAP_11) -> bytes:
    """An envelope of ours with header blocks, whose prefix for the envelope is `s`."""
    header = f'<soap:Header xmlns:s="{soap.namespace}">{"".join(blocks)}</soap:Header>'
    return envelope.replace(b"<soap:Body>", f"{header}<soap:Body>".encode(), 1)
