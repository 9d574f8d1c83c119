"""Security headers whose proof is put in when they are sent: a digest is good once, for minutes."""

import base64
import hashlib
import os
from datetime import datetime

from bridge.soap.wssecurity import BASE64, PASSWORD_DIGEST
from tests.soap.tokens import password, security, text_token, timestamp, token, username

CONSUMER = "mallory"
_SECRET, _DIGEST, _NONCE, _CREATED = (
    f"the-{word}-comes-here" for word in ("secret", "digest", "nonce", "created")
)
BY_TEXT = security(timestamp("2999-12-31T23:59:59Z"), text_token(CONSUMER, _SECRET))
BY_DIGEST = security(
    token(
        username(CONSUMER),
        password(_DIGEST, PASSWORD_DIGEST),
        f'<wsse:Nonce EncodingType="{BASE64}">{_NONCE}</wsse:Nonce>',
        f"<wsu:Created>{_CREATED}</wsu:Created>",
    )
)


def proved(content: bytes, secret: str, now: datetime) -> bytes:
    """A request that proves the consumer, as far as its Security header is still whole."""
    nonce, created = os.urandom(16), f"{now:%Y-%m-%dT%H:%M:%SZ}"
    digest = hashlib.sha1(nonce + created.encode() + secret.encode()).digest()
    for place, value in (
        (_SECRET, secret.encode()),
        (_DIGEST, base64.b64encode(digest)),
        (_NONCE, base64.b64encode(nonce)),
        (_CREATED, created.encode()),
    ):
        content = content.replace(place.encode(), value)
    return content
