"""Spoiled requests: whatever is sent, a good answer comes back or a typed fault."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.soap.fault_codes import FAULT_CODES
from tests.hostile.mutations import SEEDS, spoil_bytes, spoil_headers, spoil_structure
from tests.hostile.target import Answer, Target, judge

# The target is shared by all examples: no answer may depend on what was sent before.
# A failure is told as it was found: to shrink it would take minutes.
SHARED = settings(
    max_examples=300,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


class Drawn:
    """Decisions that Hypothesis draws, and can shrink."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data

    def number(self, below: int) -> int:
        """From 0 up to, and without, `below`."""
        return self._data.draw(st.integers(0, below - 1))

    def text(self) -> str:
        """Any text."""
        return self._data.draw(st.text(max_size=50))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unspoiled_request_goes_all_the_way(target: Target, seed: bytes) -> None:
    """What is spoiled is good before: in both versions of SOAP, by each proof of the consumer."""
    fault = judge(target.post(seed))
    assert fault is None or fault.code in KNOWN_FAULTS, fault


def assert_judged(answer: Answer) -> None:
    """A good answer, or a typed fault that travels as its code has to (`judge` asserts that)."""
    fault = judge(answer)
    assert fault is None or fault.code in FAULT_CODES


KNOWN_FAULTS = (
    "UnknownSnapshot", "UnfitSnapshot", "UnknownRecord", "UnknownMessageId", "MessageIdReused",
)  # fmt: skip
"""What operations answer where nothing is there yet, or something of another test."""


@SHARED
@given(data=st.data())
def test_spoiled_bytes(target: Target, data: st.DataObject) -> None:
    """Bytes lost, doubled, flipped or put in."""
    source = Drawn(data)
    content = SEEDS[source.number(len(SEEDS))]
    for _ in range(1 + source.number(3)):
        content = spoil_bytes(content, source)
    assert_judged(target.post(content))


@SHARED
@given(data=st.data())
def test_spoiled_structure(target: Target, data: st.DataObject) -> None:
    """Elements lost, doubled, moved, renamed, nested; texts and attributes that nobody expects."""
    source = Drawn(data)
    content = SEEDS[source.number(len(SEEDS))]
    for _ in range(1 + source.number(3)):
        content = spoil_structure(content, source)
    assert_judged(target.post(content))


@SHARED
@given(data=st.data())
def test_spoiled_headers(target: Target, data: st.DataObject) -> None:
    """HTTP headers that say something else than the body."""
    source = Drawn(data)
    content = spoil_bytes(SEEDS[source.number(len(SEEDS))], source)
    content, headers = spoil_headers(content, source)
    assert_judged(target.post(content, headers))


@SHARED
@given(content=st.binary(max_size=2000))
def test_any_bytes(target: Target, content: bytes) -> None:
    """Bytes that never were an envelope."""
    assert judge(target.post(content)) is not None
