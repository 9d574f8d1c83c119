"""Fitting the model to records of which nobody told what belongs together."""

from bridge.matching.model import MODEL_FILE, load_model
from bridge.matching.settings import MatchingSettings
from bridge.matching.training import fit
from bridge.settings import find_config
from tests.quality.companies import two_sides


def test_fit() -> None:
    """It learns how carefully both sides are kept, and keeps what the records do not show."""
    start = load_model(find_config(None, MODEL_FILE))
    truth = two_sides(600, corruption=0.5, seed=11)
    fitted = fit(start, truth.erp, truth.crm, (), settings=MatchingSettings(), trained_on="here")
    assert fitted.trained_on == "here"
    street = fitted.fields["street"]["the same"]
    assert 0.3 < street.same < start.fields["street"]["the same"].same
    assert street.others < 0.01
