"""An Apache Kafka on this machine until Ctrl-C: `make kafka`."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Final, NoReturn

from streams.local.kafka_cluster import KafkaUnavailable, LocalKafka
from streams.local.ports import is_free

_PORT: Final = 9092


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    """Raise KeyboardInterrupt, once: a second signal must not interrupt the deletion of the data."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run one broker, at the port in the first argument or 9092, until SIGINT or SIGTERM. Return the exit code."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else _PORT
    if not is_free(port):
        print(f"port {port} of 127.0.0.1 is in use; choose another one: make kafka KAFKA_PORT=9192", file=sys.stderr)
        return 3
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    print("starting Apache Kafka; the first time it is fetched, which takes half a minute", flush=True)
    try:
        with LocalKafka(port=port) as kafka:
            print(f"Apache Kafka is ready at {kafka.bootstrap}; Ctrl-C ends it and deletes its data", flush=True)
            signal.pause()
    except KafkaUnavailable as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("Kafka has ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
