"""Who may be whom: exact keys first, then scores where there are some, then one partner each."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

from bridge import __version__
from bridge.domain.matching import Pair, Proposal, assign
from bridge.matching.exact import Capped, Known, exact_pairs
from bridge.matching.model import Model
from bridge.matching.settings import MatchingSettings

_MOST_NOTES = 10


def is_installed() -> bool:
    """Whether the extra `matching` is."""
    return all(find_spec(name) is not None for name in ("splink", "duckdb", "pyarrow"))


@dataclass(frozen=True, slots=True)
class Matcher:
    """How customers are matched: by scores where there is a model and the extra `matching`."""

    settings: MatchingSettings = field(default_factory=MatchingSettings)
    model: Model | None = None

    @property
    def fingerprint(self) -> str:
        """All that its proposals depend on, besides the customers."""
        model = self.model.model_dump_json() if self.model else ""
        return f"{__version__} {is_installed()} {self.settings.model_dump_json()} {model}"


def propose(
    matcher: Matcher,
    erp: Sequence[Known],
    crm: Sequence[Known],
    *,
    refused: Container[tuple[str, str]] = frozenset(),
) -> tuple[list[Proposal], list[str]]:
    """The proposals for both sides, and a line for each thing that was not compared.

    `refused` are pairs that nobody wants to see: (ERP number, Salesforce id).
    """
    settings = matcher.settings
    exact, crowded = exact_pairs(erp, crm, max_pairs_per_key=settings.max_pairs_per_key)
    if not (settings.scored and matcher.model and is_installed()):
        return assign(_free(exact, refused), settings.limits), [*_notes(crowded), *_hint(settings)]
    # Splink and DuckDB are an extra, and take a while to load.
    from bridge.matching.scoring import open_scorer  # noqa: PLC0415

    with open_scorer(matcher.model, settings) as scorer:
        pairs, capped = scorer.score(erp, crm, exact)
        proposals = scorer.explain(assign(_free(pairs, refused), settings.limits))
    return proposals, _notes([*crowded, *capped])


def _free(pairs: Iterable[Pair], refused: Container[tuple[str, str]]) -> list[Pair]:
    return [pair for pair in pairs if (pair.erp, pair.crm) not in refused]


def _notes(capped: Sequence[Capped]) -> list[str]:
    most = sorted(capped, key=lambda one: (-one.pairs, one.what))
    lines = [f"not compared for {one.what}: {one.pairs:,} pairs share it" for one in most]
    more = [f"... and {len(lines) - _MOST_NOTES:,} more"] if len(lines) > _MOST_NOTES else []
    return lines[:_MOST_NOTES] + more


def _hint(settings: MatchingSettings) -> list[str]:
    if settings.scored and not is_installed():
        return ["only exact keys were compared; for the rest: pip install 'erp-bridge[matching]'"]
    return []
