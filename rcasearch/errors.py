"""What can go wrong, in sentences a tired person can act on.

Each class has a ``code`` (stable, for programs); each error has a message (what, where) and a hint (what to do).
The mapping to HTTP statuses lives in web/app.py, the mapping to exit codes in cli.py.
"""

from __future__ import annotations


class RcaSearchError(Exception):
    """Any failure the user can do something about."""

    code = "error"

    def __init__(self, message: str, hint: str = "", *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field


class InvalidQueryError(RcaSearchError):
    """A query, filter or parameter that cannot be used as it stands."""

    code = "invalid_query"


class SettingsError(RcaSearchError):
    """A setting, an environment variable or the settings file is wrong."""

    code = "invalid_settings"


class NotFoundError(RcaSearchError):
    """No incident has that id."""

    code = "not_found"


class SourceError(RcaSearchError):
    """A folder or file of documents cannot be read at all."""

    code = "source_unreadable"


class IndexMissingError(RcaSearchError):
    """There is no index where one was expected."""

    code = "index_missing"


class IndexMismatchError(RcaSearchError):
    """The index is damaged, of another format, or made with another model."""

    code = "index_mismatch"


class IndexLockedError(RcaSearchError):
    """Another process is writing this index."""

    code = "index_locked"


class OverviewPendingError(RcaSearchError):
    """What an index comes to as a whole is being computed."""

    code = "overview_pending"


class TimedOutError(RcaSearchError):
    """A request was not answered within its time."""

    code = "timed_out"


class GoneError(RcaSearchError):
    """Whoever asked does not wait for the answer any more."""

    code = "client_gone"


class PackageMissingError(RcaSearchError):
    """A package that is not installed by default is needed."""

    code = "package_missing"


class EngineError(RcaSearchError):
    """The engine that holds the incidents does not answer, or cannot at the moment."""

    code = "engine_unavailable"


class EngineRefusedError(RcaSearchError):
    """The engine that holds the incidents answers, and refuses: its user is wrong, or what it was asked."""

    code = "engine_refused"


class ModelError(RcaSearchError):
    """The embedding model cannot be had or is not what it claims to be."""

    code = "model_unavailable"
