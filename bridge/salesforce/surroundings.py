"""The clock and the chance that the connector lives by."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import random


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """`sleep` takes seconds, and says whether it was cut short because the process has to end;
    `random` gives 0 up to 1, `now` an aware instant, `ticks` seconds that never go back.
    """

    sleep: Callable[[float], bool | None] = time.sleep
    random: Callable[[], float] = random
    now: Callable[[], datetime] = _utc_now
    ticks: Callable[[], float] = time.monotonic


REAL = Surroundings()
