"""Faults on demand, as a client meets them; rules and dice have tests of their own."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from bridge.sandbox import SandboxError, SandboxServer, Setup
from tests.sandbox.conftest import Clock
from tests.sandbox.partner import NS, Fault, Partner, window

SMALLEST = "<p:QueryOptions><p:batchSize>200</p:batchSize></p:QueryOptions>"
HTML = "text/html; charset=utf-8"
Ask = Callable[[str], requests.Response]


@pytest.fixture
def ask(sandbox: SandboxServer) -> Iterator[Ask]:
    """Puts fault rules in force, while the server runs."""
    with requests.Session() as http:
        url = f"{sandbox.url}/sandbox/faults"
        yield lambda text: http.put(url, data=text, timeout=10)


def test_a_code_is_answered_as_a_fault(partner: Partner, ask: Ask) -> None:
    """Nothing is done, and the call counts."""
    ask('[[fault]]\nkind = "fault"\ncode = "REQUEST_LIMIT_EXCEEDED"\ncalls = [1, 3]')
    with pytest.raises(Fault) as refused:
        partner.create("Account", {"Name": "A"})
    assert refused.value.code == "sf:REQUEST_LIMIT_EXCEEDED"
    assert refused.value.message == "REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded."
    assert partner.create("Account", {"Name": "B"})[0].success
    with pytest.raises(Fault, match="REQUEST_LIMIT_EXCEEDED"):
        partner.create("Account", {"Name": "C"})
    ask("")
    assert partner.count("SELECT COUNT() FROM Account") == 1
    envelope = partner.send("<p:getServerTimestamp/>")
    assert envelope.findtext(".//p:current", None, NS) == "5"


def test_a_code_of_any_kind_may_have_its_words(partner: Partner, ask: Ask) -> None:
    """The operator writes the message."""
    ask('[[fault]]\nkind = "fault"\ncode = "ORG_IN_MAINTENANCE"\nmessage = "Back at noon"')
    with pytest.raises(Fault, match="ORG_IN_MAINTENANCE: Back at noon"):
        partner.call("getUserInfo")


def test_a_machine_in_front_answers_in_html(partner: Partner, ask: Ask) -> None:
    """HTTP 503, or another status, without an envelope; the token endpoint only when named."""
    ask('[[fault]]\nkind = "http"')
    answer = partner.post(partner.envelope("<p:getUserInfo/>"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, HTML)
    assert partner.authorise().status_code == 200
    ask('[[fault]]\nkind = "http"\nstatus = 502\noperations = ["token"]')
    assert partner.authorise().status_code == 502
    assert partner.post(partner.envelope("<p:getUserInfo/>")).status_code == 200


def test_the_token_endpoint_refuses_in_its_own_shape(partner: Partner, ask: Ask) -> None:
    """An OAuth error with code and message."""
    ask('[[fault]]\nkind = "fault"\ncode = "invalid_grant"\noperations = ["token"]')
    answer = partner.authorise()
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_a_session_dies(partner: Partner, ask: Ask) -> None:
    """INVALID_SESSION_ID until a new one is opened, not only once."""
    ask('[[fault]]\nkind = "session"\ncalls = [2]\noperations = ["getUserInfo"]')
    partner.call("getUserInfo")
    for _ in range(2):
        with pytest.raises(Fault, match="INVALID_SESSION_ID"):
            partner.call("getUserInfo")
    partner.renew()
    partner.call("getUserInfo")


def test_a_locator_dies(partner: Partner, ask: Ask) -> None:
    """INVALID_QUERY_LOCATOR, and the page cannot be had any more."""
    for start in (0, 200):
        partner.create("Account", *[{"Name": f"N{start + n}"} for n in range(200)])
    locator = partner.query("SELECT Name FROM Account", headers=SMALLEST).findtext(
        "p:queryLocator", "", NS
    )
    ask('[[fault]]\nkind = "locator"\ncalls = [1]')
    for _ in range(2):
        with pytest.raises(Fault, match="INVALID_QUERY_LOCATOR"):
            partner.query_more(locator, SMALLEST)


def test_rows_fail_one_by_one(partner: Partner, ask: Ask) -> None:
    """A share of a call's rows is refused, the rest saved; the words name the record."""
    ask('seed = 3\n[[fault]]\nkind = "row"\nshare = 0.25')
    rows = partner.create("Account", *[{"Name": f"N{n}"} for n in range(200)])
    failed = [row for row in rows if not row.success]
    assert 20 < len(failed) < 80
    assert {row.codes for row in failed} == {("UNABLE_TO_LOCK_ROW",)}
    assert partner.count("SELECT COUNT() FROM Account") == 200 - len(failed)
    key = next(row.id for row in rows if row.success)
    ask('[[fault]]\nkind = "row"')
    (locked,) = partner.update("Account", {"Id": str(key), "Name": "X"})
    assert locked.messages == (
        f"unable to obtain exclusive access to this record or 1 records: {key}",
    )


