"""Where the extra is not installed."""

import pytest

from bridge.domain.identity import identity_of
from bridge.domain.records import values_of
from bridge.matching import proposing
from bridge.matching.exact import Known
from bridge.matching.proposing import Matcher, propose
from bridge.matching.settings import MatchingSettings
from tests.builders import customer


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact keys link as ever, and one line tells how to get the rest."""
    monkeypatch.setattr(proposing, "is_installed", lambda: False)
    one = [Known(1, "C1", identity_of(values_of(customer())))]
    proposals, notes = propose(Matcher(), one, one)
    assert [proposal.why for proposal in proposals] == ["the same tax number"]
    assert notes == [
        "only exact keys were compared; for the rest: pip install 'erp-bridge[matching]'"
    ]
    wanted = Matcher(MatchingSettings(scored=False))
    assert propose(wanted, one, one)[1] == []
