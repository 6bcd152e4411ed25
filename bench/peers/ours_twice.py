"""Two of our workers as one contestant: a group of two, as Kafka Streams has two threads.

They start at the same time and share the partitions; the rebalance of the second is in the time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from bench.peers.meter import say
from bench.process import memory, parse

WORKERS = 2


def _start(options: dict[str, Any], number: int) -> subprocess.Popen[bytes]:
    folder = Path(options["folder"]) / str(number)
    folder.mkdir()
    own = options | {"folder": str(folder), "stay": True, "progress": True}
    command = [sys.executable, "-m", "bench.peers.ours", json.dumps(own)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _progress(workers: list[subprocess.Popen[bytes]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """What the workers say of their commits, with their number, as it comes."""
    told: SimpleQueue[tuple[int, dict[str, Any]] | None] = SimpleQueue()

    def listen(number: int, out: IO[bytes]) -> None:
        for line in out:
            said = parse(line)
            if said.get("event") == "progress":
                told.put((number, said))
        told.put(None)

    for number, worker in enumerate(workers):
        assert worker.stdout is not None
        Thread(target=listen, args=(number, worker.stdout), daemon=True).start()
    while (one := told.get()) is not None:
        yield one
    raise SystemExit("a worker has ended")


def main(options: dict[str, Any]) -> None:
    """Run until all events are committed by either."""
    workers = [_start(options, number) for number in range(WORKERS)]
    try:
        committed: dict[str, int] = {}
        last: dict[int, dict[str, Any]] = {}
        for number, said in _progress(workers):
            last[number] = said
            for partition, offset in said["committed"].items():
                committed[partition] = max(offset, committed.get(partition, 0))
            if sum(committed.values()) >= options["events"]:
                say(
                    "done",
                    events=options["events"] - sum(one["before"] for one in last.values()),
                    seconds=said["at_s"] - min(one["first_s"] for one in last.values()),
                    cpu_s=sum(one["cpu_s"] for one in last.values()),
                    peak_rss_bytes=sum(memory(worker.pid)["peak"] for worker in workers),
                )
                break
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(60)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