def test_all_or_none_takes_the_neighbours_along(partner: Partner, ask: Ask) -> None:
    """A row that a fault befalls undoes the call."""
    ask('seed = 3\n[[fault]]\nkind = "row"\nshare = 0.25')
    header = "<p:AllOrNoneHeader><p:allOrNone>true</p:allOrNone></p:AllOrNoneHeader>"
    rows = partner.create("Account", *[{"Name": f"N{n}"} for n in range(20)], headers=header)
    assert {row.codes[0] for row in rows} == (
        {"UNABLE_TO_LOCK_ROW", "ALL_OR_NONE_OPERATION_ROLLED_BACK"}
    )


@pytest.mark.parametrize("kind", ["lost", "reset"])
def test_an_answer_is_lost_after_the_commit(partner: Partner, ask: Ask, kind: str) -> None:
    """The client cannot know that the record is there."""
    ask(f'[[fault]]\nkind = "{kind}"\noperations = ["create"]')
    with pytest.raises(requests.RequestException):
        partner.create("Account", {"Name": "A"})
    assert partner.count("SELECT COUNT() FROM Account") == 1


def test_a_reset_comes_in_the_middle(partner: Partner, ask: Ask) -> None:
    """Status and headers arrive, the whole body does not."""
    partner.create("Account", *[{"Name": "A" * 200} for _ in range(200)])
    ask('[[fault]]\nkind = "reset"')
    soql = "<p:query><p:queryString>SELECT Name FROM Account</p:queryString></p:query>"
    url = f"{partner.server.url}/services/Soap/u/66.0"
    sent = {"Content-Type": "text/xml", "Accept-Encoding": "identity"}
    answer = requests.post(url, data=partner.envelope(soql), headers=sent, stream=True, timeout=10)
    assert answer.status_code == 200
    with pytest.raises(requests.RequestException):
        _ = answer.content


def test_an_answer_takes_its_time(partner: Partner, ask: Ask) -> None:
    """Latency adds up where several rules meet."""
    ask('[[fault]]\nkind = "latency"\nseconds = 0.2\n[[fault]]\nkind = "latency"\nseconds = 0.2')
    started = time.monotonic()
    partner.call("getUserInfo")
    assert time.monotonic() - started >= 0.4


def test_the_server_stops_in_the_midst_of_waiting(sandbox: SandboxServer, ask: Ask) -> None:
    """A latency of minutes does not keep it up."""
    partner = Partner(sandbox)
    ask('[[fault]]\nkind = "latency"\nseconds = 300')
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(partner.post, partner.envelope("<p:getUserInfo/>"))
        time.sleep(0.2)
        started = time.monotonic()
        sandbox.stop()
        assert time.monotonic() - started < 30
        waiting.exception(timeout=30)
    partner.http.close()


def test_a_late_commit_appears_in_the_past(tmp_path: Path) -> None:
    """Its stamp lies before one that was seen already; getUpdated does not cover it until then."""
    with SandboxServer(tmp_path / "org.db", clock=Faster()) as server:
        late, prompt = Partner(server), Partner(server)
        url = f"{server.url}/sandbox/faults"
        rule = '[[fault]]\nkind = "late-commit"\nseconds = 3\ncalls = [1]'
        requests.put(url, data=rule, timeout=10)
        thread = threading.Thread(target=late.create, args=("Account", {"Name": "late"}))
        thread.start()
        while requests.get(url, timeout=10).json()["faults"][0]["met"] == 0:
            time.sleep(0.02)
        time.sleep(0.3)
        prompt.create("Account", {"Name": "prompt"})
        soql = "SELECT Name, SystemModstamp FROM Account ORDER BY SystemModstamp"
        (seen,) = prompt.rows(soql)
        held_back = covered(prompt, server)
        thread.join()
        first, second = prompt.rows(soql)
        assert (first["Name"], second["Name"]) == ("late", "prompt")
        assert str(first["SystemModstamp"]) < str(seen["SystemModstamp"])
        assert held_back <= datetime.fromisoformat(str(first["SystemModstamp"]))
        assert covered(prompt, server) > datetime.fromisoformat(str(second["SystemModstamp"]))
        late.http.close()
        prompt.http.close()


