"""A private key that cannot sign is told apart: what the file is, and what to do."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bridge.salesforce.faults import LoginRefused
from bridge.salesforce.keys import read_signing_key

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
PLAIN = NoEncryption()
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def written(
    key: Key,
    encryption: KeySerializationEncryption = PLAIN,
    *,
    encoding: Encoding = Encoding.PEM,
    form: PrivateFormat = PrivateFormat.PKCS8,
) -> bytes:
    """A key as a file holds it."""
    return key.private_bytes(encoding, form, encryption)


def public(form: PublicFormat) -> bytes:
    """The public half, which is easily taken for the private one."""
    return RSA.public_key().public_bytes(Encoding.PEM, form)


DAMAGED = b"".join(written(RSA).splitlines(keepends=True)[:5]) + b"-----END PRIVATE KEY-----\n"
WRONG = [
    (written(EC), "holds a key of the kind EC (secp256r1): Salesforce takes RSA alone"),
    (written(EC, form=PrivateFormat.TraditionalOpenSSL), "of the kind EC (secp256r1)"),
    (written(ed25519.Ed25519PrivateKey.generate()), "of the kind Ed25519: Salesforce takes RSA"),
    (written(RSA, BestAvailableEncryption(b"x")), "is locked by a passphrase"),
    (written(RSA, encoding=Encoding.DER), "is in DER"),
    (public(PublicFormat.SubjectPublicKeyInfo), "is a public key"),
    (public(PublicFormat.PKCS1), "is a public key"),
    (b"-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n", "is a certificate"),
    (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "OpenSSH"),
    (b"PuTTY-User-Key-File-3: ssh-rsa\n", "is a key of PuTTY"),
    (DAMAGED, "holds a private key that is damaged"),
    (b"", "is empty"),
    (b" \n", "is empty"),
    (b"3MVG9.secret", "holds no private key in PEM"),
    (b"\x00\xff\x00", "holds no private key in PEM"),
]


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_rsa_key_is_read(tmp_path: Path, form: PrivateFormat) -> None:
    """In both forms that openssl writes."""
    path = tmp_path / "key.pem"
    path.write_bytes(written(RSA, form=form))
    assert read_signing_key(path).private_numbers() == RSA.private_numbers()


@pytest.mark.parametrize(("content", "told"), WRONG)
def test_what_is_wrong_with_a_key_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    """One line with the file's name, what it holds, and nothing of its content."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(LoginRefused) as refused:
        read_signing_key(path)
    message = str(refused.value)
    assert f"{path} " in message
    assert told in message
    assert "\n" not in message
    assert "secret" not in message


def test_a_key_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A file that is missing, and a folder."""
    for path, told in ((tmp_path / "missing.pem", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(LoginRefused, match=f"cannot be read: {told}"):
            read_signing_key(path)
