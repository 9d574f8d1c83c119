"""Where a request breaks the contract, in words that a person can act on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml.etree import QName, _Element

from bridge import BridgeError


@dataclass(frozen=True, slots=True)
class Violation:
    """One place: the line of the request, the path of the element, what is wrong with it."""

    line: int
    path: str
    message: str


class ContractViolated(BridgeError):
    """A request that the contract's schema does not allow. `violations` has one at least."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        first, others = violations[0], len(violations) - 1
        more = f" (and {others} more)" if others else ""
        super().__init__(f"line {first.line}, {first.path}: {first.message}{more}")
        self.violations = tuple(violations)


def violation_at(element: _Element, message: str) -> Violation:
    """A violation by this element."""
    line = element.sourceline
    return Violation(line if isinstance(line, int) else 0, path_of(element), message)


def told_namespace(name: QName, right: str) -> str:
    """What to say of an element in another namespace than the right one: by its name it fits."""
    where = f"the namespace {name.namespace[:200]}" if name.namespace else "no namespace"
    return f"Element '{name.localname[:100]}' is in {where}: it has to be in {right}."


def path_of(element: _Element) -> str:
    """The element's path from the body, such as SubmitInvoices/Invoice[2]/IssuedOn."""
    steps = [element, *element.iterancestors()]
    return "/".join(_steps(reversed(steps[: _depth_below_body(steps)])))


def _depth_below_body(steps: Sequence[_Element]) -> int:
    names = [QName(step).localname for step in steps]
    return names.index("Body") if "Body" in names else len(names)


def _steps(elements: Iterable[_Element]) -> Iterable[str]:
    for element in elements:
        name = QName(element).localname
        before = sum(1 for _ in element.itersiblings(element.tag, preceding=True))
        after = next(element.itersiblings(element.tag), None)
        yield f"{name}[{before + 1}]" if before or after is not None else name
