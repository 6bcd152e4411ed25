"""The oracle itself against the worked examples, and the generator against its promises."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import pytest

from tests.together import Once

from .histories import history
from .murmur2 import murmur2, partition_of
from .reading import Refused, read
from .rescan import Rescan, rescan
from .rules import DAY
from .shared import history_rescanned

DAY_0 = 19_000  # 2022-01-08
TWO_YEARS = 730

# (days, verb of each act on such a day): acts are at the start of their day
Acts = list[tuple[range, list[str]]]
ONCE = range(1)

EXAMPLES: dict[str, tuple[Acts, str]] = {
    "buys every 30 days": (
        [(range(0, 24 * 30, 30), ["purchase"])],
        "attention 0, affinity 60",
    ),
    "buys every 42 days": (
        [(range(0, 17 * 42, 42), ["purchase"])],
        "attention 0, affinity 84",
    ),
    "views and likes once a week": (
        [(range(0, TWO_YEARS, 7), ["view", "like"])],
        "attention 0, attraction 14",
    ),
    "subscribes on day 0, views and clicks once a week": (
        [(ONCE, ["subscribe"]), (range(0, TWO_YEARS, 7), ["view", "click"])],
        "attention 0, attraction 14, audience 42",
    ),
    "subscribes on day 0, never acts": (
        [(ONCE, ["subscribe"])],
        "attention 0",
    ),
    "replies daily for 60 days, follows on day 31, then silent": (
        [(range(60), ["reply"]), (range(31, 32), ["follow"])],
        "attention 0, attraction 2, affinity 3, audience 31, attraction 148, attention 179",
    ),
    "40 shares within one day, and a follow": (
        [(ONCE, ["share"] * 40 + ["follow"])],
        "attention 0",
    ),
    "complains daily for 10 days": (
        [(range(10), ["complain"])],
        "attention 1, none 189",
    ),
    "two impressions a day for 30 days": (
        [(range(30), ["impression", "impression"])],
        "attention 1, none 209",
    ),
}


def log_of(acts: Acts) -> list[bytes]:
    """The acts as lines, in the order of their days."""
    by_day = sorted((on, verb) for days, verbs in acts for on in days for verb in verbs)
    return [act(n, verb, on * DAY) for n, (on, verb) in enumerate(by_day)]


def act(number: int, verb: str, after_ms: int, **more: object) -> bytes:
    """One line: an act `after_ms` after the start of day 0, with the id `a<number>`."""
    fields = {
        "id": f"a{number}",
        "brand": "acme",
        "person": "ann",
        "platform": "x",
        "verb": verb,
        "occurred_at": DAY_0 * DAY + after_ms,
        **more,
    }
    return json.dumps(fields).encode()


def moves(result: Rescan) -> str:
    """`stage day, stage day, ...`; every move must be at the start of its day."""
    assert all(moved.at_ms % DAY == 0 for moved in result.transitions)
    return ", ".join(f"{moved.to} {moved.at_ms // DAY - DAY_0}" for moved in result.transitions)


@pytest.mark.parametrize("example", EXAMPLES)
def test_worked_example(example: str) -> None:
    acts, expected = EXAMPLES[example]
    result = rescan(log_of(acts), until_ms=(DAY_0 + TWO_YEARS) * DAY)
    assert moves(result) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # the vectors of Kafka's own UtilsTest
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_murmur2_is_kafkas(key: str, expected: int) -> None:
    assert murmur2(key.encode()) == expected


def test_partition_is_of_brand_and_person() -> None:
    assert partition_of("acme", "a/b", 8) == (murmur2(b"acme/a/b") & 0x7FFFFFFF) % 8


# --- the generator: a comparison means something only where these occur ---

SEEDS = range(1, 21)

REFUSALS = ["not_json", "empty", "wrong_shape", "too_large", "unknown_verb", "bad_brand"]
REFUSALS += ["bad_person", "bad_time", "from_the_future", "too_old"]
REASONS = ["evidence", "expiry", "membership", "blocked", "undo"]
CASES = [
    "advance by expiry",
    "undo with undoes",
    "undo of an unknown act",
    "undo of another verb",
    "undo twice",
    "undo earlier than its act",
    "undo without undoes, with object",
    "undo without undoes, without object",
    "undo without undoes, with object, of nothing",
    "undo without undoes, without object, of nothing",
    "undone: inbound follow",
    "undone: inbound subscribe",
    "undone: inbound join",
    "undone: inbound like",
    "undone: inbound block",
    "undone: outbound block",
    "undone: outbound offer",
    "undone: outbound reply",
    "undone: purchase without value",
    "undone: purchase, by a refund without value",
    "undone: purchase, by a refund in another currency",
    "undone: purchase, by a refund of too much",
    "undone: purchase, by refunds",
    "refund in part",
    "early refund in part",
    "early undo met its purchase",
    "early undo met its follow",
    "early undo met its offer",
    "early undo met its block",
    "early undo met its like",
    "undo of a forgotten act that holds a membership or block",
    "membership or block closed before it began",
    "offer answered",
    "offer forgotten",
    "offer not answered: not within 7 days",
    "offer pushed out by a new one",
    "offer pushed out by one open again",
    "answer undone",
    "answer to an undone offer undone",
]


@pytest.fixture(scope="session")
def everything(once: Once) -> Counter[str]:
    """How often each refusal, reason and case occurs in the histories of all seeds."""
    return once("histories-seen", lambda: _everything(once))


def _everything(once: Once) -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in SEEDS:
        result = history_rescanned(once, seed)
        total.update(reason for _, reason in result.rejects)
        total.update(f"moved by {moved.reason}" for moved in result.transitions)
        total.update(result.seen)
        total["duplicates"] += result.duplicates
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [*REFUSALS, *(f"moved by {reason}" for reason in REASONS), "duplicates", *CASES]
)
def test_the_histories_hold_every_case(everything: Counter[str], case: str) -> None:
    assert everything[case] >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_histories_stay_below_the_bounds_that_the_oracle_leaves_out(seed: int) -> None:
    purchases: Counter[tuple[str, str]] = Counter()
    panes: Counter[tuple[str, str, int]] = Counter()
    for line in history(seed):
        try:
            event = read(line)
        except Refused:
            continue
        purchases[event.brand, event.person] += event.verb == "purchase"
        panes[event.brand, event.person, event.at // DAY] += 1
    assert max(purchases.values()) <= 64
    assert max(panes.values()) <= 256


def test_a_seed_gives_the_same_history_on_every_python() -> None:
    digest = hashlib.sha256(b"\n".join(history(1, 400))).hexdigest()
    assert digest == "9db5615be78b915b5a699c0d3a7dcca63b04b8d92946f652b7fbe90f0b39c2f8"


def test_partitions_have_their_own_watermarks() -> None:
    """Ben's late first act is too old only where Ann's clock is his own."""
    lines = [act(1, "like", 400 * DAY), act(2, "like", 0, person="ben")]
    assert rescan(lines).rejects == [(2, "too_old")]
    assert partition_of("acme", "ann", 5) != partition_of("acme", "ben", 5)
    assert rescan(lines, partitions=5).rejects == []
