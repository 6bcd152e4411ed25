"""A refused record is kept on a topic of its own: its refusal must fit there, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from stream_app.bootstrap import RECORD_BYTES
from stream_app.contracts.policy import default_policy
from stream_app.edge.offline import TOPICS
from stream_app.edge.topics import MAX_MESSAGE_BYTES
from stream_app.engine import Unit
from tests.edge.offline import Offline
from tests.edge.service import interaction

HUGE = MAX_MESSAGE_BYTES - 2_000
"""As much as a publisher can send."""


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"acme/p", b"\xff" * HUGE, ()),
        (b"\xfe" * HUGE, b"{", ()),
        (b"\xfe" * (HUGE // 2), b"\xff" * (HUGE // 2), ()),
        (None, b"{", [("trace", b"\xfd" * HUGE)]),
        (None, b"{", [("\x00" * HUGE, None)]),
        (None, None, [("n", b"v")] * (HUGE // 4)),
        (b"k" * 900_000, b"{" * 90_000, [("trace", b"v" * 900_000), ("small", b"v")]),
    ],
    ids=["value", "key", "both", "header", "name", "headers", "all"],
)
def test_a_record_as_large_as_it_may_be_is_refused(
    tmp_path: Path,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
) -> None:
    """Else the refusal itself is refused, and the worker stops at this record for ever."""
    site = Offline(tmp_path)
    site.start(default_policy(), 1_760_000_000_000)
    site.unit = Unit(0, site.store, site.job.codec, max_record_bytes=RECORD_BYTES)
    site.crash()
    site.now_ms = 1_760_000_000_000
    site.append(key, value, headers)  # type: ignore[arg-type]
    site.append(b"acme/p", b"{", [("small", b"v")])
    site.work_off()
    ours, other = (orjson.loads(text or b"") for _, text in site.outputs[TOPICS.rejects])
    assert ours["source"]["offset"] == 0
    assert sum(map(len, (orjson.dumps(ours),))) < RECORD_BYTES
    if headers:
        assert "headers beyond" in ours["detail"]
    assert [header["name"] for header in other["headers"]] == ["small"]


def test_a_header_without_a_value_is_no_fault(tmp_path: Path) -> None:
    """Kafka allows it, also with what is appended again under its right key."""
    site = Offline(tmp_path)
    site.start(default_policy(), 1_760_000_000_000)
    site.now_ms = 1_760_000_000_000
    told = orjson.dumps(interaction("p", "a", site.now_ms))
    nothing: Sequence[tuple[str, bytes]] = [("trace", None)]  # type: ignore[list-item]
    site.append(b"another key", told, nothing)
    site.append(b"acme/p", b"{", nothing)
    site.work_off()
    assert [move for moves in site.moves().values() for move in moves]
    (refused,) = (orjson.loads(text or b"") for _, text in site.outputs[TOPICS.rejects])
    assert refused["reason"] == "not_json"
