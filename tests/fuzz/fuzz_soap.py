"""Feeds the SOAP endpoint, in this process, with what atheris makes of valid requests.

`python -m tests.fuzz.fuzz_soap SECONDS [INPUT]` (`make fuzz SECONDS=60 [INPUT=…]`) fails on an
exception that escapes, on an answer that is neither good nor a typed fault, on one that takes
longer than a second, and on memory that grows. It prints executions, answers by kind, memory and
coverage. The input that failed is left below var/, in a file whose name libFuzzer tells; give that
name as INPUT to repeat it.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris
import structlog

with atheris.instrument_imports(include=["bridge.soap", "bridge.operations", "bridge.domain"]):
    from tests.hostile import mutations, target

WARM_UP = 5_000
"""Executions after which memory should stay where it is."""

MAX_GROWTH_KILOBYTES = 60_000
MAX_SECONDS = 1.0
REPORT_EVERY = 500


class Decisions:
    """A mutation's decisions, from the fuzzer's bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = atheris.FuzzedDataProvider(data)

    def number(self, below: int) -> int:
        """From 0 up to, and without, `below`."""
        return self._data.ConsumeIntInRange(0, below - 1)

    def text(self) -> str:
        """Any text."""
        return self._data.ConsumeUnicodeNoSurrogates(self.number(50))


class MemoryGrew(Exception):
    """The process holds more and more memory."""


class TookTooLong(Exception):
    """An answer came too late."""


class Fuzzer:
    """Sends requests and judges the answers; writes what it saw into a file, now and then."""

    def __init__(self, victim: target.Target, report: Path) -> None:
        self._victim = victim
        self._report = report
        self._answers: Counter[str] = Counter()
        self._executions = 0
        self._settled_kilobytes = 0

    def __call__(self, data: bytes) -> None:
        """One execution: the first byte chooses between the other bytes and a spoiled request."""
        content, headers = _request(data)
        started = time.monotonic()
        fault = target.judge(self._victim.post(content, headers))
        if time.monotonic() - started > MAX_SECONDS:
            raise TookTooLong(fault)
        self._answers[fault.code if fault else "ok"] += 1
        self._executions += 1
        if self._executions % REPORT_EVERY == 0:
            self._look_at_memory()

    def _look_at_memory(self) -> None:
        now = target.resident_kilobytes()
        if self._executions <= WARM_UP:
            self._settled_kilobytes = now
        answers = " ".join(f"{code}={count}" for code, count in self._answers.most_common())
        self._report.write_text(
            f"{self._executions:,} executions: {answers}\n"
            f"memory {self._settled_kilobytes:,} KB after {WARM_UP:,} executions, {now:,} KB now\n"
        )
        if now - self._settled_kilobytes > MAX_GROWTH_KILOBYTES:
            raise MemoryGrew(f"from {self._settled_kilobytes:,} to {now:,} KB")


def main(seconds: int, given: Path | None) -> int:
    """Runs the fuzzer in a process of its own and prints what it did; its exit code."""
    with TemporaryDirectory(prefix="fuzz") as folder:
        inputs = given or _write_seeds(Path(folder))
        Path("var").mkdir(exist_ok=True)
        command = [sys.executable, "-W", "ignore", "-m", "tests.fuzz.fuzz_soap", "--child", folder]
        limits = [
            f"-max_total_time={seconds}",
            "-max_len=20000",
            "-timeout=10",
            "-artifact_prefix=var/fuzz-",
        ]
        before = time.monotonic()
        done = subprocess.run(
            [*command, *limits, "-print_final_stats=1", str(inputs)],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        report = Path(folder) / "report"
        print(report.read_text() if report.exists() else "", end="")
        print(f"{time.monotonic() - before:.0f} s; {_last_status(done.stderr)}")
        if done.returncode:
            print(done.stderr[-8000:])
    print("failed" if done.returncode else "ok: only good answers and typed faults; memory flat")
    return done.returncode


def _write_seeds(folder: Path) -> Path:
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(mutations.SEEDS):
        (corpus / f"plain-{number}").write_bytes(b"\0" + seed)
    for number in range(50):
        (corpus / f"spoiled-{number}").write_bytes(os.urandom(400).replace(b"\0", b"\1"))
    return corpus


def _last_status(output: str) -> str:
    """libFuzzer's last line with figures: cov is edges, ft features, corp inputs and bytes."""
    lines = re.findall(r"^#\d+\s.*$", output, re.MULTILINE)
    return re.sub(r"\s+", " ", lines[-1]) if lines else "libFuzzer said nothing"


def _request(data: bytes) -> tuple[bytes, dict[str, str]]:
    if data[:1] in (b"", b"\0"):
        return data[1:], {}
    decisions = Decisions(data[1:])
    content = mutations.SEEDS[decisions.number(len(mutations.SEEDS))]
    for _ in range(1 + decisions.number(4)):
        spoil = (mutations.spoil_structure, mutations.spoil_bytes)[decisions.number(2)]
        content = spoil(content, decisions)
    return mutations.spoil_headers(content, decisions)


def _fuzz(folder: Path, arguments: list[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # errors alone
    with target.open_target(folder) as victim:
        atheris.Setup(["fuzz_soap", *arguments], Fuzzer(victim, folder / "report"))
        atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "--child":
        _fuzz(Path(sys.argv[2]), sys.argv[3:])
    else:
        sys.exit(main(int(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
