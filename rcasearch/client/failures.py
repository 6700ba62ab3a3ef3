"""What a client is told when there is no answer."""

from __future__ import annotations

from rcasearch.client.service import ProblemDetails
from rcasearch.errors import RcaSearchError


class ApiError(RcaSearchError):
    """The server answered with a problem, or not at all.

    ``status`` is the HTTP status, None where there was no answer. ``code`` is the server's, or one of unreachable, timeout and
    not_rcasearch.
    """

    code = "api_error"

    def __init__(
        self, message: str, hint: str = "", *, field: str | None = None, status: int | None = None, code: str = "api_error"
    ) -> None:
        super().__init__(message, hint, field=field)
        self.status = status
        self.code = code

    @classmethod
    def of(cls, problem: ProblemDetails) -> ApiError:
        """A problem of the server as an error."""
        told = problem.detail or problem.title or f"The server answered with the status {problem.status} and without a word."
        return cls(told, problem.hint, field=problem.field, status=problem.status, code=problem.code)
