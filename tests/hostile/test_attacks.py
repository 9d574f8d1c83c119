"""Named attacks over real sockets: each gets its fault at once, and stores nothing."""

import itertools
import re
import time

import pytest
import requests

from tests.hostile.attacks import ATTACKS, GOOD, XML, Attack
from tests.hostile.attacks_of_soap_12 import ATTACKS_OF_SOAP_12
from tests.hostile.attacks_of_ws_security import ATTACKS_OF_WS_SECURITY
from tests.hostile.proofs import CONSUMER
from tests.hostile.target import Answer, Target, judge, resident_kilobytes

SECONDS = 1.0
ALL = [*ATTACKS, *ATTACKS_OF_SOAP_12]


def attacked(url: str, target: Target | None, attack: Attack) -> tuple[Answer, float]:
    """The answer to an attack, with a consumer's credentials or none, and the seconds it took."""
    started = time.monotonic()
    response = requests.post(
        url,
        data=attack.content,
        headers={"Content-Type": XML} | dict(attack.headers),
        auth=(CONSUMER, target.secret) if target else None,
        timeout=30,
    )
    seconds = time.monotonic() - started
    return Answer(response.status_code, response.headers, response.content), seconds


@pytest.fixture(autouse=True, scope="module")
def acquainted(target_url: str, target: Target) -> None:
    """The first call of all compiles plans and hashes the secret."""
    refused = Attack("", "", b"")
    attacked(target_url, target, refused)


@pytest.mark.parametrize("attack", ALL, ids=lambda attack: attack.name)
def test_attack(target_url: str, target: Target, attack: Attack) -> None:
    """The typed fault, its faultcode and its status, in less than a second; nothing is stored."""
    before = target.stored()
    answers = [attacked(target_url, target, attack) for _ in range(3)]
    answer, seconds = min(answers, key=lambda answered: answered[1])  # the one disturbed least
    fault = judge(answer)
    assert fault is not None
    assert (fault.code, fault.retryable) == (attack.code, False), fault.message
    assert answer.status == attack.status
    code = re.search(rb"<(?:faultcode|soap:Value)>soap:(\w+)</", answer.content)
    assert code is not None
    assert code[1].decode() == attack.fault_code
    assert bool(fault.violations) == (attack.code == "ContractViolated")
    assert seconds < SECONDS
    assert target.stored() == before


@pytest.mark.parametrize("attack", ATTACKS_OF_WS_SECURITY, ids=lambda attack: attack.name)
def test_attack_by_ws_security(target_url: str, target: Target, attack: Attack) -> None:
    """The same from callers who show nothing but a Security header; none of them is let in."""
    answers = [attacked(target_url, None, attack) for _ in range(3)]
    answer, seconds = min(answers, key=lambda answered: answered[1])
    fault = judge(answer)
    assert fault is not None
    assert (fault.code, fault.retryable) == (attack.code, False), fault.message
    assert answer.status == attack.status
    code = re.search(rb"<(?:faultcode|soap:Value)[^>]*>([\w:]+)</", answer.content)
    assert code is not None
    assert code[1].decode().replace("Sender", "Client") == attack.fault_code
    assert seconds < SECONDS


def test_names_differ() -> None:
    """A name tells one attack."""
    everything = [*ALL, *ATTACKS_OF_WS_SECURITY]
    assert len({attack.name for attack in everything}) == len(everything)


@pytest.mark.parametrize("name", ["mallory\0", "\ud800", "x" * 50_000, "", "' OR 1=1 --", "\n"])
def test_hostile_names(target_url: str, target: Target, name: str) -> None:
    """A name that no consumer can have is a wrong one."""
    response = requests.post(
        target_url,
        data=GOOD.encode(),
        headers={"Content-Type": XML},
        auth=requests.auth.HTTPBasicAuth(name.encode("utf-8", "surrogatepass"), b"x"),
        timeout=30,
    )
    fault = judge(Answer(response.status_code, response.headers, response.content))
    assert fault is not None
    assert (response.status_code, fault.code) == (401, "WrongCredentials")


@pytest.mark.parametrize(
    "names",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"},
        {"Forwarded": "host=evil.example"},
        {"X-Original-URL": "//evil.example"},
    ],
)
def test_spoofed_hosts(target_url: str, names: dict[str, str]) -> None:
    """No header of a request gets into the WSDL that others read."""
    response = requests.get(f"{target_url}?wsdl", headers=names, timeout=30)
    assert response.status_code == 200
    assert b"http://127.0.0.1:8080/soap/v1" in response.content
    assert b"evil" not in response.content


def test_memory_stays(target: Target) -> None:
    """Once all attacks were met, 2,500 more take no more memory."""
    small = [attack for attack in ALL if len(attack.content) < 100_000]
    meet(target, small, 500)
    before = resident_kilobytes()
    meet(target, small, 2500)
    assert resident_kilobytes() - before < 12_000


def meet(target: Target, attacks: list[Attack], count: int) -> None:
    """Sends so many attacks, one after the other."""
    for attack in itertools.islice(itertools.cycle(attacks), count):
        judge(target.post(attack.content, attack.headers))
