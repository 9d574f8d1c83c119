"""`python -m tests.benchmarks.matching SIZE`: customers matched, in a process of its own.

Prints a JSON of the seconds and the CPU seconds it took, the proposals, and the most memory that
the process held, the made-up customers included.
"""

import json
import os
import sys
import time

from bridge.matching.model import MODEL_FILE, load_model
from bridge.matching.proposing import Matcher, propose
from bridge.settings import find_config
from tests.benchmarks.servers import peak_megabytes_of
from tests.quality.companies import two_sides

CORRUPTION = 0.2


def main(size: int) -> None:
    """Makes both sides, matches them, tells."""
    truth = two_sides(size, corruption=CORRUPTION, seed=1)
    matcher = Matcher(model=load_model(find_config(None, MODEL_FILE)))
    started, worked = time.monotonic(), time.process_time()
    proposals, _ = propose(matcher, truth.erp, truth.crm)
    told = {
        "seconds": time.monotonic() - started,
        "cpu_seconds": time.process_time() - worked,
        "proposals": len(proposals),
        "megabytes": peak_megabytes_of(os.getpid()),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
