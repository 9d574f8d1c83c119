"""Fitting the model to records: how often the same customers are alike in each way, and others.

What others have in common by chance is counted on random pairs. What the same ones have in common
is counted on links, where there are enough; else it is estimated by expectation maximisation
(Dempster, Laird and Rubin, 1977) among pairs with a name, domain, tax number or address in common.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow
from splink import DuckDBAPI, Linker, block_on

from bridge.matching.comparisons import COMPARISONS
from bridge.matching.exact import Known
from bridge.matching.model import LevelShares, Model
from bridge.matching.scoring import splink_comparison, splink_name
from bridge.matching.settings import MatchingSettings
from bridge.matching.sides import load_side

_RANDOM_PAIRS = 1_000_001  # Splink warns of its default, a million
_LEAST_SHARE = 1e-6
"""What was never seen among so many is taken to be this rare, not impossible."""
_LEAST_SAME = 1e-3
_EM_KEYS = (("name_key",), ("domain",), ("tax_number",), ("postal_code", "house"))
_LEAST_EM_PAIRS = 50


def fit(
    start: Model,
    erp: Sequence[Known],
    crm: Sequence[Known],
    links: Sequence[tuple[str, str]],
    *,
    settings: MatchingSettings,
    trained_on: str,
    random_pairs: int = _RANDOM_PAIRS,
) -> Model:
    """A model of these records. `links` are pairs that are the same; without, they are estimated.

    Levels that these records do not show keep what `start` says. The more `random_pairs`, the surer
    is what it says of rare likeness.
    """
    with _linker(start, erp, crm, settings) as (linker, api):
        linker.training.estimate_u_using_random_sampling(
            max_pairs=random_pairs, seed=1, min_count_per_level=None, num_chunks=1
        )
        if links:
            table = api.register(_labels(links), dataset_display_name="labels")
            linker.training.estimate_m_from_pairwise_labels(table)  # type: ignore[no-untyped-call]
        else:
            for key in _EM_KEYS:
                if _pairs_by(api.duckdb_con, key) >= _LEAST_EM_PAIRS:
                    linker.training.estimate_parameters_using_expectation_maximisation(
                        block_on(*key)
                    )
        trained = linker.misc.save_model_to_json()
    return Model(trained_on=trained_on, fields=_fields(start, trained))


@contextmanager
def _linker(
    start: Model, erp: Sequence[Known], crm: Sequence[Known], settings: MatchingSettings
) -> Iterator[tuple[Linker, DuckDBAPI]]:
    # Splink would warn of each level that these records do not show: it keeps its share.
    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET memory_limit = '{settings.max_memory_mb}MB'")
        connection.execute("SET threads = 1")  # the same sample each time
        load_side(connection, "erp", erp)
        load_side(connection, "crm", crm)
        api = DuckDBAPI(connection=connection)
        sides = [api.register(side, dataset_display_name=side) for side in ("erp", "crm")]
        yield Linker(sides, _splink_settings(start), log_level=None), api


def _splink_settings(start: Model) -> dict[str, Any]:
    comparisons = [splink_comparison(one, start) for one in COMPARISONS]
    for comparison in comparisons:
        for level in comparison["comparison_levels"]:
            level.pop("tf_adjustment_column", None)  # shares are of all values, rare or not
    return {
        "link_type": "link_only",
        "unique_id_column_name": "id",
        "comparisons": comparisons,
        "blocking_rules_to_generate_predictions": [],
    }


def _pairs_by(connection: duckdb.DuckDBPyConnection, key: Sequence[str]) -> int:
    query = f"SELECT count(*) FROM erp JOIN crm USING ({', '.join(key)})"
    (row,) = connection.execute(query).fetchall()
    return int(row[0])


def _labels(links: Sequence[tuple[str, str]]) -> pyarrow.Table:
    return pyarrow.table(
        {
            "source_dataset_l": ["erp"] * len(links),
            "id_l": [erp for erp, _ in links],
            "source_dataset_r": ["crm"] * len(links),
            "id_r": [crm for _, crm in links],
        }
    )


def _fields(start: Model, trained: dict[str, Any]) -> dict[str, dict[str, LevelShares]]:
    found = {one["output_column_name"]: one["comparison_levels"] for one in trained["comparisons"]}
    return {
        one.field: {
            level["label_for_charts"]: _shares(
                level, start.fields[one.field][level["label_for_charts"]]
            )
            for level in found[splink_name(one)]
            if not level.get("is_null_level")
        }
        for one in COMPARISONS
    }


def _shares(level: dict[str, Any], start: LevelShares) -> LevelShares:
    same, others = level.get("m_probability"), level.get("u_probability")
    return LevelShares(
        same=float(f"{max(same if same else start.same, _LEAST_SAME):.4g}"),
        others=float(f"{max(others if others else start.others, _LEAST_SHARE):.4g}"),
    )
