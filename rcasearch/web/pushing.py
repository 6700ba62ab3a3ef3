"""The queue and the targets of one application, and whoever delivers."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from flask import Flask, current_app

from rcasearch.errors import SettingsError
from rcasearch.push import Deliverer, PushQueue, QueueError, Target, queue_path, targets_of
from rcasearch.push.outgoing import draft
from rcasearch.push.targets import HOOKS
from rcasearch.settings import Settings

if TYPE_CHECKING:
    from rcasearch import shapes
    from rcasearch.web.metrics import Metrics

log = logging.getLogger("rcasearch.web")


class Pushing:
    """What the hooks hand their answers to."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for targets and hooks that are none."""
        self.settings = settings
        self.targets = targets_of(settings)
        self.open_hooks = _open_hooks(settings)
        self.queue = PushQueue(queue_path(settings))
        self.searches = ThreadPoolExecutor(2, thread_name_prefix="slack-search")
        self._deliverer: Deliverer | None = None

    def start(self) -> None:
        """Deliver in the background, where there is anybody to deliver to."""
        if self.targets or self.settings.slack_signing_secret:
            keep_s = self.settings.push_hours * 3600.0
            self._deliverer = Deliverer(self.queue, self.targets, public_url=self.settings.public_url, keep_s=keep_s)
            self._deliverer.start()

    def stop(self) -> None:
        """Finish what is being delivered; the rest waits in the queue."""
        self.searches.shutdown(wait=False, cancel_futures=True)
        if self._deliverer:
            self._deliverer.stop()
        self.queue.close()

    def known(self, key: str) -> bool:
        """Whether something was answered lately; False, too, where the queue cannot tell."""
        if not self.settings.hook_memory:
            return False
        try:
            return self.queue.seen(key, self._memory_s)
        except QueueError as error:
            log.error("Replays cannot be told: %s", error.message)
            return False

    def hand_on(
        self,
        key: str,
        hook: str,
        answers: list[tuple[shapes.Symptom, shapes.Results]],
        address: str = "",
        tenant: str | None = None,
    ) -> int | None:
        """Queue answers of a tenant for the targets that want them; how many messages, or None where they were answered lately.

        Trouble with the queue is told in the log: whoever asked gets the answer all the same.
        """
        drafts = [
            draft(target, hook, symptom, result, address if target.kind == "pagerduty" else "")
            for symptom, result in answers
            for target in self.targets
            if target.wants(hook, result["verdict"], tenant) and (target.kind != "pagerduty" or address)
        ]
        if not drafts and not self.settings.hook_memory:
            return 0
        try:
            queued = self.queue.add(key, drafts, self._memory_s)
        except QueueError as error:
            log.error("An answer is not sent on: %s %s", error.message, error.hint)
            return 0
        if queued is not None and queued < len(drafts):
            log.error("The queue is full: %d answers are not sent on. `rcasearch push list` shows it.", len(drafts) - queued)
        return queued

    @property
    def _memory_s(self) -> float:
        return self.settings.hook_memory * 60.0


def register(app: Flask, settings: Settings, metrics: Metrics) -> None:
    """Give an application its queue. Raises SettingsError for targets and hooks that are none."""
    pushing = app.extensions["push"] = Pushing(settings)
    metrics.watch_queue("push", lambda: pushing.queue.count("waiting"))
    metrics.watch_queue("push_dead", lambda: pushing.queue.count("dead"))


def pushing() -> Pushing:
    """The Pushing of the app that answers this request."""
    found = current_app.extensions["push"]
    assert isinstance(found, Pushing)
    return found


def check(settings: Settings) -> None:
    """Look at the settings before anything is served. Raises SettingsError; warns of hooks that anybody can use."""
    targets: tuple[Target, ...] = targets_of(settings)
    if names := sorted(_open_hooks(settings)):
        log.warning(
            "ANYBODY WHO REACHES THIS SERVER CAN USE THESE HOOKS, without a secret, and read what they answer: %s. "
            "To end it, set RCASEARCH_HOOK_TOKEN and clear RCASEARCH_HOOK_OPEN.",
            ", ".join(names),
        )
    if targets:
        log.info("Answers to hooks are sent on to: %s.", ", ".join(target.name for target in targets))


def _open_hooks(settings: Settings) -> frozenset[str]:
    names = frozenset(settings.hook_open.split())
    if unknown := sorted(names - set(HOOKS)):
        raise SettingsError(
            f"The setting hook_open names {', '.join(unknown)}, which is no hook.",
            f"The hooks are: {', '.join(HOOKS)}.",
            field="hook_open",
        )
    return names
