"""Links between documents, and ids that are unique and fit into a URL."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcasearch.model import Incident, Link
from rcasearch.readers import resolve_links
from rcasearch.readers.ids import slug


def _incident(path: str, *targets: str, **fields: object) -> Incident:
    kinds = {target: "url" if target.endswith(".md") or "://" in target else "wiki" for target in targets}
    links = tuple(Link(target, target, kinds[target], 1) for target in targets)  # type: ignore[arg-type]
    stem = path.rpartition("/")[2].removesuffix(".md")
    return Incident(**{"id": slug(stem), "title": stem, "path": path, "links": links, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "target",
    [
        "2025-01-02-pool",
        "2025-01-02-POOL",
        "2025-01-02-pool#Root Cause",
        "2025-01-02-pool#^block",
        "2025-01-02-pool.md",
        "old/2025-01-02-pool",
        "old/2025-01-02-pool.md",
        "./old/2025-01-02-pool.md#impact",
        "/old/2025-01-02-pool.md",
        "vault/rcas/2025-01-02-pool",
        "inc-7",
        "The Big  one",
        "Pool exhausted",
    ],
)
def test_a_target_by_any_of_its_names(target: str) -> None:
    goal = _incident("old/2025-01-02-pool.md", id="inc-7", title="Pool exhausted", aliases=("the big one",))
    (origin, _), problems = resolve_links([_incident("now.md", target), goal])
    assert origin.links[0].incident_id == "inc-7"
    assert not origin.links[0].dangling
    assert problems == []


@pytest.mark.parametrize("target", ["runbook-pool", "old/nothing"])
def test_a_target_that_is_no_incident_dangles(target: str) -> None:
    (origin,), _ = resolve_links([_incident("now.md", target)])
    assert origin.links[0].incident_id is None
    assert origin.links[0].dangling


@pytest.mark.parametrize("target", ["https://x.example/now.md", "mailto:a@b.example/now.md", "//now.md"])
def test_a_link_out_of_the_corpus_is_left_alone(target: str) -> None:
    (origin, _), _ = resolve_links([_incident("a.md", target), _incident("now.md")])
    assert origin.links[0].incident_id is None


def test_escaped_spaces_in_markdown_links() -> None:
    (origin, _), _ = resolve_links([_incident("a.md", "PM-1%20Pool.md"), _incident("PM-1 Pool.md")])
    assert origin.links[0].incident_id == "pm-1-pool"


def test_an_ambiguous_name_goes_to_the_same_folder_then_to_the_shortest_path() -> None:
    corpus = [_incident("a/x.md", "y"), _incident("z.md", "y"), _incident("a/y.md", id="near"), _incident("b/c/y.md", id="far")]
    for order in (corpus, corpus[::-1]):
        resolved = {incident.path: incident for incident in resolve_links(order)[0]}
        assert resolved["a/x.md"].links[0].incident_id == "near"
        assert resolved["z.md"].links[0].incident_id == "near"


def test_a_code_at_the_head_of_a_name_is_a_name() -> None:
    (origin, _), _ = resolve_links([_incident("a.md", "PM-0143"), _incident("PM-0143 Poison message.md")])
    assert origin.links[0].incident_id == "pm-0143-poison-message"


def test_an_id_that_is_taken_is_changed_and_told() -> None:
    corpus = [_incident("b.md", id="same"), _incident("a.md", id="same"), _incident("c.md", "a", id="other")]
    resolved, (problem,) = resolve_links(corpus)
    assert [incident.path for incident in resolved] == ["b.md", "a.md", "c.md"]
    assert resolved[1].id == "same"
    assert re.fullmatch(r"same-[0-9a-f]{6}", resolved[0].id)
    assert (problem.path, problem.skipped) == ("b.md", False)
    assert resolved[2].links[0].incident_id == "same"
    assert resolve_links(corpus)[0] == resolved


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("2025-01-02-pool", "2025-01-02-pool"),
        ("PM2022-006 - ALB 502 errors", "pm2022-006-alb-502-errors"),
        ("Ünïcode Straße", "unicode-stra-e-"),
        ("../../etc/passwd", "etc-passwd"),
        ("a..b", "a.b"),
    ],
)
def test_slug(name: str, expected: str) -> None:
    assert slug(name).startswith(expected)


@given(st.text(max_size=300))
def test_a_slug_fits_into_a_url(name: str) -> None:
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_.-]{0,119}|-?[a-z0-9_.-]{1,120}", slug(name))
    assert slug(name) == slug(name)
    assert slug(name).strip(".")


def test_names_in_other_scripts_stay_apart() -> None:
    names = ["障害報告", "障害対応", "2025-01-02-障害報告", "2025-01-02-障害対応"]
    assert len({slug(name) for name in names}) == 4
    assert all(slug(name).isascii() for name in names)


def test_long_names_are_cut_and_stay_apart() -> None:
    one, two = slug("x" * 300 + "a"), slug("x" * 300 + "b")
    assert one != two
    assert len(one) == len(two) == 120
