"""What a C compiler is shown, so that it knows where the time goes.

`RAPPORT_COMPILE=profile python hatch_build.py` has a compilation that counts run this, and compiles
again with the counts: the generated community once through a replay and once through a worker's
job with its store, without Kafka. See decision 85.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.policy import default_policy
from stream_app.demo.community import history
from stream_app.demo.mischief import Sent, records
from stream_app.edge.offline import TOPICS, Record, commit, job_of
from stream_app.edge.states import State
from stream_app.engine import Unit
from stream_app.engine.store import Store, StoreMemory
from stream_app.replay import Replay

_SEED: Final = 1
_PEOPLE: Final = 2_000
_PARTITIONS: Final = 4
_SLICE: Final = 500
_SLICES_PER_COMMIT: Final = 4
_CACHED: Final = 300
"""States kept decoded: fewer than there are, so that they are loaded, too."""


def replayed(sent: Sequence[Sent]) -> int:
    """All records through a replay; how many transitions there are."""
    replay = Replay(default_policy(), "training", _PARTITIONS)
    for one in sent:
        replay.feed(one.value or b"")
    replay.finish()
    return replay.tally.transitions


def worked(sent: Sequence[Sent], now_ms: int, folder: Path) -> int:
    """Those of one partition through a worker's job and into a store; records written elsewhere."""
    job = job_of(default_policy(), now_ms, partitions=_PARTITIONS)
    rows = [
        Record(TOPICS.log, 0, offset, one.send_ms, one.key, one.value)
        for offset, one in enumerate(sent)
        if partition_of(one.key, _PARTITIONS) == 0
    ]
    store = Store(folder, StoreMemory(8 << 20, 8 << 20, 1))
    store.open()
    try:
        unit: Unit[State] = Unit(0, store, job.codec, partitions=_PARTITIONS, cache_states=_CACHED)
        unit.reset(b"")
        job.open(unit)
        written = 0
        for turn, at in enumerate(range(0, len(rows), _SLICE)):
            job.process(unit, TOPICS.log, rows[at : at + _SLICE])
            if turn % _SLICES_PER_COMMIT == 0:
                written += _committed(unit, store)
            while job.tick(unit, rows[at].timestamp, 0):
                pass
        return written + _committed(unit, store)
    finally:
        store.close()


def _committed(unit: Unit[State], store: Store) -> int:
    return sum(map(len, commit(unit, store).values()))


def main() -> None:
    """Run both once."""
    now_ms = int(time.time() * 1000)
    sent = records(history(_SEED, _PEOPLE, now_ms), _SEED)
    replayed(sent)
    with tempfile.TemporaryDirectory() as folder:
        worked(sent, now_ms, Path(folder))


if __name__ == "__main__":
    main()
