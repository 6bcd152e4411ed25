"""Files as they come: packed, marked, cut off, empty, of another kind, huge."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from pathlib import Path

import pytest

from stream_app.backfill.arrays import Text, members
from stream_app.backfill.errors import MappingError, UnreadableFileError
from stream_app.backfill.files import LINE_LIMIT, opened
from stream_app.backfill.mapping import RowMapping
from stream_app.backfill.sorting import Sorter
from tests.backfill.support import SAMPLES, Result

JETSTREAM = SAMPLES / "jetstream.jsonl"


def like(n: int, at_s: int) -> bytes:
    """A like, as a line of a Jetstream; its number is in its id."""
    record = {"subject": {"uri": "at://did:plc:tea/app.bsky.feed.post/p"}}
    commit = {"operation": "create", "collection": "app.bsky.feed.like", "record": record}
    told = {"did": f"did:plc:p{n % 50}", "time_us": at_s * 1_000_000, "kind": "commit"}
    return json.dumps({**told, "commit": {**commit, "rkey": f"k{n}"}}).encode() + b"\n"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_packing_marks_and_line_ends_make_no_difference(
    tmp_path: Path, packed: bool, bom: bytes, end: bytes
) -> None:
    content = bom + JETSTREAM.read_bytes().replace(b"\n", end)
    path = tmp_path / "named.txt"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert Result(("bluesky", path)).records == Result(("bluesky", JETSTREAM)).records


@pytest.mark.parametrize(
    ("platform", "content", "said"),
    [
        ("bluesky", gzip.compress(JETSTREAM.read_bytes(), mtime=0)[:-20], "cut off"),
        ("bluesky", b"\xff\xfe{\x00", "UTF-16"),
        ("bluesky", b"<rss/>", "t.dat:1: expected Jetstream"),
        ("github", b"a,b\n1,2\n", "t.dat:1: expected events of the GH Archive"),
        ("wordpress", b"<rss><channel><item></channel></rss>", "t.dat:1: broken XML"),
        ("wordpress", b"<rss><channel>\n<item>", "t.dat:2: broken XML"),
        ("wordpress", b"<html/>", "expected an export of WordPress"),
        ("x", b"[]", r"t.dat:1: expected window.YTD"),
        ("x", b"window.YTD.tweets.part0 = [\n{},\n{", "t.dat:3: .*cut off"),
        ("x", b"window.YTD.tweets.part0 = [\n{} {}]", "t.dat:2: expected , or"),
        ("x", b"window.YTD.tweets.part0 = [\xff]", "no UTF-8"),
        ("stumbleupon", b"url,title\n", "expected JSON"),
        ("discourse", b"url,title\n", "expected posts, the user list"),
        ("discourse", b'{"a": 1}', "expected posts, the user list"),
        ("discourse", b'id,username,created_at,trust_level\n1,"a', "broken CSV"),
    ],
)
def test_a_file_of_another_kind_is_told_with_its_place(
    tmp_path: Path, platform: str, content: bytes, said: str
) -> None:
    path = tmp_path / "t.dat"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=said):
        Result((platform, path), account="1")


@pytest.mark.parametrize("content", [b"", b" \n\r\n", gzip.compress(b"", mtime=0)])
@pytest.mark.parametrize(
    "platform", ["bluesky", "github", "wordpress", "stumbleupon", "x", "discourse"]
)
def test_an_empty_file_is_told(tmp_path: Path, platform: str, content: bytes) -> None:
    path = tmp_path / "empty"
    path.write_bytes(content)
    got = Result((platform, path), account="1")
    assert (got.records, got.tally.empty) == ([], [str(path)])


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UnreadableFileError, match="nowhere: No such file"):
        Result(("bluesky", Path("nowhere")))


def test_a_bad_line_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    huge = b'{"did":"' + b"x" * (LINE_LIMIT + 10) + b'"}\n'
    path.write_bytes(
        like(1, 1_772_452_800) + b"nonsense\n" + huge + b"\xff\n" + like(2, 1_772_452_900)
    )
    got = Result(("bluesky", path))
    assert len(got.acts) == 2
    assert [(line, str(reject.reason)) for _, line, reject, _ in got.refused] == [
        (2, "not_json"),
        (3, "too_large"),
        (4, "not_json"),
    ]


def test_acts_are_merged_by_event_time_whatever_the_order_of_files_and_lines(
    tmp_path: Path,
) -> None:
    dice = random.Random(7)
    times = [1_772_452_800 + dice.randrange(10**6) for _ in range(3_000)]
    paths = [tmp_path / f"{n}" for n in range(3)]
    for n, path in enumerate(paths):
        path.write_bytes(b"".join(like(i, times[i]) for i in range(n, 3_000, 3)))
    sources = [("bluesky", path) for path in paths] + [("github", SAMPLES / "gharchive.jsonl")]
    got = Result(*sources, memory=200_000)
    assert got.runs > 3, "the disk was not needed: the test tests nothing"
    moments = [act["occurred_at"] for act in got.acts]
    assert moments == sorted(moments)
    assert len(moments) == 3_005
    assert got.records == Result(*sources).records


def test_a_removal_finds_its_act_in_another_file_given_later(tmp_path: Path) -> None:
    did = {"did": "did:plc:p1", "kind": "commit", "time_us": 1_772_460_000_000_000}
    commit = {"operation": "delete", "collection": "app.bsky.feed.like", "rkey": "k1"}
    (tmp_path / "late").write_text(json.dumps({**did, "commit": commit}), "utf-8")
    (tmp_path / "early").write_bytes(like(1, 1_772_452_800))
    got = Result(("bluesky", tmp_path / "late"), ("bluesky", tmp_path / "early"))
    assert [act["op"] for act in got.acts] == ["create", "undo"]


def test_sorting_keeps_the_order_of_equals_and_can_be_repeated() -> None:
    dice = random.Random(3)
    for memory in (1, 2_000, 1 << 20):
        sorter = Sorter(memory)
        rows = [
            (dice.randrange(-5, 5), dice.randbytes(dice.choice((0, 9, 70_000)))) for _ in range(60)
        ]
        for at, content in rows:
            sorter.add(at, content)
        expected = sorted(rows, key=lambda row: row[0])
        for _ in range(2):
            assert [(row.at_us, row.content) for row in sorter] == expected
        sorter.close()


def test_a_large_array_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    member = json.dumps({"text": "é]," * 300})
    with path.open("w", encoding="utf-8") as file:
        file.write("[" + ",\n".join([member] * 20_000) + "]")
    assert path.stat().st_size > 20_000_000
    tracemalloc.start()
    with opened(path) as plain:
        count = sum(raw.decode() == member for _, _, raw in members(Text(plain, "array")))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4_000_000


def test_members_of_all_sizes_know_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "array.json"
    values = [{"a": "x" * size} for size in (0, 70_000, 1, 300_000)]
    path.write_text("[\n" + ",\n\n".join(map(json.dumps, values)) + "\n]", "utf-8")
    with opened(path) as plain:
        got = [(line, value) for line, value, _ in members(Text(plain, "array"))]
    assert got == list(zip((2, 4, 6, 8), values, strict=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[columns", "map.toml: "),
        ("[columns]\nfoo = 'A'", "no field of interaction/v1: foo"),
        ("[columns]\nid = 'A'", "no column and no constant for brand, person"),
        ("colums = 1\n[columns]", "unknown field"),
    ],
)
def test_a_mapping_that_makes_no_sense(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(MappingError, match=said):
        RowMapping(path)


MAPPED = """
id_of = ["who", "when"]
{more}
[columns]
person = "who"
occurred_at = "when"
[constants]
brand = "tea"
platform = "crm"
verb = "message"
"""


@pytest.mark.parametrize(
    ("more", "when", "expected"),
    [
        ('[time]\nformat = "seconds"', "1772452800", "2026-03-02T12:00:00.000Z"),
        ('[time]\nformat = "milliseconds"', "1772452800123", "2026-03-02T12:00:00.123Z"),
        ("", "2026-03-02T13:00:00+01:00", "2026-03-02T12:00:00.000Z"),
        ('[time]\nzone = "Asia/Tokyo"', "2026-03-02 21:00:00", "2026-03-02T12:00:00.000Z"),
        ("", "2026-03-02 21:00:00", None),
        ("", "", None),
    ],
)
def test_times_and_made_ids_of_a_mapping(
    tmp_path: Path, more: str, when: str, expected: str | None
) -> None:
    path, table = tmp_path / "map.toml", tmp_path / "t.csv"
    path.write_text(MAPPED.format(more=more), "utf-8")
    table.write_text(f"who,when\nann,{when}\nann,{when}\n", "utf-8")
    got = Result(("csv", table), mapping=path)
    if expected is None:
        assert {str(reject.reason) for _, _, reject, _ in got.refused} == {"bad_time"}
        return
    first, second = got.acts
    assert first == second  # the same row is the same act
    assert first["occurred_at"] == expected


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    path, table = tmp_path / "map.toml", tmp_path / "t.csv"
    path.write_text(MAPPED.format(more=""), "utf-8")
    table.write_text("who\nann\n", "utf-8")
    with pytest.raises(MappingError, match="the file has no column when; it has: who"):
        Result(("csv", table), mapping=path)
