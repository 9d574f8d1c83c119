"""A plain Splink set-up for Febrl 4: what its documentation's parts give without further thought.

Columns as they are, comparisons and blocking rules from Splink's library, a model estimated from
the unlabelled records, and a pair counts from a match probability of 0.9 on.
"""

import logging

import duckdb
import pyarrow
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from tests.quality.febrl import Rows
from tests.quality.measuring import Pairs

_LEAST_PROBABILITY = 0.9
_PAIRS = 1e6 + 1
_NAMES_AND_ADDRESSES = (
    block_on("given_name", "surname"),
    block_on("surname", "postcode"),
    block_on("given_name", "postcode"),
    block_on("street_number", "address_1"),
)
_NUMBERS = (block_on("date_of_birth"), block_on("soc_sec_id"))


def plain_pairs(erp: Rows, crm: Rows, *, numbers: bool) -> Pairs:
    """The pairs that it takes for the same; with dates of birth and numbers, or without."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET threads = 1")  # the same sample each time
        api = DuckDBAPI(connection=connection)
        sides = [
            api.register(_table(side), dataset_display_name=name)
            for name, side in (("a", erp), ("b", crm))  # Splink sorts them
        ]
        linker = Linker(sides, _settings(numbers), log_level=None)
        _train(linker, numbers)
        found = linker.inference.predict(threshold_match_probability=_LEAST_PROBABILITY)
        pairs = f"SELECT rec_id_l, rec_id_r FROM {found.physical_name}"
        return connection.execute(pairs).fetchall()


def _table(side: Rows) -> pyarrow.Table:
    columns = {name: [row[name].strip() or None for row in side] for name in side[0]}
    return pyarrow.table(columns)


def _settings(numbers: bool) -> SettingsCreator:
    names = (cl.NameComparison(one) for one in ("given_name", "surname"))
    numbered = [
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
        cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
    ]
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        comparisons=[
            *(one.configure(term_frequency_adjustments=True) for one in names),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address_1"),
            cl.JaroWinklerAtThresholds("suburb").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            *(numbered if numbers else ()),
        ],
        blocking_rules_to_generate_predictions=[
            *_NAMES_AND_ADDRESSES,
            *(_NUMBERS if numbers else ()),
        ],
    )


def _train(linker: Linker, numbers: bool) -> None:
    sure = [block_on("given_name", "surname", "postcode"), *(_NUMBERS if numbers else ())]
    linker.training.estimate_probability_two_random_records_match(sure, recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=_PAIRS, seed=1)
    for key in (block_on("given_name", "surname"), block_on("street_number", "postcode")):
        linker.training.estimate_parameters_using_expectation_maximisation(key)
