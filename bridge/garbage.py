"""When Python looks for garbage.

Batches of records are many objects without a cycle: looking through them for garbage finds nothing,
and at Python's own pace takes a tenth of the time of submissions and of jobs.
"""

import gc

_NEW_OBJECTS = 20_000


def collect_seldom() -> None:
    """Has this process look less often, and never through what is loaded now, which stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
