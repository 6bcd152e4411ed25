"""After the story: the log is saved, compared with what came out, and summed up."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from stream_app.contracts.method_report import read_report
from stream_app.contracts.reject import RejectV1
from stream_app.contracts.standings import Standing, latest, standings
from stream_app.demo import check
from stream_app.demo.community import BRAND
from stream_app.demo.options import Options
from stream_app.demo.reading import read_all
from stream_app.demo.report import STAGE, Summary
from stream_app.demo.scene import Scene
from stream_app.domain.policy import Policy

CATCH_UP_S: Final = 4.0
_reject: Final = msgspec.json.Decoder(RejectV1).decode


@dataclass(frozen=True, slots=True)
class Log:
    """The log of a run: its lines by partition, and how many records stood in a wrong place."""

    lines: Sequence[Sequence[bytes]]
    astray: int


async def read_log(broker: str, options: Options, policy: Policy) -> Log:
    """The whole log as it is now."""
    found = await read_all(broker, [options.topics.log], options.partitions)
    read = [
        await asyncio.to_thread(check.lines, records, place.partition, options.partitions, policy)
        for place, records in sorted(found.items())
    ]
    return Log([lines for lines, _ in read], sum(astray for _, astray in read))


def save(log: Log, options: Options) -> None:
    """Write `log.jsonl`, the whole or nothing."""
    scratch = options.log.with_suffix(".new")
    with scratch.open("wb") as out:
        for partition in log.lines:
            for line in partition:
                out.write(line + b"\n")
    scratch.replace(options.log)


async def judge(broker: str, options: Options, policy: Policy, log: Log) -> check.Verdict:
    """Compare the service's transitions and refusals with those of a replay."""
    expected = await asyncio.to_thread(check.expect, log.lines, policy, options.name)
    verdict = check.compare(expected, *await _outputs(broker, options))
    if not verdict.equal:
        # Late is not wrong: what is still on its way gets a moment to arrive.
        await asyncio.sleep(CATCH_UP_S)
        verdict = check.compare(expected, *await _outputs(broker, options))
    return verdict


async def _outputs(broker: str, options: Options) -> tuple[check.Moves, dict[str, int]]:
    """Transitions by relationship, and refusals of the log by reason."""
    topics = options.topics
    found = await read_all(broker, [topics.transitions, topics.rejects], options.partitions)
    moves: check.Moves = {}
    refused: Counter[str] = Counter()
    for place, records in found.items():
        if place.topic == topics.transitions:
            for key, texts in check.by_relationship(records).items():
                moves.setdefault(key, []).extend(texts)
            continue
        for record in records:
            reject = _reject(record.value)
            if reject.source.topic == topics.log:
                refused[str(reject.reason)] += 1
    return moves, refused


async def methods_of(broker: str, options: Options) -> list[Standing]:
    """How the methods of the generated brand stand to each other."""
    found = await read_all(broker, [options.topics.methods], options.partitions)
    rows = [read_report(record.value) for records in found.values() for record in records]
    return standings(latest(rows, BRAND).values(), STAGE)


def summarise(scene: Scene, options: Options) -> Summary:
    """The numbers of a run."""
    began_at = scene.sending.first_at
    working_s = (scene.worked_until or time.monotonic()) - began_at if began_at else 0.0
    watch, processed = scene.watch, scene.processed()
    total = processed.total()
    first = watch.first_after_s
    return Summary(
        events=total,
        events_per_second=round(total / working_s) if working_s > 0 else 0,
        peak_events_per_second=round(scene.speed.peak),
        transitions=watch.transitions,
        relationships=watch.stages(),
        reached=watch.reached(BRAND),
        lapses=dict(watch.lapses.most_common()),
        rejects=dict(watch.refused.most_common()),
        rekeyed=processed["rekeyed"],
        duplicates=processed["duplicate"],
        late=scene.late(),
        deliveries=scene.sending.deliveries,
        platforms=list(scene.facts.platforms),
        skipped=list(scene.facts.skipped),
        brands=len(watch.brands),
        people=options.people,
        seed=options.seed,
        partitions=options.partitions,
        workers=options.workers,
        seconds_to_first_transition=None if first is None else round(first, 2),
        seconds=round(time.monotonic() - watch.started, 1),
    )
