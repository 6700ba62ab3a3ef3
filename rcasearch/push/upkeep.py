"""What the operator sees of the queue, and does to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TypedDict

from rcasearch.errors import InvalidQueryError, NotFoundError
from rcasearch.push.queue import Message, PushQueue, State
from rcasearch.wording import cut, one_line, plural


class Listed(TypedDict):
    """A message as it is listed: without the answer in it, and without the address, which may be secret."""

    id: int
    target: str
    state: State
    told: str
    created: str
    due: str | None
    attempts: int
    error: str


def messages_as_dicts(queue: PushQueue) -> list[Listed]:
    """What waits and what is dead, oldest first. Raises QueueError."""
    return [_as_dict(message) for message in _messages(queue)]


def listing(queue: PushQueue) -> str:
    """The same as text for a terminal."""
    messages = _messages(queue)
    if not messages:
        return f"Nothing waits and nothing is dead: {queue.path}\n"
    return "".join(f"{line}\n" for message in messages for line in _lines(message))


def change(queue: PushQueue, action: Literal["retry", "drop"], ids: Sequence[int], *, dead: bool) -> str:
    """Retry or drop messages; what was done, in words. Raises InvalidQueryError, NotFoundError and QueueError."""
    if bool(ids) == dead:
        raise InvalidQueryError("Which messages is not clear.", f"Name them: rcasearch push {action} 17, or all that are --dead.")
    messages = _messages(queue)
    chosen = [message.id for message in messages if (message.state == "dead" if dead else message.id in ids)]
    if missing := sorted(set(ids) - set(chosen)):
        raise NotFoundError(f"There is no message {missing[0]}.", "`rcasearch push list` lists them.")
    changed = queue.retry(chosen) if action == "retry" else queue.drop(chosen)
    told = "will be tried again by the server" if action == "retry" else "dropped"
    return f"{plural(changed, 'message')} {told}."


def _messages(queue: PushQueue) -> list[Message]:
    # Looking must not make a queue where none is.
    return queue.messages() if queue.path.exists() else []


def _as_dict(message: Message) -> Listed:
    return {
        "id": message.id,
        "target": message.target,
        "state": message.state,
        "told": message.told,
        "created": _time(message.created),
        "due": _time(message.due) if message.state == "waiting" else None,
        "attempts": message.attempts,
        "error": message.error,
    }


def _lines(message: Message) -> list[str]:
    state = "dead" if message.state == "dead" else f"due {_time(message.due)}"
    head = f"{message.id:>6}  {message.target}  {state}  of {_time(message.created)}, {plural(message.attempts, 'attempt')}"
    told = [cut(one_line(text), 110) for text in (message.told, message.error) if text]
    return [head, *(f"        {line}" for line in told)]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
