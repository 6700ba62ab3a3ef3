"""Answers sent on to where people look: Slack, PagerDuty, any other receiver. Queued on the disk, delivered in the background."""

from rcasearch.push.delivery import Deliverer
from rcasearch.push.queue import Message, PushQueue, QueueError, State, queue_path
from rcasearch.push.targets import Target, targets_of

__all__ = ["Deliverer", "Message", "PushQueue", "QueueError", "State", "Target", "queue_path", "targets_of"]
