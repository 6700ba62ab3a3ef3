"""What a generic receiver is sent: the answer as JSON, or what the operator's Jinja template makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


class TemplateProblem(Exception):
    """A template cannot be used on an answer; the message says why."""


def check_template(template: str) -> str:
    """What is wrong with a template; empty where it can be read."""
    from jinja2 import TemplateError

    try:
        _environment().from_string(template)
    except TemplateError as error:
        return str(error)
    return ""


def fill_in(template: str, answer: Mapping[str, Any]) -> str:
    """The template with the answer's ``hook``, ``symptom``, ``result`` and ``headline`` in it; without one, the answer as JSON.

    Raises TemplateProblem where the template asks for what is not there.
    """
    if not template:
        return json.dumps(answer, ensure_ascii=False)
    from jinja2 import TemplateError

    try:
        return str(_environment().from_string(template).render(answer))
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateProblem(f"The template cannot be filled in: {error}") from None


def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    # Jinja's own filter writes for HTML; a receiver of JSON reads this as well, and people read it better.
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment
