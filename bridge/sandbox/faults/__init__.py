"""Faults on demand: what shall go wrong, how often, and the same again with the same seed."""

from bridge.sandbox.faults.file import NO_FAULTS, FaultRules, read_fault_rules
from bridge.sandbox.faults.plan import Ending, Fate, FaultPlan
from bridge.sandbox.faults.rules import FaultRule, Kind

__all__ = [
    "NO_FAULTS",
    "Ending",
    "Fate",
    "FaultPlan",
    "FaultRule",
    "FaultRules",
    "Kind",
    "read_fault_rules",
]
