"""Which rules are checked, where, and why others cannot be: the list behind `wsdl lint --rules`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.wsdl.lint import envelopes
from bridge.wsdl.lint.findings import Rule, by_name
from bridge.wsdl.lint.linting import CHECKS
from bridge.wsdl.lint.service import RULES

_WIDTH_OF_NAMES = 7


@dataclass(frozen=True)
class Unchecked:
    """A rule of the profile that neither a WSDL nor an envelope shows, and why."""

    name: str
    reason: str


REFUSED = Rule(
    "R1008",
    "neither a WSDL nor an envelope has a DOCTYPE",
    "remove it: the document is not read before",
)
_RECEIVER = "binds who receives envelopes: an envelope alone shows nothing of it"
_NO_RULE = "the Basic Profile 1.1 has no rule of this number"
UNCHECKED = (
    Unchecked("R1002", f"{_RECEIVER} (a detail may hold any elements, or none)"),
    Unchecked("R1010", f"{_RECEIVER} (an XML declaration may stand before it)"),
    Unchecked("R2006", _NO_RULE),
    Unchecked("R2703", _NO_RULE),
    Unchecked("R2704", _NO_RULE),
    Unchecked("R2712", "needs a message beside its WSDL: a toolchain or SoapUI validates it"),
    Unchecked("R2713", _NO_RULE),
    Unchecked("R2714", "needs a call of a one-way operation, which may change something"),
    Unchecked("R2715", _NO_RULE),
)


def render_rules() -> str:
    """Every rule by the place where it is looked for."""
    places = {
        "in a WSDL": [one.rule for one in CHECKS],
        "in an envelope": [one.rule for one in envelopes.CHECKS],
        "of a service, with --call": RULES,
        "while reading; exit code 2": (REFUSED,),
    }
    lines: list[str] = []
    for place, rules in places.items():
        lines += [f"Checked {place}:", *_told(rules), ""]
    lines.append("Not checked:")
    lines += [f"  {one.name:{_WIDTH_OF_NAMES}}{one.reason}" for one in UNCHECKED]
    return "\n".join(lines)


def _told(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in sorted(rules, key=by_name):
        yield f"  {rule.name:{_WIDTH_OF_NAMES}}{rule.asks}"