class Faster:
    """A clock on which a real second is ten minutes: what is held back by minutes is seen soon."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def __call__(self) -> datetime:
        passed = (time.monotonic() - self._started) * 600
        return datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=passed)


def covered(partner: Partner, server: SandboxServer) -> datetime:
    """What getUpdated says that it covers, asked beyond now."""
    start = datetime(2026, 3, 1, 11, tzinfo=UTC)
    (found,) = partner.call("getUpdated", window("Account", start, start + timedelta(days=1)))
    return datetime.fromisoformat(found.findtext("p:latestDateCovered", "", NS))


def test_the_same_seed_makes_the_same_calls_fail(partner: Partner, ask: Ask) -> None:
    """Whatever other operations do in between; another seed fails others."""

    def failures(seed: int, between: int) -> list[bool]:
        ask(f'seed = {seed}\n[[fault]]\nkind = "fault"\ncode = "QUERY_TIMEOUT"\nshare = 0.5')
        failed = []
        for _ in range(12):
            for _ in range(between):
                partner.post(partner.envelope("<p:getUserInfo/>"))
            soql = "<p:query><p:queryString>SELECT Id FROM Account</p:queryString></p:query>"
            failed.append(partner.post(partner.envelope(soql)).status_code == 500)
        return failed

    first = failures(7, between=0)
    assert True in first
    assert False in first
    assert failures(7, between=1) == first
    assert failures(8, between=0) != first


def test_the_rules_in_force_are_told(sandbox: SandboxServer, partner: Partner, ask: Ask) -> None:
    """With how many calls each has befallen; DELETE ends them, a bad rule changes nothing."""
    ask('[[fault]]\nkind = "http"\ncalls = [2]\n[[fault]]\nkind = "latency"\nseconds = 0.001')
    for _ in range(3):
        partner.post(partner.envelope("<p:getUserInfo/>"))
    refused = ask('[[fault]]\nkind = "htp"')
    assert refused.status_code == 400
    assert "kind must be one of" in refused.json()["error"]
    url = f"{sandbox.url}/sandbox/faults"
    told = requests.get(url, timeout=10).json()["faults"]
    assert [(rule["kind"], rule["met"]) for rule in told] == [("http", 1), ("latency", 3)]
    assert requests.delete(url, timeout=10).json()["faults"] == []


def test_rest_meets_the_same_faults(partner: Partner, ask: Ask) -> None:
    """By the name of the operation behind the route."""
    url = f"{partner.server.url}/services/data/v66.0/query?q=SELECT+Id+FROM+Account"
    headers = {"Authorization": f"Bearer {partner.token}"}
    ask('[[fault]]\nkind = "fault"\ncode = "REQUEST_LIMIT_EXCEEDED"\noperations = ["query"]')
    refused = partner.http.get(url, headers=headers)
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")
    ask('[[fault]]\nkind = "http"')
    assert partner.http.get(url, headers=headers).status_code == 503
    ask('[[fault]]\nkind = "lost"')
    with pytest.raises(requests.ConnectionError):
        partner.http.get(url, headers=headers)


def test_rules_come_from_a_file(tmp_path: Path) -> None:
    """They are in force from the start; a file that is wrong stops it."""
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nkind = "http"\nstatus = 500')
    with SandboxServer(tmp_path / "org.db", setup=Setup(faults=faults)) as server:
        partner = Partner(server)
        answer = partner.post(partner.envelope("<p:getUserInfo/>"))
        assert (answer.status_code, answer.headers["Content-Type"]) == (500, HTML)
        partner.http.close()
    faults.write_text('[[fault]]\nkind = "http"\nstatus = 200')
    with pytest.raises(SandboxError, match=r"faults\.toml: fault 1: status"):
        SandboxServer(tmp_path / "org.db", setup=Setup(faults=faults)).start()
    with pytest.raises(SandboxError, match=r"none\.toml"):
        SandboxServer(tmp_path / "org.db", setup=Setup(faults=tmp_path / "none.toml")).start()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[fault]", "no TOML"),
        ('seed = "x"', "seed"),
        ("seeds = 1", "unknown key 'seeds'"),
        ("fault = 1", "tables"),
        ("[[fault]]", "kind must be one of"),
        ('[[fault]]\nkind = "latency"', "needs seconds"),
        ('[[fault]]\nkind = "fault"', "needs code"),
        ('[[fault]]\nkind = "latency"\nseconds = 601', "seconds must lie"),
        ('[[fault]]\nkind = "row"\nshare = 1.5', "share must lie"),
        ('[[fault]]\nkind = "lost"\ncalls = [0]', "calls are"),
        ('[[fault]]\nkind = "lost"\ncalls = 1', "calls must be a list"),
        ('[[fault]]\nkind = "lost"\noperations = ["login", "creat"]', "operation 'creat'"),
        ('[[fault]]\nkind = "lost"\nrate = 1', "unknown key 'rate'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told(ask: Ask, text: str, problem: str) -> None:
    """The answer says what is wrong, and in which rule."""
    answer = ask(text)
    assert answer.status_code == 400
    assert problem in answer.json()["error"]


def test_a_plain_server_has_no_faults(sandbox: SandboxServer, clock: Clock) -> None:
    """Unless told otherwise."""
    told = requests.get(f"{sandbox.url}/sandbox/faults", timeout=10).json()
    assert told == {"seed": 0, "faults": []}
