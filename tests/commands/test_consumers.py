"""`erp-bridge consumers` on a real database."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.app import open_application, utc_now
from bridge.cli import main
from bridge.operations.authentication import (
    Authenticator,
    Certificate,
    Consumer,
    Credentials,
    Secret,
)
from bridge.operations.certificates import fingerprint_of_pem
from bridge.operations.kept_secrets import make_key
from bridge.store.calls import add_calls
from tests.callers import CALL, certificate, pem_of

ONE = "ab" * 32


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty database, and a folder to be in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ERP_BRIDGE_DATABASE__URL", f"sqlite:///{tmp_path}/bridge.db")
    application = open_application()
    application.prepare_database()
    application.close()


@pytest.fixture
def digest_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that digest consumers need."""
    monkeypatch.setenv("ERP_BRIDGE_CONSUMERS__DIGEST_KEY", make_key())


def erp_bridge(*words: str) -> Result:
    """Runs a command."""
    return CliRunner().invoke(main, ["consumers", *words], catch_exceptions=False)


def done(*words: str) -> str:
    """Runs a command that has to succeed; what it said on standard output."""
    result = erp_bridge(*words)
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: str) -> str:
    """Runs a command that cannot be done; the one line that says why."""
    result = erp_bridge(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    return line.removeprefix("erp-bridge: ")


def shown(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done("show", name, "--json"))
    return found


def who_is(credentials: Credentials) -> Consumer:
    application = open_application()
    found = Authenticator(application.sessions).authenticate(credentials, address="", now=utc_now())
    application.engine.dispose()
    return found


def test_whoever_sends_notifications_gets_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key in it, beside the secret; a new secret makes a new one."""
    monkeypatch.setenv("ERP_BRIDGE_SOAP__PUBLIC_URL", "https://bridge.example")
    added = erp_bridge("add", "salesforce", "--operations", "notifications")
    address = f"https://bridge.example/salesforce/notifications/1.{added.stdout.strip()}"
    assert added.stderr.strip().endswith(address)
    told = json.loads(done("rotate", "salesforce", "--json"))
    assert told["endpoint"] == f"https://bridge.example/salesforce/notifications/{told['api_key']}"
    assert told["api_key"] != f"1.{added.stdout.strip()}"


def test_add_prints_the_secret_and_nothing_else() -> None:
    """For a script to take; nothing that `show` or `list` prints has it."""
    printed = done("add", "erp")
    secret = printed.strip()
    assert printed == secret + "\n"
    assert who_is(Secret("erp", secret)) == Consumer("erp")
    for words in (("list",), ("show", "erp"), ("list", "--json"), ("show", "erp", "--json")):
        assert secret not in done(*words)


def test_add_as_json_has_the_api_key() -> None:
    """The consumer's id and its secret."""
    done("add", "other")
    added = json.loads(done("add", "erp", "--json"))
    assert (added["id"], added["name"]) == (2, "erp")
    assert added["api_key"] == f"2.{added['secret']}"


def test_add_with_rights() -> None:
    """Lists by commas, by an option each, or both."""
    done(
        "add", "erp", "--operations", "Ping,GetReceipt", "--operations", "SubmitInvoices",
        "--record-types", "invoice, credit-memo", "--company", "1000", "--company", "2000",
        "--network", "192.0.2.0/24,2001:db8::/32", "--calls-per-minute", "60",
        "--calls-at-once", "4", "--keep-envelopes",
    )  # fmt: skip
    assert shown("erp")["rights"] == {
        "operations": ["GetReceipt", "Ping", "SubmitInvoices"],
        "record_types": ["CREDIT_MEMO", "INVOICE"],
        "company_codes": ["1000", "2000"],
        "networks": ["192.0.2.0/24", "2001:db8::/32"],
        "calls_per_minute": 60,
        "calls_at_once": 4,
        "keep_envelopes": True,
    }
    assert done("show", "erp").splitlines()[2:9] == [
        "operations     GetReceipt, Ping, SubmitInvoices",
        "record types   CREDIT_MEMO, INVOICE",
        "companies      1000, 2000",
        "networks       192.0.2.0/24, 2001:db8::/32",
        "calls a minute 60",
        "calls at once  4",
        "envelopes      kept",
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--operations", "SubmitInvoice"], "no operation 'SubmitInvoice': did you mean Submit"),
        (["--operations", "ping"], "there is no operation 'ping': did you mean Ping?"),
        (["--operations", "Ping,"], "there is no operation '': there are "),
        (["--record-types", "invoces"], "no record type 'invoces': did you mean invoice?"),
        (["--record-types", "x"], "there are customer, invoice, payment, credit-memo"),
        (["--network", "192.0.2.1/24"], "'192.0.2.1/24' is no network: 192.0.2.1/24 has host"),
        (["--network", "any,192.0.2.1"], "'any' is no network"),
        (["--company", "10/00"], "company_code: '10/00' may hold letters, digits"),
        (["--calls-per-minute", "0"], "calls per minute: 0 is not between 1 and 100,000"),
        (["--certificate", "x.pem"], "'x.pem' is no file, and a certificate's fingerprint is"),
        (["--digest"], "digests need a key: put what `erp-bridge consumers make-key` prints"),
    ],
)
def test_what_is_wrong_is_told_and_nobody_is_added(words: list[str], reason: str) -> None:
    """In one line, with what may be meant."""
    assert reason in refused("add", "erp", *words)
    assert json.loads(done("list", "--json")) == []


