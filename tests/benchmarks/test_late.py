"""What the report on late interaction says, against the files and the documents themselves."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import late
from benchmarks.templated import generate
from rcasearch.index import build
from rcasearch.settings import Settings


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    corpus = tmp_path_factory.mktemp("corpus")
    for stem, text in generate(8, 7).documents.items():
        (corpus / f"{stem}.md").write_text(text, encoding="utf-8")
    settings = Settings(index=str(tmp_path_factory.mktemp("index")))
    build([corpus], settings)
    return settings


def test_sizes_are_those_of_the_files_and_the_times_are_parts_of_a_query(index: Settings) -> None:
    texts = [query.text for query in generate(8, 7).queries[:5]]
    found = late.measure(index, texts)
    generation = next(Path(index.index).glob("*/tokens.npz")).parent
    with np.load(generation / "tokens.npz") as stored:
        tokens, width = int(stored["starts"][-1]), len(stored["scales"])
    assert (found.incidents, found.tokens) == (8, tokens)
    assert found.code_bytes == tokens * width
    figures = found.part("templated").figures
    assert figures.median("rcasearch", "token_bytes") == width
    assert figures.median("rcasearch", "incident_bytes") == tokens * width / 8
    assert 1 <= found.candidates <= 8
    # Each call lies within its query, so no median of theirs can be above that of the queries.
    assert 0 < found.late_ms[0] < found.query_ms[0]


def test_no_query_is_an_error_that_says_so(index: Settings) -> None:
    with pytest.raises(ValueError, match="there are none"):
        late.measure(index, [])
