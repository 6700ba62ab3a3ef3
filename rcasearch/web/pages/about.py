"""What is indexed, when, by which model, and what is wrong with the documents."""

from __future__ import annotations

from flask import render_template

from rcasearch.render import problem_as_dict
from rcasearch.web.contract import HTML, PAGES, Operation, promises
from rcasearch.web.live import live
from rcasearch.web.pages.routes import Answer, blueprint
from rcasearch.web.present import public_info


@blueprint.get("/about")
@promises(Operation(PAGES, media=HTML, errors=(503,)))
def about() -> Answer:
    """What is indexed, when, by which model, and what is wrong with the documents."""
    searcher = live().searcher()
    problems = [problem_as_dict(problem) for problem in searcher.problems()]
    return render_template("about.html", info=public_info(searcher.info), problems=problems)