def test_a_limit_that_is_no_number_is_told() -> None:
    """As any wrong option."""
    result = erp_bridge("add", "erp", "--calls-at-once", "many")
    assert result.exit_code == 2
    assert "'many' is neither a whole number nor `any`" in result.stderr


def test_permit_changes_what_is_named() -> None:
    """And lifts what is any."""
    done("add", "erp", "--operations", "Ping", "--calls-per-minute", "60", "--keep-envelopes")
    lines = done("permit", "erp", "--operations", "any", "--company", "1000").splitlines()
    assert lines[0] == "operations     any"
    assert lines[2] == "companies      1000"
    rights = shown("erp")["rights"]
    assert (rights["calls_per_minute"], rights["keep_envelopes"]) == (60, True)
    done("permit", "erp", "--calls-per-minute", "any", "--no-keep-envelopes", "--company", "any")
    rights = shown("erp")["rights"]
    assert (rights["calls_per_minute"], rights["keep_envelopes"]) == (None, False)
    assert rights["company_codes"] == []
    assert refused("permit", "erp").startswith("say what to change")


def test_rotate_prints_the_new_secret() -> None:
    """Both work for a day, and a second rotation says until when."""
    old = done("add", "erp").strip()
    result = erp_bridge("rotate", "erp")
    new = result.stdout.strip()
    assert re.fullmatch(r"what proved erp before works until .{20}\n", result.stderr)
    assert who_is(Secret("erp", old)) == who_is(Secret("erp", new))
    assert "was rotated already" in refused("rotate", "erp")
    kinds = [(one["kind"], one["expires_at"] is None) for one in shown("erp")["credentials"]]
    assert kinds == [("SECRET", True), ("SECRET", False)]
    assert ", works until " in done("show", "erp").splitlines()[10]
    added = json.loads(done("rotate", "erp", "--overlap-hours", "0", "--json"))
    assert added["api_key"] == f"1.{added['secret']}"
    assert len(shown("erp")["credentials"]) == 2 - 1


