"""Sends the index of this machine to the engine that the settings name, and tells what came of it."""

from __future__ import annotations

import argparse
import sys

from rcasearch.errors import SettingsError
from rcasearch.settings import Settings


def migrate(_args: argparse.Namespace, settings: Settings) -> int:
    """Send the index of this machine to the engine as it is."""
    if not settings.store:
        raise SettingsError(
            "The setting store names no engine to send the index to.",
            "Set RCASEARCH_STORE=milvus://HOST:19530/NAME.",
            field="store",
        )
    send(settings)
    return 0


def send(settings: Settings) -> None:
    """Bring the index of this machine to the engine, as far as it differs. Raises as `publishing.publish` does."""
    from rcasearch.progress import progress
    from rcasearch.stores.milvus.publishing import publish
    from rcasearch.wording import plural

    with progress(sys.stderr) as report:
        sent = publish(settings, report)
    if sent is None:
        print(f"Nothing to send: {settings.store} has the same.")
        return
    gone = f", {plural(sent.removed, 'incident')} taken away" if sent.removed else ""
    print(f"Sent {plural(sent.written, 'incident')} to {settings.store}{gone}.")
