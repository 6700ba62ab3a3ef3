"""What an incident may be called in an address: its id, its file name, and the id that its document writes, with slashes too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from rcasearch.index import build
from rcasearch.search import Searcher
from rcasearch.settings import Settings
from rcasearch.web import create_app
from tests.web.conftest import POOL

MADE = "inc-2024-17"
WRITTEN = ["INC/2024/17", "INC%2F2024%2F17", "inc/2024/17", "INC%2f2024/17", "INC//2024/17", "INC/2024/17/", "Inc%202024%2017"]


@pytest.fixture(scope="module")
def slashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client over two incidents, one of which has an id with slashes and links to the other by such an id."""
    folder = tmp_path_factory.mktemp("slashes")
    body = "# {}\n\n## Summary\n\nThe queue grew.\n\n## Related\n\n- [[{}]]\n"
    (folder / "a.md").write_text("---\nid: INC/2024/17\n---\n\n" + body.format("Queue", "INC/2024/18"), encoding="utf-8")
    (folder / "b.md").write_text("---\nid: INC/2024/18\n---\n\n" + body.format("Disk", "INC/2024/17"), encoding="utf-8")
    settings = Settings(index=str(folder / "index"))
    build([folder / "a.md", folder / "b.md"], settings)
    searcher = Searcher.open(settings)
    yield create_app(searcher, settings).test_client()
    searcher.close()


@pytest.mark.parametrize("name", WRITTEN)
def test_an_id_with_slashes_leads_to_its_page(slashes: FlaskClient, name: str) -> None:
    answer = slashes.get(f"/incidents/{name}?lines=7-9")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/incidents/{MADE}?lines=7-9")
    page = slashes.get(answer.headers["Location"])
    assert page.status_code == 200
    assert 'href="/incidents/inc-2024-18"' in page.text


@pytest.mark.parametrize("name", WRITTEN)
def test_the_api_knows_it_too(slashes: FlaskClient, name: str) -> None:
    assert slashes.get(f"/api/v1/incidents/{name}").get_json()["id"] == MADE
    similar = slashes.get(f"/api/v1/incidents/{name}/similar").get_json()
    assert [hit["id"] for hit in similar["hits"]] == ["inc-2024-18"]


@pytest.mark.parametrize("name", ["no/such", "no%2Fsuch", "no/", "../about", "..%2Fabout", "%E2%80%AE", "a" * 300])
def test_what_no_incident_is_called_is_told_as_it_was_asked(client: FlaskClient, name: str) -> None:
    for path in (f"/incidents/{name}", f"/api/v1/incidents/{name}", f"/api/v1/incidents/{name}/similar"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "No incident has the id" in answer.text


def test_the_id_itself_and_the_file_name_need_no_guess(client: FlaskClient) -> None:
    assert client.get(f"/incidents/{POOL}").status_code == 200
    assert client.get(f"/api/v1/incidents/{POOL.upper()}").get_json()["id"] == POOL
