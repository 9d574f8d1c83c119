"""`erp-bridge demo --once --json`, as a newcomer runs it, on SQLite and on PostgreSQL."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def demo(folder: Path, database_url: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Runs the command in a folder of its own, against this database."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ERP_BRIDGE_")
    }
    return subprocess.run(
        [sys.executable, "-m", "bridge", "demo", "--once", *options],
        cwd=folder,
        env={**environment, "ERP_BRIDGE_DATABASE__URL": database_url},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.timeout(300)
def test_the_demo_finds_what_it_planted(database_url: str, tmp_path: Path) -> None:
    """All figures are what the planted drift demands; a database with records in it is refused."""
    done = demo(tmp_path, database_url, "--json")
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout)
    assert told["ok"]
    assert len(told["figures"]) > 20
    assert all(figure["found"] == figure["expected"] for figure in told["figures"])
    assert {line["record_type"] for line in told["totals"]} == {
        "CUSTOMER",
        "INVOICE",
        "PAYMENT",
        "CREDIT_MEMO",
    }

    again = demo(tmp_path, database_url, "--json")
    assert again.returncode == 2
    assert (
        again.stderr.strip()
        .splitlines()[-1]
        .endswith("the demonstration wants an empty database; this one holds records")
    )


def test_the_demo_reports_in_words(tmp_path: Path) -> None:
    """Without --json it tells the story, the figures, the totals and the open breaks."""
    done = demo(tmp_path, f"sqlite:///{tmp_path}/bridge.db")
    assert done.returncode == 0, done.stderr[-2_000:]
    for words in ("Both sides drift apart", "Control totals", "MISSING_IN_CRM", "Every figure"):
        assert words in done.stdout
