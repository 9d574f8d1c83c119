"""What callers show to prove who they are, and calls as the trail has them."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from bridge.operations.credentials import SecretDigest
from bridge.operations.kept_secrets import make_key
from bridge.operations.settings import ConsumerSettings
from bridge.store.calls import CallRow
from tests.builders import EARLY

WITH_KEY = ConsumerSettings(digest_key=SecretStr(make_key()))
NONCE = b"0123456789abcdef"

CALL = CallRow(
    at=EARLY,
    consumer="erp",
    address="2001:db8::1",
    operation="SubmitInvoices",
    message_id="m-1",
    request_bytes=10_000_000_000,
    answer_bytes=7,
    seconds=0.25,
    outcome="ok",
    correlation_id="c-1",
    envelope=b"<Envelope>" * 1000,
)
STRANGERS_CALL = replace(
    CALL, consumer=None, operation=None, message_id=None, outcome="WrongCredentials", envelope=None
)


def digest_of(
    secret: str, created: str, *, nonce: bytes = NONCE, name: str = "erp"
) -> SecretDigest:
    """What a caller with this secret sends (UsernameToken Profile 1.0, section 3.1)."""
    covered = nonce + created.encode() + secret.encode()
    return SecretDigest(name, hashlib.sha1(covered).digest(), nonce, created)


def stamp(at: datetime) -> str:
    """An instant as WS-Security's Created has it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def certificate(now: datetime, name: str = "erp") -> x509.Certificate:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def pem_of(one: x509.Certificate) -> bytes:
    """A certificate in PEM."""
    return one.public_bytes(serialization.Encoding.PEM)
