"""HTTP to Salesforce: proxy, trust, bounds on answers."""

import gzip
import ipaddress
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.salesforce import SalesforceClient, SalesforceError, SalesforceSettings
from bridge.sandbox import Certificate, SandboxServer, Setup
from tests.salesforce.scripted import Reply, Server, settings_for, timestamp_reply


def made_certificate(folder: Path) -> Certificate:
    """A certificate for 127.0.0.1 that only those trust who have it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Salesforce of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "org.crt", folder / "org.key")
    made.path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def test_trusts_the_authorities_of_the_settings_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown certificate is an error without a second attempt; named, it is trusted."""
    certificate = made_certificate(tmp_path)
    usual = ssl.get_default_verify_paths().openssl_cafile
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", usual)  # the settings win over it
    with SandboxServer(tmp_path / "org.db", setup=Setup(certificate=certificate)) as org:
        values = {
            "login_url": org.url,
            "auth": "client_credentials",
            "client_id": org.credentials.client_id,
            "client_secret": org.credentials.client_secret,
        }
        trusting = SalesforceSettings.model_validate({**values, "ca_file": certificate.path})
        with SalesforceClient(trusting) as client:
            assert client.user_info().username == org.credentials.username
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with (
            SalesforceClient(SalesforceSettings.model_validate(values)) as client,
            pytest.raises(SalesforceError, match="is not trusted"),
        ):
            client.server_timestamp()
        assert client.calls.other == 0


def test_goes_through_a_proxy(server: Server) -> None:
    """Logins and calls alike, to hosts that only the proxy can reach."""
    server.answer = timestamp_reply
    settings = settings_for(
        server,
        login_url="http://acme.my.salesforce.invalid",
        allow_plain_http_hosts=["acme.my.salesforce.invalid"],
        proxy_url=server.url,
    )
    with SalesforceClient(settings) as client:
        client.server_timestamp()
    assert [asked.path for asked in server.asked] == [
        "http://acme.my.salesforce.invalid/services/oauth2/token",
        f"{server.url}/services/Soap/u/66.0",
    ]


def test_sends_nobody_elses_credentials(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .netrc that knows the host adds nothing."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password other-secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer = timestamp_reply
    with SalesforceClient(settings_for(server)) as client:
        client.server_timestamp()
    assert all("Authorization" not in asked.headers for asked in server.asked)


def test_an_answer_that_trickles_in_is_not_waited_for(server: Server) -> None:
    """Each byte comes in time, the whole does not."""
    server.answer = lambda _: Reply(200, timestamp_reply().body, trickle_seconds=0.05)
    settings = settings_for(server, answer_timeout_seconds=0.3, attempts=1)
    started = time.monotonic()
    with (
        SalesforceClient(settings) as client,
        pytest.raises(SalesforceError, match="TIMED_OUT"),
    ):
        client.server_timestamp()
    assert time.monotonic() - started < 5  # the whole would take half a minute


def test_an_answer_that_swells_is_cut_off(server: Server) -> None:
    """Also one that is small until it is unpacked."""
    bomb = gzip.compress(b"<a>" + b" " * 1_000_000)
    assert len(bomb) < 5_000
    server.answer = lambda _: Reply(200, bomb, {"Content-Encoding": "gzip"})
    settings = settings_for(server, max_answer_bytes=100_000)
    with (
        SalesforceClient(settings) as client,
        pytest.raises(SalesforceError, match="an answer of more than 100,000 bytes"),
    ):
        client.server_timestamp()
    assert len(server.operations()) == 1


def test_a_compressed_answer_is_read(server: Server) -> None:
    """Whole, and over a connection that is used again."""
    body = gzip.compress(timestamp_reply().body)
    server.answer = lambda _: Reply(200, body, {"Content-Encoding": "gzip"})
    with SalesforceClient(settings_for(server)) as client:
        for _ in range(3):
            client.server_timestamp()
    assert len({asked.client_port for asked in server.asked}) == 1
