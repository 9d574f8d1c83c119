"""The model: how often customers that are the same, and ones that are not, are alike in each way.

A file of its own (matching.json), so that it ships with the project, can be read by people, and
outlives versions of Splink. `erp-bridge links train` writes one for a company's own records.
"""

import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bridge import BridgeError
from bridge.matching.comparisons import COMPARISONS

MODEL_FILE = "matching.json"
Share = Annotated[float, Field(gt=0, le=1)]


class BadModel(BridgeError):
    """A file that is no model, or one of other comparisons."""


class LevelShares(BaseModel):
    """The share of pairs that is alike in this way, of those that are the same and of others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    same: Share
    others: Share


class Model(BaseModel):
    """Field -> level -> shares; and what it was trained on, in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trained_on: str
    fields: Mapping[str, Mapping[str, LevelShares]]

    @model_validator(mode="after")
    def _is_whole(self) -> "Model":
        for comparison in COMPARISONS:
            wanted = {level.label for level in comparison.levels}
            if set(self.fields.get(comparison.field, {})) != wanted:
                raise ValueError(f"{comparison.field} wants the levels {', '.join(sorted(wanted))}")
        return self


def load_model(file: Traversable) -> Model:
    """Reads a model. Raises BadModel."""
    try:
        return Model.model_validate_json(file.read_text(encoding="utf-8"))
    except (ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise BadModel(f"{file}: {reason}: train it anew with erp-bridge links train") from None


def model_text(model: Model) -> str:
    """A model as its file holds it."""
    return json.dumps(model.model_dump(), indent=2, ensure_ascii=False) + "\n"
