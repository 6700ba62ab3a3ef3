"""What people and alerting tools paste or send -> what it tells of: symptoms to search for, whom they name, filters to offer."""

from __future__ import annotations

from rcasearch.alerts.understanding import understand, understand_document

__all__ = ["understand", "understand_document"]
