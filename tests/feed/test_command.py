"""The command `erp-bridge feed`, run as a person runs it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service import NAME, Service

COLUMNS = '[columns]\nnumber = "No"\nname = "Name"\n[constants]\nstatus = "ACTIVE"\n'


class Desk:
    """A folder with a file and its columns, and someone who feeds it."""

    def __init__(self, folder: Path, service: Service) -> None:
        self.folder, self.service = folder, service
        (folder / "columns.toml").write_text(COLUMNS)
        (folder / "export.csv").write_text("No,Name\nC1,One\nC2,Two\n")

    def feed(
        self, *more: str, url: str | None = None, secret: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs the command in the folder."""
        plain = {name: text for name, text in os.environ.items() if "ERP_BRIDGE" not in name}
        command = ["feed", "export.csv", "--as", "customers", "--columns", "columns.toml"]
        target = ["--url", url or self.service.url, "--consumer", NAME]
        return subprocess.run(
            [sys.executable, "-m", "bridge", *command, *target, *more],
            cwd=self.folder,
            env=plain | ({"ERP_BRIDGE_CONSUMER_SECRET": secret} if secret else {}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def desk(tmp_path: Path, service: Service) -> Desk:
    """Someone with two customers to feed."""
    return Desk(tmp_path, service)


def test_it_feeds_and_reports(desk: Desk) -> None:
    """Exit code 0 with the figures on standard output, progress on standard error."""
    done = desk.feed(secret=desk.service.secret)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert done.stdout.splitlines()[:2] == [
        "export.csv: 2 rows, each a customer",
        "  accepted            2",
    ]
    assert "sending export.csv" in done.stderr


def test_it_prints_json_and_ends_with_1_where_rows_were_rejected(desk: Desk) -> None:
    """One object on standard output, nothing else; the rejects file is written."""
    (desk.folder / "export.csv").write_text("No,Name\nC1,One\n,Nobody\n")
    (desk.folder / "secret").write_text(desk.service.secret + "\n")
    done = desk.feed("--secret-file", "secret", "--rejects", "rejects.csv", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["accepted"], report["rejected"], report["held"]) == (1, 1, 0)
    assert report["rejections"]["REQUIRED_FIELD"]["first"] == [
        {"line": 3, "key": "", "field": "number", "message": "number: is required and empty"}
    ]
    assert report["totals"]["ACCEPTED"][0]["amounts"] == {"amount": "0"}
    assert (desk.folder / "rejects.csv").read_text().splitlines()[1:] == [
        ",Nobody,3,REQUIRED_FIELD,number: is required and empty"
    ]


@pytest.mark.parametrize("problem", ["secret", "url", "columns", "file", "wrong"])
def test_what_cannot_work_is_one_line_and_exit_code_2(desk: Desk, problem: str) -> None:
    """Never a traceback, and never a secret."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    secret, url = desk.service.secret, desk.service.url
    match problem:
        case "secret":
            secret, expected = "", "set ERP_BRIDGE_CONSUMER_SECRET"
        case "url":
            url, expected = f"http://127.0.0.1:{port}", "Connection refused"
        case "columns":
            (desk.folder / "columns.toml").write_text(COLUMNS.replace("name =", "nam ="))
            expected = "columns.toml, line 3: a customer has no field 'nam'; did you mean 'name'?"
        case "file":
            (desk.folder / "export.csv").write_text("No;Name\nC1;One\n")
            expected = "has no column 'No'"
        case _:
            secret, expected = "wrong", "WrongCredentials: wrong name or secret"
    done = desk.feed(url=url, secret=secret)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = [line for line in done.stderr.splitlines() if "…" not in line]
    assert expected in line
    assert desk.service.secret not in line


def test_a_whole_file_is_told_in_a_snapshot(desk: Desk) -> None:
    """Of the instant at which the file was written, or that is given; exit code 1 if it fails."""
    secret = desk.service.secret
    desk.feed(secret=secret)
    export = desk.folder / "export.csv"
    export.write_text("No,Name\nC1,One\n")
    done = desk.feed("--snapshot", "--as-of", "2001-01-01T01:00+01:00", secret=secret)
    assert "snapshot of customers: 1 row told, 0 gone from the ERP" in done.stdout
    done = desk.feed("--snapshot", "--json", secret=secret)
    assert done.returncode == 0
    (told,) = json.loads(done.stdout)["told"]
    assert (told["company_code"], told["records"], told["gone"]) == ("", 1, 1)
    export.write_text("No,Name\nC1,One\nC2\n")
    done = desk.feed("--snapshot", secret=secret)
    assert (done.returncode, "1 row could not be submitted" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--as-of", "2026-01-01"], "--as-of belongs to --snapshot"),
        (["--snapshot", "--as-of", "soon"], "'soon' is no instant"),
    ],
)
def test_an_instant_that_means_nothing(desk: Desk, words: list[str], said: str) -> None:
    """It is told how to write it."""
    done = desk.feed(*words, secret=desk.service.secret)
    assert done.returncode == 2
    assert said in done.stderr
