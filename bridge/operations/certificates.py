"""Client certificates, known by the SHA-256 of their DER."""

import re

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from bridge import BridgeError

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class BadCertificate(BridgeError):
    """A text that is neither a certificate nor a fingerprint."""


def fingerprint_of_pem(pem: bytes) -> str:
    """The fingerprint of the first certificate in PEM, 64 hexadecimal digits.

    Raises BadCertificate.
    """
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise BadCertificate(f"no certificate in PEM: {error}") from None
    return certificate.fingerprint(SHA256()).hex()


def fingerprint_of_der(der: bytes) -> str:
    """The fingerprint of a certificate in DER, 64 hexadecimal digits. Raises BadCertificate."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError as error:
        raise BadCertificate(f"no certificate in DER: {error}") from None
    return certificate.fingerprint(SHA256()).hex()


def normal_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as 64 lower-case digits. Raises BadCertificate."""
    digits = text.replace(":", "").strip().lower()
    if not _FINGERPRINT.fullmatch(digits):
        raise BadCertificate(
            "a certificate's fingerprint is its SHA-256: 64 hexadecimal digits, as"
            " `openssl x509 -noout -fingerprint -sha256 -in FILE` prints them"
        )
    return digits
