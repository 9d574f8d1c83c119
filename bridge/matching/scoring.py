"""What is likely: Splink scores pairs by a model, in a DuckDB in this process.

The score is the logarithm to base 2 of the odds that both are the same: what is known before any
field is looked at, and what each field adds or takes (Fellegi and Sunter, "A Theory for Record
Linkage", 1969). Rare values weigh more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import log2
from typing import Any

import duckdb
import pyarrow
from splink import DuckDBAPI, Linker

from bridge.domain.matching import Evidence, Pair, Proposal
from bridge.matching.blocking import block
from bridge.matching.comparisons import COMPARISONS, FREQUENCIES, Comparison, Level
from bridge.matching.exact import Capped, Known
from bridge.matching.model import Model
from bridge.matching.settings import MatchingSettings
from bridge.matching.sides import load_side

_LEAST_POPULATION = 2_000
"""Of how many customers, at least, the one on the other side is taken to be."""
_PRESUMED = 500
"""For how many customers the model's frequencies stand, beside those that are there."""
_MOST_FOR_RARITY = 8
"""How many times as telling as the model says a rare value may be."""
_MOST_PARTNERS = 5
"""How many pairs of a record matter: the best, and those that may come near it."""

_ScoreRow = tuple[str, str, float, str | None]


class Scorer:
    """Both sides in a database, compared by a model."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, model: Model, settings: MatchingSettings
    ) -> None:
        self._connection, self._model, self._settings = connection, model, settings
        self._population = _LEAST_POPULATION

    def score(
        self, erp: Sequence[Known], crm: Sequence[Known], exact: Sequence[Pair]
    ) -> tuple[list[Pair], list[Capped]]:
        """The pairs that may be the same, and what was not compared.

        Those that share a strong key are compared in any case, and keep it.
        """
        load_side(self._connection, "erp", erp)
        load_side(self._connection, "crm", crm)
        self._population = max(len(erp), len(crm), _LEAST_POPULATION)
        capped = block(self._connection, max_pairs_per_key=self._settings.max_pairs_per_key)
        self._add_pairs(exact)
        self._predict()
        pairs = {
            (erp_key, crm_key): Pair(erp=erp_key, crm=crm_key, bits=bits, contradiction=doubt)
            for erp_key, crm_key, bits, doubt in self._scores()
        }
        for pair in exact:
            scored = pairs.get((pair.erp, pair.crm))
            if scored is not None:
                pairs[pair.erp, pair.crm] = replace(pair, bits=scored.bits)
            elif pair.contradiction is None:
                pairs[pair.erp, pair.crm] = pair
        return list(pairs.values()), capped

    def explain(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """The same with what each field told."""
        told = self._evidence([one.pair for one in proposals])
        return [
            replace(one, pair=replace(one.pair, evidence=told[one.pair.erp, one.pair.crm]))
            if (one.pair.erp, one.pair.crm) in told
            else one
            for one in proposals
        ]

    @property
    def _least_bits(self) -> float:
        """Weaker pairs are neither proposed nor rivals."""
        return self._settings.least_suggest_bits - self._settings.margin_bits

    @property
    def _prior_bits(self) -> float:
        """What is known of a pair before it is looked at: half of all have somebody to meet."""
        return log2(0.5 / self._population)

    def _add_pairs(self, exact: Sequence[Pair]) -> None:
        self._keep("exact", exact)
        self._connection.execute("INSERT INTO pair SELECT * FROM exact EXCEPT SELECT * FROM pair")

    def _predict(self) -> None:
        """Makes the table `score` with Splink, a row for each pair that matters."""
        api = DuckDBAPI(connection=self._connection)
        sides = [api.register(side, dataset_display_name=side) for side in ("erp", "crm")]
        linker = Linker(sides, self._splink_settings(), log_level=None, validate_settings=False)
        for column in FREQUENCIES:
            self._connection.execute(_frequencies(column, _base(self._model, column)))
            table = api.register(f"frequency_{column}")
            linker.table_management.register_term_frequency_lookup(table, column)
        self._connection.execute(_BLOCKED)
        linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
        predicted = linker.inference.predict(
            threshold_match_weight=self._least_bits, warning_mode="never"
        )
        self._connection.execute(_SCORE.format(predicted=predicted.physical_name))

    def _splink_settings(self) -> dict[str, Any]:
        return {
            "link_type": "link_only",
            "unique_id_column_name": "id",
            "probability_two_random_records_match": 2**self._prior_bits,
            "comparisons": [splink_comparison(one, self._model) for one in COMPARISONS],
            "blocking_rules_to_generate_predictions": [],
            "retain_matching_columns": True,
            "retain_intermediate_calculation_columns": True,
        }

    def _scores(self) -> list[_ScoreRow]:
        """In the order of keys, so that nothing depends on how the database worked."""
        doubts = (
            f"WHEN gamma_{splink_name(one)} = {_gamma(one, level)} THEN '{level.label} {one.field}'"
            for one in COMPARISONS
            for level in one.levels
            if level.doubtful
        )
        doubt = f"CASE {' '.join(doubts)} END"
        query = f"SELECT id_l, id_r, round(match_weight, 6), {doubt} FROM score ORDER BY id_l, id_r"
        return self._connection.execute(query).fetchall()

    def _evidence(self, pairs: Sequence[Pair]) -> dict[tuple[str, str], tuple[Evidence, ...]]:
        self._keep("wanted", pairs)
        columns = ", ".join(column for one in COMPARISONS for column in _evidence_columns(one))
        rows = self._connection.execute(
            f"""
            SELECT id_l, id_r, {columns} FROM score
            JOIN wanted ON id_l = wanted.erp AND id_r = wanted.crm
            JOIN erp ON erp.id = id_l JOIN crm ON crm.id = id_r
            """
        ).fetchall()
        return {(row[0], row[1]): (self._prior(), *_told(row[2:])) for row in rows}

    def _prior(self) -> Evidence:
        level = f"one of {self._population:,}"
        return Evidence("before looking", level, round(self._prior_bits, 2), "", "")

    def _keep(self, table: str, pairs: Sequence[Pair]) -> None:
        columns = {
            "erp": pyarrow.array([pair.erp for pair in pairs], pyarrow.string()),
            "crm": pyarrow.array([pair.crm for pair in pairs], pyarrow.string()),
        }
        self._connection.register("incoming", pyarrow.table(columns))
        self._connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM incoming")
        self._connection.unregister("incoming")


@contextmanager
def open_scorer(model: Model, settings: MatchingSettings) -> Iterator[Scorer]:
    """A scorer with a database of its own, gone at the end."""
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET memory_limit = '{settings.max_memory_mb}MB'")
        yield Scorer(connection, model, settings)


def splink_name(comparison: Comparison) -> str:
    """The comparison's name as Splink's columns have it."""
    return comparison.field.replace(" ", "_").replace("-", "_")


def splink_comparison(comparison: Comparison, model: Model) -> dict[str, Any]:
    """The comparison as Splink's settings have it, with the model's shares."""
    shares = model.fields[comparison.field]
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": level.condition,
            "label_for_charts": level.label,
            "m_probability": shares[level.label].same,
            "u_probability": shares[level.label].others,
            **({"tf_adjustment_column": level.frequency} if level.frequency else {}),
        }
        for level in comparison.levels
    ]
    unknown = {
        "sql_condition": comparison.unknown,
        "label_for_charts": "unknown",
        "is_null_level": True,
    }
    return {
        "output_column_name": splink_name(comparison),
        "comparison_levels": [unknown, *levels],
    }


def _gamma(comparison: Comparison, level: Level) -> int:
    """How Splink numbers levels: the last one is 0."""
    return len(comparison.levels) - 1 - comparison.levels.index(level)


def _base(model: Model, column: str) -> float:
    """How often two customers that are not the same have the same value there."""
    return max(
        model.fields[one.field][level.label].others
        for one in COMPARISONS
        for level in one.levels
        if level.frequency == column
    )


def _frequencies(column: str, base: float) -> str:
    """A value's frequency: the model's, until enough customers tell another."""
    return f"""
        CREATE TABLE frequency_{column} AS
        SELECT {column}, greatest(
            (max(n) - 1 + {_PRESUMED * base!r}) / (max(side) + {_PRESUMED}),
            {base / _MOST_FOR_RARITY!r}
        )::DOUBLE AS tf_{column}
        FROM (
            SELECT {column}, count(*) AS n, (SELECT count({column}) FROM erp) AS side
            FROM erp GROUP BY {column}
            UNION ALL
            SELECT {column}, count(*), (SELECT count({column}) FROM crm) FROM crm GROUP BY {column}
        )
        WHERE {column} IS NOT NULL GROUP BY {column}
    """


def _evidence_columns(comparison: Comparison) -> Iterator[str]:
    name = splink_name(comparison)
    rarity = f" + mw_tf_adj_{name}" if any(one.frequency for one in comparison.levels) else ""
    yield f"gamma_{name}"
    yield f"mw_{name}{rarity}"
    yield f"erp.{comparison.column}"
    yield f"crm.{comparison.column}"


def _told(cells: Sequence[Any]) -> Iterator[Evidence]:
    for place, comparison in enumerate(COMPARISONS):
        gamma, bits, erp, crm = cells[4 * place : 4 * place + 4]
        level = comparison.levels[-1 - gamma].label if gamma >= 0 else "unknown"
        weight = round(bits, 2) if gamma >= 0 else 0.0
        yield Evidence(comparison.field, level, weight, erp or "", crm or "")


_BLOCKED = """
    CREATE TABLE blocked AS
    SELECT '0' AS match_key, 'erp-__-' || erp AS join_key_l, 'crm-__-' || crm AS join_key_r
    FROM pair
"""
_SCORE = f"""
    CREATE TABLE score AS SELECT * FROM {{predicted}}
    QUALIFY least(
        row_number() OVER (PARTITION BY id_l ORDER BY match_weight DESC, id_r),
        row_number() OVER (PARTITION BY id_r ORDER BY match_weight DESC, id_l)
    ) <= {_MOST_PARTNERS}
"""
