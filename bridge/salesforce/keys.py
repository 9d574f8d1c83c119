"""The private key that signs JWT assertions: read, or told what is wrong with it."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bridge.salesforce.faults import LoginRefused

_KINDS = {
    b"-----BEGIN CERTIFICATE": "is a certificate: the private key that belongs to it is asked for",
    b"-----BEGIN PUBLIC KEY": "is a public key: the private one is asked for",
    b"-----BEGIN RSA PUBLIC KEY": "is a public key: the private one is asked for",
    b"-----BEGIN OPENSSH PRIVATE KEY": (
        "is a key of OpenSSH: `ssh-keygen -p -m PEM -f FILE` makes it one in PEM"
    ),
    b"PuTTY-User-Key-File": "is a key of PuTTY: export it in PEM",
}
_DER_BEGINNING = b"\x30\x82"


def read_signing_key(path: Path) -> RSAPrivateKey:
    """The RSA key in a PEM file. Raises LoginRefused, with what the file is instead."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from error
    return signing_key(content, of=path)


def signing_key(content: bytes, *, of: Path | str) -> RSAPrivateKey:
    """The RSA key in these bytes of a file or setting. Raises LoginRefused as above."""
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError as error:
        told = "is locked by a passphrase: `openssl rsa -in FILE -out NEW` writes it without"
        raise _refused(of, told) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refused(of, _what_it_is(content)) from error
    if isinstance(key, RSAPrivateKey):
        return key
    kind = type(key).__name__.strip("_").removesuffix("PrivateKey")
    if isinstance(key, EllipticCurvePrivateKey):
        kind = f"EC ({key.curve.name})"
    raise _refused(of, f"holds a key of the kind {kind}: Salesforce takes RSA alone")


def _what_it_is(content: bytes) -> str:
    if not content.strip():
        return "is empty"
    if content.startswith(_DER_BEGINNING):
        return "is in DER: `openssl rsa -inform DER -in FILE -out NEW` writes it in PEM"
    for beginning, told in _KINDS.items():
        if beginning in content:
            return told
    if b"-----BEGIN" in content and b"PRIVATE KEY" in content:
        return "holds a private key that is damaged, or of an unknown kind"
    return "holds no private key in PEM (-----BEGIN PRIVATE KEY-----)"


def _refused(of: Path | str, told: str) -> LoginRefused:
    return LoginRefused("PRIVATE_KEY", f"{of} {told}")
