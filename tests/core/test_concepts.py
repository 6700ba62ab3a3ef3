"""Concepts: scores and profiles against plain loops, signatures as whole words, and the shipped lexicon asked by its probes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rcasearch.concepts import SIGNATURE_BONUS, ConceptSpace, profile, space
from rcasearch.encoders import Encoder
from rcasearch.exemplars import concept_space
from rcasearch.lexicon import load_lexicon
from tests.core.fakes import unit
from tests.core.oracle import concept_scores, concept_shares
from tests.core.probes import Probes

Floats = NDArray[np.float32]
DIMENSION = 5


def _vectors(count: int, seed: int) -> Floats:
    return unit(np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32))


@dataclass(frozen=True)
class Made:
    """A space and what it was made from: the exemplars of each concept that has some."""

    space: ConceptSpace
    exemplars: list[NDArray[np.float64]]


@st.composite
def _made(draw: st.DrawFn, least: int = 1) -> Made:
    counts = draw(st.lists(st.integers(0, 4), min_size=1, max_size=6).filter(lambda counts: sum(map(bool, counts)) >= least))
    seed = draw(st.integers(0, 2**32 - 1))
    own = [_vectors(count, seed + number) for number, count in enumerate(counts)]
    made = space([f"concept {number}" for number in range(len(counts))], [(f"sig-{n}-x",) for n in range(len(counts))], own)
    return Made(made, [vectors.astype(np.float64) for vectors in own if len(vectors)])


def _of(signatures: Sequence[Sequence[str]]) -> ConceptSpace:
    """A space of concepts with these signatures, and one exemplar each."""
    return space(
        [f"c{number}" for number in range(len(signatures))], signatures, [_vectors(1, n) for n in range(len(signatures))]
    )


# --- scores and profiles ---------------------------------------------------------------------------------------------


@given(made=_made(), count=st.integers(0, 4), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_scores_are_the_nearest_exemplar_and_half_the_mean(made: Made, count: int, seed: int) -> None:
    asked = _vectors(count, seed)
    found = made.space.scores(asked)
    assert found.shape == (count, len(made.exemplars))
    assert found.dtype == np.float32
    for row, vector in zip(found, asked.astype(np.float64), strict=True):
        np.testing.assert_allclose(row, concept_scores(vector, made.exemplars), atol=1e-4)


@given(made=_made(), count=st.integers(1, 4), seed=st.integers(0, 2**32 - 1), signed=st.sets(st.integers(0, 5)))
@settings(deadline=None)
def test_a_query_is_the_mean_of_its_parts(made: Made, count: int, seed: int, signed: set[int]) -> None:
    asked = _vectors(count, seed)
    names = [label.removeprefix("concept ") for label in made.space.labels]
    bonus = [SIGNATURE_BONUS if int(name) in signed else 0.0 for name in names]
    found = made.space.query_profile(asked, " and ".join(f"SIG-{number}-X" for number in signed))[0]
    expected = np.mean([concept_shares(vector, made.exemplars, bonus) for vector in asked.astype(np.float64)], axis=0)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert found.sum() == pytest.approx(1, abs=1e-5)


@given(st.integers(0, 5), st.integers(1, 6), st.floats(-1, 1, width=32), st.integers(0, 2**32 - 1))
def test_profiles_add_up_to_1_and_keep_the_order(rows: int, concepts: int, offset: float, seed: int) -> None:
    # A score is a cosine and half a cosine.
    scores = (np.random.default_rng(seed).uniform(-0.5, 0.5, (rows, concepts)) + offset).astype(np.float32)
    found = profile(scores)
    assert found.shape == scores.shape
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    assert (found >= 0).all()
    for shares, values in zip(found, scores, strict=True):
        assert shares[int(values.argmax())] == shares.max()


def test_equal_scores_share_equally() -> None:
    np.testing.assert_allclose(profile(np.full((2, 4), -1.5, np.float32)), 0.25)
    np.testing.assert_allclose(profile(np.full((1, 4), 1.5, np.float32)), 0.25)


def test_nothing_asked_tells_of_nothing() -> None:
    made = _of([("disk full",), ()])
    assert made.query_profile(np.zeros((0, DIMENSION), np.float32), "disk full")[0].tolist() == [0, 0]


@pytest.mark.parametrize("labels", [(), ("only signatures", "nothing")])
def test_an_empty_lexicon_names_nothing(labels: tuple[str, ...]) -> None:
    none = [np.zeros((0, DIMENSION), np.float32) for _ in labels]
    empty = space(labels, [("ENOSPC",) for _ in labels], none)
    asked = _vectors(3, 1)
    assert (empty.labels, empty.signatures) == ((), ())
    assert empty.scores(asked).shape == (3, 0)
    assert empty.signed("ENOSPC") == []
    shares = empty.query_profile(asked, "write failed: ENOSPC")[0]
    assert shares.shape == (0,)
    assert empty.named(shares, "write failed: ENOSPC") == ()
    assert profile(empty.scores(asked)).shape == (3, 0)


def test_a_concept_without_exemplars_leaves_the_others_their_signatures() -> None:
    made = space(["none", "disk"], [("A-1",), ("B-2",)], [np.zeros((0, DIMENSION), np.float32), _vectors(2, 1)])
    assert (made.labels, made.signatures) == (("disk",), (("b-2", 0),))
    assert (made.signed("A-1"), made.signed("B-2")) == ([], [0])


def test_what_is_clear_is_named() -> None:
    made = space(["a", "b", "c"], [(), (), ()], [_vectors(1, n) for n in range(3)])
    for shares, expected in (
        ((0.5, 0.1, 0.4), ("a", "c")),
        ((0.3, 0.4, 0.3), ("b", "a")),
        ((0.29, 0.29, 0.42), ("c",)),
        ((0.2, 0.2, 0.2), ()),
    ):
        assert made.named(np.array(shares, np.float32) + np.float32(1e-6), "two words") == expected
    assert made.named(np.array([1, 0, 0], np.float32), "word") == ()


def test_only_what_is_clear_can_be_unheard_of() -> None:
    made = space(["a", "b", "c"], [(), (), ()], [_vectors(1, n) for n in range(3)])
    clear, vague = np.array([0.6, 0.2, 0.2], np.float32), np.array([0.29, 0.29, 0.29], np.float32)
    double = np.array([0.5, 0.4, 0.1], np.float32)
    nobody_had_a, somebody_had_a = np.array([0.1, 0.9, 0.9], np.float32), np.array([0.2, 0.0, 0.0], np.float32)
    assert made.unheard_of(clear, "two words", nobody_had_a)
    assert not made.unheard_of(clear, "two words", somebody_had_a)
    assert not made.unheard_of(double, "two words", nobody_had_a)
    assert not made.unheard_of(vague, "two words", nobody_had_a)
    assert not made.unheard_of(clear, "word", nobody_had_a)


# --- signatures ------------------------------------------------------------------------------------------------------

WHOLE = {
    "ENOSPC": ("ENOSPC", "enospc: no space", "write failed (ENOSPC)", "xENOSPC ENOSPC", "errno=ENOSPC\n", "a_ENOSPC_b"),
    "%steal": ("%steal", "12 %steal", "%user %steal %idle", "90%steal"),
    "[Hardware Error]": ("[Hardware Error]: CPU 3", "mce: [hardware error]", "kernel:[Hardware Error]x"),
    "definitely lost:": ("==7== definitely lost: 48 bytes", "definitely lost:48 bytes"),
    "' OR 1=1": ("name=' OR 1=1 --", "x' or 1=1"),
    "${jndi:": ("GET /?x=${jndi:ldap://a}",),
    "N+1": ("the N+1 problem", "n+1"),
    "40P01": ("SQLSTATE 40P01.", "(40p01)"),
    "Überlauf": ("der überlauf kam", "ÜBERLAUF!"),
}
PARTS = {
    "ENOSPC": ("", "ENOSP", "ENOSPCX", "xENOSPC", "7ENOSPC", "ENOSPC2", "ENO SPC"),
    "%steal": ("steal", "%stealing", "% steal"),
    "[Hardware Error]": ("Hardware Error", "[Hardware  Error]", "[Hardware Error"),
    "definitely lost:": ("definitely lost", "indefinitely lost: 3"),
    "' OR 1=1": ("x' or 1=11",),
    "${jndi:": ("jndi:",),
    "N+1": ("N+11", "IN+1", "n + 1"),
    "40P01": ("140P01", "40P012"),
    "Überlauf": ("Überlaufen", "Speicherüberlauf"),
}


@pytest.mark.parametrize(("signature", "text"), [(one, text) for one, texts in WHOLE.items() for text in texts])
def test_a_signature_is_seen_as_a_whole(signature: str, text: str) -> None:
    assert _of([(), (signature,)]).signed(text) == [1]


@pytest.mark.parametrize(("signature", "text"), [(one, text) for one, texts in PARTS.items() for text in texts])
def test_a_part_of_a_word_is_no_signature(signature: str, text: str) -> None:
    assert _of([(), (signature,)]).signed(text) == []


_letters = st.text(st.sampled_from("ab1%[: "), max_size=6)


@given(_letters.filter(str.strip).map(str.strip), _letters, _letters)
def test_signatures_against_a_search_by_every_position(signature: str, before: str, after: str) -> None:
    text = before + signature + after
    expected = any(
        text[start:].startswith(signature)
        and not (start and text[start - 1].isalnum() and signature[0].isalnum())
        and not (text[start + len(signature) :][:1].isalnum() and signature[-1].isalnum())
        for start in range(len(text))
    )
    assert _of([(signature,)]).signed(text) == ([0] if expected else [])


def test_one_text_may_have_the_signatures_of_several_concepts() -> None:
    made = _of([("Deadlock found",), (), ("SQLSTATE 40001", "deadlock found"), ("ENOSPC",)])
    assert made.signed("ERROR: Deadlock found; SQLSTATE 40001; deadlock found") == [0, 2]


def test_every_shipped_signature_is_found_where_it_stands(shipped: ConceptSpace) -> None:
    for signature, number in shipped.signatures:
        assert number in shipped.signed(f"12:03 host-7 app[44]: {signature.upper()} (again)"), signature


# --- the shipped lexicon ---------------------------------------------------------------------------------------------

# Measured over the 852 probes of the 268 concepts: the concept that a probe was written for comes first for 87.9 % (87.8 % where
# integers serve) and among the first three for 96.9 % (97.1 %); no concept is missed by most of its probes. The probes were in
# part written along with the lexicon: they guard it against getting worse, and say nothing of how good it is.
FIRST, AMONG_THREE = 0.86, 0.95

UNRELATED = (
    *("happy birthday to you and your family", "a recipe for apple pie with cinnamon", "the weather in Lisbon in May"),
    *("my cat sleeps all day on the sofa", "who won the football match yesterday", "how to learn to play the piano"),
    *("the history of the roman empire", "we painted the kitchen green", "best hiking trails in the alps"),
    *("minutes of the marketing meeting", "quarterly sales figures for shoes", "the novel ends with a wedding"),
    *(
        "please book a table for four",
        "she ran a marathon in three hours",
        "what should I cook tonight",
        "the museum opens at nine",
    ),
    *("lunch menu for friday", "photos from our trip to the lake", "the train to Berlin was nice", "a poem about autumn leaves"),
)


@pytest.fixture(scope="module")
def shipped(encoder: Encoder) -> ConceptSpace:
    return concept_space(load_lexicon(), encoder)


@pytest.fixture(scope="module")
def places(shipped: ConceptSpace, encoder: Encoder, probes: Probes) -> dict[str, list[int]]:
    """For each concept, the place at which each of its probes has it: 0 is first."""
    number = {concept.name: position for position, concept in enumerate(load_lexicon())}
    pairs = [(name, text) for name, texts in probes.items() for text in texts]
    vectors = encoder.encode_queries([text for _, text in pairs]).vectors
    found: dict[str, list[int]] = {}
    for (name, text), vector in zip(pairs, vectors, strict=True):
        shares = shipped.query_profile(vector[None, :], text)[0]
        found.setdefault(name, []).append(int((shares > shares[number[name]]).sum()))
    return found


def test_most_probes_of_every_concept_find_it(places: dict[str, list[int]]) -> None:
    near = {name: sum(place < 3 for place in own) / len(own) for name, own in places.items()}
    assert {name: share for name, share in near.items() if share < 0.6} == {}


def test_probes_find_their_concept_first(places: dict[str, list[int]]) -> None:
    every = np.array([place for own in places.values() for place in own])
    assert len(every) >= 800
    assert (every == 0).mean() >= FIRST
    assert (every < 3).mean() >= AMONG_THREE


def test_an_exemplar_asked_word_for_word_finds_its_concept(shipped: ConceptSpace) -> None:
    owners = np.repeat(np.arange(len(shipped.labels)), np.diff([*shipped.starts, len(shipped.vectors)]))
    order = np.argsort(-shipped.scores(shipped.vectors), axis=1)
    assert (order[:, 0] == owners).mean() >= 0.98
    assert (order[:, :3] == owners[:, None]).any(axis=1).mean() >= 0.999


def test_words_that_tell_of_no_failure_seldom_name_one(shipped: ConceptSpace, encoder: Encoder) -> None:
    # Measured: 5 of these 20. Of the probes, 88 % name a concept.
    vectors = encoder.encode_queries(UNRELATED).vectors
    profiles = [shipped.query_profile(vector[None, :], text)[0] for vector, text in zip(vectors, UNRELATED, strict=True)]
    named = [text for text, shares in zip(UNRELATED, profiles, strict=True) if shipped.named(shares, text)]
    assert len(named) <= 5, named


def test_the_label_is_what_people_read(shipped: ConceptSpace, encoder: Encoder) -> None:
    for text, label in (
        ("no space left on device while writing the journal", "disk"),
        ("the TLS certificate ran out", "certificate"),
    ):
        named = shipped.named(shipped.query_profile(encoder.encode_queries([text]).vectors, text)[0], text)
        assert any(label in one.lower() for one in named), (text, named)
