"""Every setting, once: its name, default and help. Flags, the environment and a TOML file set the same table.

Precedence, strongest first: a command-line flag, ``RCASEARCH_<NAME>``, ``RCASEARCH_<NAME>_FILE`` (the value is the content
of that file: for secrets), the TOML file, the default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rcasearch.errors import SettingsError

PREFIX = "RCASEARCH_"
CONFIG_FILE = "rcasearch.toml"
# In the TOML file they are lists of tables.
_TABLES = ("push",)
# Numbers of more bits are not written out: Python refuses to, from 4,300 digits on.
_MOST_BITS = 64
# What a tenant may be called: it becomes part of the names of folders and collections.
NAME = re.compile("[a-z0-9][a-z0-9-]{0,62}")


def _setting(default: Any, help: str, *, low: int | None = None, high: int | None = None, choices: Sequence[str] = ()) -> Any:
    return field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices})


def _name(help: str) -> Any:
    """A name that may be part of an address and of a file's name, or nothing."""
    return field(default="", metadata={"help": help, "choices": (), "name": True})


def _secret(help: str) -> Any:
    """Text that no listing of the settings shows."""
    return field(default="", repr=False, metadata={"help": help, "choices": ()})


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force. Field order is the order of the documentation."""

    index: str = _setting("indexes/default", "The index folder that `index` writes and everything else reads.")
    store: str = _setting(
        "",
        "Where the incidents are served from: the index folder where nothing is named, or a Milvus server or cluster, as in "
        "`milvus://host:19530/name`.",
    )
    store_token: str = _secret("The user and the password of the store, with a colon between them.")
    tenant: str = _name("Whose incidents are indexed and served, where several teams that share nothing use one store.")
    max_tenants: int = _setting(
        16,
        "Tenants beside its own whose indexes each process of `serve` keeps open; the one asked least recently goes.",
        low=1,
        high=10_000,
    )
    model: str = _setting(
        "all-MiniLM-L6-v2",
        "A sentence-transformers model: a folder, or a name. The default comes with the installation; other names must be "
        "in the local model cache.",
    )
    lexicon: str = _setting(
        "", "A YAML file of failure concepts of your own, which adds to the lexicon that comes with the package."
    )
    host: str = _setting("127.0.0.1", "The address that `serve` listens on.")
    port: int = _setting(8080, "The port that `serve` listens on; 0 takes a free one.", low=0, high=65535)
    mcp_port: int = _setting(
        8081, "The port that `mcp --http` listens on, at the same address; 0 takes a free one.", low=0, high=65535
    )
    workers: int = _setting(
        0, "Processes that `serve` answers with; 0 is one a core, as far as the memory allows.", low=0, high=64
    )
    threads: int = _setting(4, "Threads that each of these processes answers with.", low=1, high=256)
    max_waiting: int = _setting(
        32, "Requests that may wait for a thread in each process; who comes then is told to try again.", low=1, high=10_000
    )
    max_connections: int = _setting(
        500, "Connections that each process keeps open; at the limit, the idlest one makes room.", low=8, high=100_000
    )
    timeout: int = _setting(
        30,
        "Seconds within which `serve` answers, waiting included; who would wait longer is told so.",
        low=1,
        high=3_600,
    )
    limit: int = _setting(10, "Incidents in an answer when the caller names no number.", low=1, high=100)
    max_query_chars: int = _setting(200_000, "Characters a query may have.", low=1, high=10_000_000)
    max_body_bytes: int = _setting(1_048_576, "Bytes a request body may have.", low=1_024, high=1_073_741_824)
    max_batch: int = _setting(50, "Queries that one batch may hold.", low=1, high=10_000)
    max_document_bytes: int = _setting(
        2_097_152, "Bytes a document may have; a larger one is reported and skipped.", low=1_024, high=1_073_741_824
    )
    secrets: str = _setting(
        "mask",
        "What `index` does with what looks like a key, token or password in a document: mask it and tell of it, or only warn.",
        choices=("mask", "warn"),
    )
    tokens_file: str = _setting(
        "", "The file of the tokens, which `rcasearch token` writes and `serve` reads; without it one beside the index."
    )
    anonymous: str = _setting(
        "auto",
        "What is answered without a token: `read`, `nothing`, or `auto`, which is everything on this machine while there is no "
        "token, and else nothing.",
        choices=("auto", "read", "nothing"),
    )
    access: str = _setting(
        "*",
        "The labels of the documents that commands, `mcp` and `serve` answer from at most, with spaces between them; `*` is all. "
        "Nobody is answered from a document of another label.",
    )
    hosts: str = _setting(
        "",
        "The names by which people reach `serve`, with spaces between them; without it those of this machine, or any name where "
        "others than this machine are listened to.",
    )
    proxies: int = _setting(
        0, "Proxies before `serve` that tell by X-Forwarded-For and X-Forwarded-Proto whom they ask for.", low=0, high=10
    )
    rate_limit: int = _setting(
        600, "Requests a minute of each token, or of each address without one; 0 is any number.", low=0, high=1_000_000
    )
    cors_origins: str = _setting(
        "", "Web origins, with spaces between them, whose pages may call the API, as in https://status.example.com."
    )
    log_format: str = _setting("text", "How `serve` writes its log: text, or json.", choices=("text", "json"))
    public_url: str = _setting("", "The address at which people reach `serve`, for links in the messages that it sends.")
    hook_token: str = _secret("The secret by which `serve` knows the senders of alerts; several with spaces between them.")
    hook_open: str = _setting(
        "", "Hooks that anybody may use without a secret, with spaces between them, as in `alertmanager generic`."
    )
    hook_memory: int = _setting(
        60, "Minutes for which a failure that a hook has answered is not answered again; 0 answers always.", low=0, high=10_080
    )
    pagerduty_secret: str = _secret("The secret that PagerDuty signs its webhooks with; several with spaces between them.")
    slack_signing_secret: str = _secret("The secret that Slack signs its slash commands with; several with spaces between them.")
    push: str = _secret("Whom to send the answers of hooks on to: `[[push]]` tables in the TOML file, or the same as JSON.")
    push_queue: str = _setting("", "The file of messages that wait to be sent; without it one beside the index.")
    push_hours: int = _setting(6, "Hours for which a message that cannot be delivered is tried again.", low=1, high=168)

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        config: Path | None = None,
    ) -> Settings:
        """The settings in force, from flags over the environment over the TOML file over the defaults.

        ``config`` defaults to ``$RCASEARCH_CONFIG``, else to ``rcasearch.toml`` where that exists.
        Raises SettingsError naming the setting and where its wrong value came from.
        """
        environment = os.environ if env is None else env
        given = {name: value for name, value in (flags or {}).items() if value is not None}
        values = {**_from_file(config, environment), **_from_environment(environment)}
        checked = {name: _checked(name, value, origin) for name, (value, origin) in values.items()}
        checked.update({name: _checked(name, value, f"--{name.replace('_', '-')}") for name, value in given.items()})
        return cls(**checked)

    def beside_index(self, ending: str) -> Path:
        """Where a file is kept that goes with the index and outlives each of it: beside its folder, named after it."""
        index = Path(self.index).resolve()
        return index.with_name(index.name + ending)


def describe() -> list[tuple[str, str, str, str]]:
    """(name, environment variable, default, help) of every setting, in order."""
    return [(f.name, PREFIX + f.name.upper(), str(f.default), f.metadata["help"]) for f in fields(Settings)]


def _fields() -> dict[str, Any]:
    return {f.name: f for f in fields(Settings)}


def _from_environment(env: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    for name, spec in _fields().items():
        variable = PREFIX + name.upper()
        if path := env.get(variable + "_FILE"):
            found[name] = (_read_value(path, variable + "_FILE", secret=not spec.repr), f"{variable}_FILE")
        if variable in env:
            found[name] = (env[variable], variable)
    return found


def _read_value(path: str, variable: str, *, secret: bool) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        # Whoever wrote the secret itself there is not to find it in a log.
        raise SettingsError(
            f"{variable} names {'a file that' if secret else f'the file {path}, which'} cannot be read: {reason}.",
            "Make it a readable text file or unset the variable.",
        ) from None


def _from_file(config: Path | None, env: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    named = config or (Path(env[PREFIX + "CONFIG"]) if env.get(PREFIX + "CONFIG") else None)
    path = named or Path(CONFIG_FILE)
    if named is None and not path.is_file():
        return {}
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        table = {name: _as_text(name, value) for name, value in table.items()}
    # Numbers of thousands of digits and names that hold a NUL are ValueErrors, values nested too deep RecursionErrors.
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(
            f"The settings file {path} cannot be used: {error}.", "Mend it, or name another by RCASEARCH_CONFIG."
        ) from None
    if unknown := sorted(set(table) - set(_fields())):
        raise SettingsError(
            f"The settings file {path} has unknown settings: {', '.join(unknown)}.", f"Known settings: {', '.join(_fields())}."
        )
    return {name: (value, str(path)) for name, value in table.items()}


def _as_text(name: str, value: Any) -> Any:
    """The tables of a setting that has them as JSON, other values as they are."""
    if name not in _TABLES or not isinstance(value, list):
        return value
    import json

    return json.dumps(value, default=str)


def _as_given(value: Any, origin: str) -> str:
    """A wrong value in words; what stands in a file may be a secret, named by mistake."""
    if origin.endswith("_FILE"):
        return "is something else"
    return "is far too large" if isinstance(value, int) and value.bit_length() > _MOST_BITS else f"is {value!r}"


def _checked(name: str, value: Any, origin: str) -> Any:
    spec = _fields()[name]
    if not isinstance(spec.default, int):
        if not isinstance(value, str) or (spec.default and not value.strip()):
            raise SettingsError(
                f"The setting {name}, from {origin}, must be text that is not empty.", spec.metadata["help"], field=name
            )
        if (choices := spec.metadata["choices"]) and value not in choices:
            raise SettingsError(
                f"The setting {name}, from {origin}, {_as_given(value, origin)}; it must be one of: {', '.join(choices)}.",
                spec.metadata["help"],
                field=name,
            )
        if spec.metadata.get("name") and value and not NAME.fullmatch(value):
            raise SettingsError(
                f"The setting {name}, from {origin}, {_as_given(value, origin)}; it must be a name of at most 63 small letters, "
                "digits and hyphens, which does not begin with a hyphen.",
                spec.metadata["help"],
                field=name,
            )
        return value
    low, high = spec.metadata["low"], spec.metadata["high"]
    try:
        number = int(value) if not isinstance(value, bool | float) else None
    except (TypeError, ValueError):
        number = None
    if number is None or not low <= number <= high:
        raise SettingsError(
            f"The setting {name}, from {origin}, {_as_given(value, origin)}; it must be a whole number from {low} to {high}.",
            spec.metadata["help"],
            field=name,
        )
    return number
