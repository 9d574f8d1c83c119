"""What the facts of a client have to be."""

import re

from tests.interop.checks import Check, Expected, problems_of, told_by

CHECK = Check("names", ("customer.*", "feed.page.1"))


def test_facts_as_expected_are_no_problem() -> None:
    """A check holds where each of its facts is the text, or has the form, that is expected."""
    told = {"customer.name": "Łódź", "customer.id": "001A"}
    expected: Expected = {"customer.name": "Łódź", "customer.id": re.compile("001.")}
    assert problems_of(CHECK, expected, told) == []


def test_another_value_fails_the_check() -> None:
    """A fact that differs is a problem that tells both values."""
    told = {"customer.name": "Lodz", "customer.id": "001AB"}
    expected: Expected = {"customer.name": "Łódź", "customer.id": re.compile("001.")}
    assert problems_of(CHECK, expected, told) == [
        "customer.name is 'Lodz', not 'Łódź'",
        "customer.id is '001AB', not '/001./'",
    ]


def test_a_missing_fact_fails_the_check_with_the_reason() -> None:
    """A fact that was not told is a problem, explained by its step's error or the client's end."""
    expected: Expected = {"customer.name": "Łódź", "feed.page.1": "C1"}
    told = {"customer.error": "no answer", "client.error": "Segmentation fault"}
    assert problems_of(CHECK, expected, told) == [
        "customer.name was not told: no answer",
        "feed.page.1 was not told: Segmentation fault",
    ]
    assert problems_of(CHECK, expected, {})[0] == "customer.name was not told"


def test_a_check_looks_at_its_own_facts_only() -> None:
    """What belongs to another check does not fail this one."""
    assert problems_of(CHECK, {"feed.page.2": "C2"}, {}) == []


def test_what_a_client_prints_is_read_line_by_line() -> None:
    """A fact is a JSON object; any other line is noise, and nothing is taken for a line's end."""
    output = '{"fact": "a", "value": "\u0085\u2028"}\n\n{"fact": "b", "value": "2"}\n'
    assert told_by(output) == {"client.noise": "none", "a": "\u0085\u2028", "b": "2"}
    assert (
        told_by('Warning: late\n{"fact": "b", "value": "2"}\n')["client.noise"] == "Warning: late"
    )
    assert told_by("3\n")["client.noise"] == "3"