def test_a_certificate_from_a_file(now: datetime, tmp_path: Path) -> None:
    """In PEM, or by its fingerprint; exchanged as a secret is."""
    pem = pem_of(certificate(now))
    (tmp_path / "erp.pem").write_bytes(pem)
    done("add", "erp", "--certificate", "erp.pem")
    assert who_is(Certificate(fingerprint_of_pem(pem))) == Consumer("erp")
    result = erp_bridge("rotate", "erp", "--certificate", ":".join(["AB"] * 32))
    assert (result.exit_code, result.stdout) == (0, "")
    assert who_is(Certificate(ONE)) == who_is(Certificate(fingerprint_of_pem(pem)))
    assert f"certificate    {ONE} since" in done("show", "erp")
    (tmp_path / "erp.pem").write_bytes(pem[:100])
    assert refused("add", "other", "--certificate", "erp.pem").startswith(
        "erp.pem: no certificate in PEM"
    )
    assert "proves a consumer already" in refused("add", "other", "--certificate", ONE)


@pytest.mark.usefixtures("digest_key")
def test_a_digest_consumer_is_added_and_resealed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key that make-key printed, and another one after it."""
    key = done("make-key").strip()
    monkeypatch.setenv("ERP_BRIDGE_CONSUMERS__DIGEST_KEY", key)
    done("add", "erp", "--digest")
    assert [one["kind"] for one in shown("erp")["credentials"]] == ["DIGEST_SECRET", "SECRET"]
    new = done("make-key").strip()
    monkeypatch.setenv("ERP_BRIDGE_CONSUMERS__DIGEST_KEY", f"{new}\n{key}")
    assert done("reseal") == "encrypted 1 secret with the first key\n"
    monkeypatch.setenv("ERP_BRIDGE_CONSUMERS__DIGEST_KEY", new)
    done("rotate", "erp")


def test_a_wrong_digest_key_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a real one with a letter missing."""
    monkeypatch.setenv("ERP_BRIDGE_CONSUMERS__DIGEST_KEY", "geheim")
    reason = refused("add", "erp", "--digest")
    assert "consumers.digest_key: " in reason
    assert "geheim" not in reason


def test_disable_and_enable() -> None:
    """By name; the state shows."""
    done("add", "erp")
    assert done("disable", "erp") == "erp is disabled\n"
    assert "disabled" in done("list")
    assert done("show", "erp").startswith("erp is disabled, since ")
    assert done("enable", "erp") == "erp is enabled\n"
    assert shown("erp")["enabled"]


@pytest.mark.parametrize("verb", ["show", "permit", "rotate", "disable", "enable"])
def test_an_unknown_name_is_told_the_nearest(verb: str) -> None:
    """Whatever was to be done with it."""
    done("add", "sap-europe")
    more = ["--keep-envelopes"] if verb == "permit" else []
    assert refused(verb, "sap-europa", *more) == (
        "there is no consumer 'sap-europa', did you mean 'sap-europe'?"
    )


def test_show_tells_the_last_call() -> None:
    """What it was, and what came of it."""
    done("add", "erp")
    application = open_application()
    with application.sessions.begin() as session:
        add_calls(session, [CALL])
    application.engine.dispose()
    assert done("show", "erp").splitlines()[-1] == (
        "last call      2026-03-01 08:00:00Z, SubmitInvoices: ok, from 2001:db8::1"
    )
    (listed,) = json.loads(done("list", "--json"))
    assert listed["last_call_at"].startswith("2026-03-01")


def test_a_name_is_no_markup() -> None:
    """A table shows it as it is."""
    done("add", "[red]erp[/blue]")
    assert "[red]erp[/blue]" in done("list")
    assert done("show", "[red]erp[/blue]").startswith("[red]erp[/blue] is enabled")


def test_a_new_certificate_as_json() -> None:
    """One document that says which it is; the rest goes to standard error."""
    done("add", "erp")
    told = erp_bridge("rotate", "erp", "--certificate", "AB" * 32, "--json")
    assert json.loads(told.stdout) == {"name": "erp", "certificate": "ab" * 32}


@pytest.mark.parametrize("hours", ["nan", "inf", "-1", "1e30"])
def test_an_overlap_is_a_number_of_hours(hours: str) -> None:
    """Not one that no clock can count."""
    done("add", "erp")
    assert "--overlap-hours" in refused("rotate", "erp", "--overlap-hours", hours)
