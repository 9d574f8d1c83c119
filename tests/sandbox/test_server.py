import contextlib
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from bridge.sandbox import Certificate, SandboxError, SandboxServer, Setup
from bridge.sandbox.schema import DEFAULT_SCHEMA
from tests.sandbox.partner import Partner, sobjects

RUN = (
    "import sys; from pathlib import Path; from bridge.sandbox import Setup, run;"
    " run(Path(sys.argv[1]), '127.0.0.1', int(sys.argv[2]), Setup())"
)


def test_data_outlives_the_server(tmp_path: Path) -> None:
    """A new server on the same file finds the records and goes on with ids and numbers."""
    path = tmp_path / "deep" / "org.db"
    made = []
    for _ in range(2):
        with SandboxServer(path) as server:
            partner = Partner(server)
            made += partner.create("ERP_Invoice__c", {"Number__c": "1"})
            rows = partner.rows("SELECT Id, Name FROM ERP_Invoice__c ORDER BY Id")
            partner.http.close()
    assert [row["Id"] for row in rows] == [result.id for result in made]
    assert [row["Name"] for row in rows] == ["INV-00000001", "INV-00000002"]


def test_two_orgs_never_share_an_id(tmp_path: Path) -> None:
    """Each database has a pod of its own, which every id carries."""
    pods = set()
    for n in range(3):
        with SandboxServer(tmp_path / f"{n}.db") as server:
            partner = Partner(server)
            pods.add(str(partner.create("Account", {"Name": "A"})[0].id)[3:5])
            partner.http.close()
    assert len(pods) > 1


def test_a_grown_schema_meets_an_old_database(tmp_path: Path) -> None:
    """A new field is added to what is there; a field of another kind is refused."""
    path, schema = tmp_path / "org.db", tmp_path / "schema.toml"
    with SandboxServer(path) as server:
        partner = Partner(server)
        partner.create("Account", {"Name": "A"})
        partner.http.close()
    text = DEFAULT_SCHEMA.read_text()
    phone = 'Phone = { type = "phone", length = 40 }\nWebsite'
    schema.write_text(text.replace(phone, f'Rank__c = {{ type = "int" }}\n{phone}'))
    with SandboxServer(path, setup=Setup(schema=schema)) as server:
        partner = Partner(server)
        assert partner.rows("SELECT Rank__c FROM Account")[0]["Rank__c"] is None
        partner.http.close()
    schema.write_text(text.replace(phone, f'Rank__c = {{ type = "date" }}\n{phone}'))
    with pytest.raises(SandboxError, match="Rank__c"):
        SandboxServer(path, setup=Setup(schema=schema)).start()


def test_a_taken_port_is_told_in_one_line(tmp_path: Path) -> None:
    """SandboxError names the port, and nothing stays open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = SandboxServer(tmp_path / "org.db", port=port)
        with pytest.raises(SandboxError, match=str(port)) as refused:
            server.start()
    assert "\n" not in str(refused.value)
    with server:
        assert server.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("content", [b"this is no database at all, not at all", None])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Neither another file nor a folder is overwritten."""
    path = tmp_path / "org.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content * 100)
    with pytest.raises(SandboxError, match=r"org\.db"):
        SandboxServer(path).start()


def test_a_broken_jwt_key_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    (tmp_path / "org.db.jwt-key.pem").write_text("no key")
    with pytest.raises(SandboxError, match=r"jwt-key\.pem"):
        SandboxServer(tmp_path / "org.db").start()


def test_a_broken_certificate_is_refused(tmp_path: Path) -> None:
    """The message names the files."""
    (tmp_path / "cert.pem").write_text("no certificate")
    certificate = Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    with pytest.raises(SandboxError, match=r"cert\.pem with .*key\.pem"):
        SandboxServer(tmp_path / "org.db", setup=Setup(certificate=certificate)).start()


def test_credentials_are_known_once_it_has_started(tmp_path: Path) -> None:
    """Before, asking is an error that says so."""
    with pytest.raises(SandboxError, match="not started"):
        _ = SandboxServer(tmp_path / "org.db").credentials


def test_stop_is_harmless_twice_and_start_works_again(tmp_path: Path) -> None:
    """A restarted server keeps its port."""
    server = SandboxServer(tmp_path / "org.db")
    server.stop()
    server.start()
    url = server.url
    server.stop()
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    server.start()
    assert server.url == url
    assert requests.get(url, timeout=5).status_code == 404
    server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_serves_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """It prints where it is and how to log in, and leaves cleanly."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path / "org.db"), "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(9)]
    url = lines[0].split()[3].rstrip(",")
    answer = requests.post(
        f"{url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": lines[5].split()[-1],
            "client_secret": lines[6].split()[-1],
        },
        timeout=10,
    )
    assert answer.status_code == 200
    assert Path(lines[7].split()[-1]).exists()
    process.send_signal(number)
    _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")


def test_a_killed_server_leaves_whole_calls_only(tmp_path: Path) -> None:
    """After SIGKILL the file holds every acknowledged call, and no call's half."""
    path = tmp_path / "org.db"
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(path), "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[3].rstrip(",")
    with SandboxServer(path) as here:  # on the same file: sessions are the file's
        partner = Partner(here)
    content = partner.envelope(f"<p:create>{sobjects('Account', [{'Name': 'A'}] * 200)}</p:create>")
    killer = threading.Timer(0.4, process.kill)
    killer.start()
    acknowledged = 0
    with contextlib.suppress(requests.RequestException):
        while True:
            done = partner.http.post(f"{url}/services/Soap/u/66.0", data=content, timeout=10)
            acknowledged += done.text.count("<success>true</success>")
    killer.join()
    partner.http.close()
    process.communicate(timeout=20)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute('SELECT count(*) FROM "Account"').fetchone()
    assert acknowledged > 0
    assert count in {acknowledged, acknowledged + 200}


def test_a_restarted_server_gets_its_port_back_at_once(tmp_path: Path) -> None:
    """Connections that a client still held when it stopped do not keep the port."""
    server = SandboxServer(tmp_path / "org.db")
    with requests.Session() as client:
        for _ in range(3):
            with server:
                url = server.url
                assert client.get(url, timeout=5).status_code == 404
    assert server.url == url
