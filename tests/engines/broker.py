"""The log broker of the test cluster: librdkafka's mock of Kafka, which keeps all in memory and ends with this process.

Run as a script it writes its address into the file that is named, and stays.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path


def main(path: Path) -> None:
    """Start one mock broker, tell its address, and wait to be killed."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
    brokers = producer.list_topics(timeout=30).brokers.values()
    draft = path.with_suffix(".draft")
    draft.write_text(",".join(f"{broker.host}:{broker.port}" for broker in brokers), "utf-8")
    draft.replace(path)
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
