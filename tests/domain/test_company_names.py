"""Companies' names without what differs from typist to typist."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.domain.company_names import folded, split_name


@pytest.mark.parametrize(
    ("name", "words", "legal_form"),
    [
        ("Müller & Söhne G.m.b.H.", "muller sohne", "gmbh"),
        ("MUELLER UND SOEHNE GmbH", "muller sohne", "gmbh"),
        ("Muster GmbH & Co. KG", "muster", "gmbh co kg"),
        ("Muster GmbH Berlin", "muster berlin", "gmbh"),
        ("Beispiel UG (haftungsbeschränkt)", "beispiel", "ug"),
        ("All For Bikes Inc.", "all for bikes", "inc"),
        ("Acme Limited", "acme", "ltd"),
        ("Société Générale S.A.", "societe generale", "sa"),
        ("Acme Sp. z o.o.", "acme", "sp zoo"),
        ("SE Tylose", "se tylose", ""),
        ("Limited", "limited", ""),
        ("", "", ""),
    ],
)
def test_split_name(name: str, words: str, legal_form: str) -> None:
    """The words and the legal form; a name that is nothing else keeps it."""
    assert split_name(name) == (tuple(words.split()), legal_form)


@given(st.text())
@example("AEE")
def test_folding_is_final(text: str) -> None:
    """What is folded stays so, and a name with a sign in it keeps a word."""
    assert folded(folded(text)) == folded(text)
    assert bool(folded(text)) == bool(folded(text.upper()))
