"""Client certificates, known by the SHA-256 of their DER."""

import hashlib
from datetime import datetime

import pytest
from cryptography.hazmat.primitives import serialization

from bridge.operations.certificates import BadCertificate, fingerprint_of_pem, normal_fingerprint
from tests.callers import certificate, pem_of


def test_a_fingerprint_is_the_hash_of_the_der(now: datetime) -> None:
    """Of the first certificate of a chain, whatever text stands before it."""
    mine, issuer = certificate(now), certificate(now, "issuer")
    der = mine.public_bytes(serialization.Encoding.DER)
    expected = hashlib.sha256(der).hexdigest()
    for text in (pem_of(mine), b"Certificate:\n  Data:\n" + pem_of(mine) + pem_of(issuer)):
        assert fingerprint_of_pem(text) == expected


@pytest.mark.parametrize("change", ["", "empty", "key", "cut", "der"])
def test_what_holds_no_certificate_is_refused(now: datetime, change: str) -> None:
    """A key, a cut file, a DER, nothing at all; in one line, without what it held."""
    pem = pem_of(certificate(now))
    text = {
        "": b"hello",
        "empty": b"",
        "key": pem.replace(b"CERTIFICATE", b"PRIVATE KEY"),
        "cut": pem[:200],
        "der": certificate(now).public_bytes(serialization.Encoding.DER),
    }[change]
    with pytest.raises(BadCertificate, match="no certificate in PEM") as told:
        fingerprint_of_pem(text)
    assert "\n" not in str(told.value)
    assert "MII" not in str(told.value)


def test_a_fingerprint_is_read_in_each_form() -> None:
    """Of either case, with colons or without."""
    for text in ("AB" * 32, "ab" * 32, ":".join(["aB"] * 32), f" {'ab' * 32}\n"):
        assert normal_fingerprint(text) == "ab" * 32


@pytest.mark.parametrize("text", ["", "ab", "ab" * 20, "xy" * 32, "ab" * 33, "é" * 64, "1\x00"])
def test_what_is_no_fingerprint_is_refused(text: str) -> None:
    """SHA-1's forty digits, for one."""
    with pytest.raises(BadCertificate, match="64 hexadecimal digits"):
        normal_fingerprint(text)
