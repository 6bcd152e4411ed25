"""Plain Faust as its users write it: one event at a time, a table with a changelog.

At least once (its exactly_once loses and repeats work in crashes), in memory.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import faust
import msgspec

from bench.peers.meter import Meter
from bench.small_job import output, step
from bench.small_types import Event, Stage


def build(options: dict[str, Any]) -> faust.App:
    """The app of one run."""
    app = faust.App(
        options["run"],
        broker=f"kafka://{options['broker']}",
        store="memory://",
        datadir=options["folder"],
        topic_partitions=options["partitions"],
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        broker_max_poll_records=10_000,
        stream_buffer_maxsize=16_384,
        web_enabled=False,
    )
    source = app.topic(options["topic"], value_type=bytes, value_serializer="raw")
    out = app.topic(options["out"], value_type=bytes, value_serializer="raw")
    table = app.Table("stages", default=dict, partitions=options["partitions"])
    meter = Meter(options["events"])
    decode = msgspec.json.Decoder(Event).decode

    @app.agent(source)
    async def stages(stream: Any) -> None:
        async for value in stream:
            event = decode(value)
            key = f"{event.brand}|{event.person}"
            stored = table[key]
            state = msgspec.convert(stored, Stage, strict=False) if stored else Stage()
            before = step(state, event)
            table[key] = msgspec.to_builtins(state, str_keys=True)
            if before is not None:
                await out.send(key=key, value=output(event, before, state.stage))
            if meter.saw(1):
                await app.producer.flush()
                meter.report()
                os._exit(0)

    return app


if __name__ == "__main__":
    chosen = json.loads(sys.argv[1])
    faust.Worker(build(chosen), loglevel="WARN").execute_from_commandline()
