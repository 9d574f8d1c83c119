"""Whatever a description says, the tools end with a report or with one line."""

import contextlib
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml.etree import _Element

from bridge import BridgeError
from bridge.wsdl.compare import compare
from bridge.wsdl.diff_report import diff_as_json, render_diff
from bridge.wsdl.documents import documents_from
from bridge.wsdl.export.exporting import export
from bridge.wsdl.lint.linting import findings_as_json, lint, render_findings
from bridge.wsdl.reader import describe
from bridge.wsdl.summary import summarise
from tests.wsdl.documents import GOOD, description

WORDS = [
    "",
    " ",
    "tns:Order",
    "tns:Submit",
    "xs:anyType",
    "xs:integer",
    "nowhere:X",
    "a b",
    "{x}y",
    "-1",
    "1e999999999",
    "unbounded",
    "rpc",
    "encoded",
    "../x",
    "(((",
    "[a-z]{9999}{9999}",
    "x" * 3_000,
]


def broken(seed: int) -> bytes:
    """The good description with a few attributes, elements and places changed by chance."""
    chance = random.Random(seed)
    root = etree.fromstring(GOOD.encode())
    for _ in range(chance.randint(1, 6)):
        nodes = list(root.iter("{*}*"))
        node = chance.choice(nodes)
        chance.choice([_set, _drop, _move, _copy])(chance, node, chance.choice(nodes))
    return etree.tostring(root)


def _set(chance: random.Random, node: _Element, _: _Element) -> None:
    names = [str(name) for name in node.attrib] + ["type", "ref", "base", "minOccurs", "value"]
    node.set(chance.choice(names), chance.choice(WORDS))


def _drop(chance: random.Random, node: _Element, _: _Element) -> None:
    if node.attrib:
        del node.attrib[chance.choice(list(node.attrib))]


def _move(_: random.Random, node: _Element, other: _Element) -> None:
    if node.getparent() is not None and node not in other.iterancestors() and node is not other:
        other.append(node)


def _copy(_: random.Random, node: _Element, other: _Element) -> None:
    if node.getparent() is not None:
        other.append(etree.fromstring(etree.tostring(node)))


@settings(max_examples=150)
@given(st.integers(min_value=0, max_value=2**32))
def test_a_broken_description_ends_in_words(seed: int) -> None:
    """Comparing, linting, summarising and exporting what is wrong never fails otherwise."""
    good = description(GOOD)
    with contextlib.suppress(BridgeError):
        documents = documents_from(broken(seed), "broken.wsdl")
        render_findings(lint(documents))
        findings_as_json(lint(documents))
        bad = describe(documents)
        summarise(bad)
        for old, new in ((good, bad), (bad, good), (bad, bad)):
            changes = compare(old, new)
            render_diff(old, new, changes)
            diff_as_json(old, new, changes)
            assert old is not new or changes == ()
        with tempfile.TemporaryDirectory() as folder:
            export(documents, Path(folder), "broken")
