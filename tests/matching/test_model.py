"""The model's file."""

import json
from pathlib import Path

import pytest

from bridge.matching.comparisons import COMPARISONS
from bridge.matching.model import MODEL_FILE, BadModel, load_model, model_text
from bridge.settings import find_config


def test_the_one_that_ships(tmp_path: Path) -> None:
    """It fits the comparisons, the most alike speak for a pair and the least against it."""
    model = load_model(find_config(None, MODEL_FILE))
    for one in COMPARISONS:
        best, worst = (model.fields[one.field][one.levels[at].label] for at in (0, -1))
        assert best.same > best.others, one.field
        assert worst.same < worst.others, one.field
    (tmp_path / MODEL_FILE).write_text(model_text(model), encoding="utf-8")
    assert load_model(find_config(tmp_path, MODEL_FILE)) == model


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda plain: plain["fields"].pop("phone"), "phone wants the levels"),
        (lambda plain: plain["fields"]["name"].popitem(), "name wants the levels"),
        (lambda plain: plain.pop("trained_on"), "Field required"),
    ],
)
def test_another_file(tmp_path: Path, change: object, complaint: str) -> None:
    """What does not fit is told in one line, with what to do."""
    plain = json.loads(find_config(None, MODEL_FILE).read_text(encoding="utf-8"))
    change(plain)  # type: ignore[operator]
    (tmp_path / MODEL_FILE).write_text(json.dumps(plain), encoding="utf-8")
    with pytest.raises(BadModel, match=f"{complaint}.*links train"):
        load_model(tmp_path / MODEL_FILE)
