"""Two ids become one person: the same as if one person had done it all."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream_app.contracts.policy import default_policy
from stream_app.contracts.reading import read_line
from stream_app.contracts.state import RelationshipCodec
from stream_app.domain.copies import acts_of
from stream_app.domain.events import Interaction
from stream_app.domain.identity import LINKED, end, merge
from stream_app.domain.ledger import Journal
from stream_app.domain.linked import Linked
from stream_app.domain.memory import ACTS_PER_DAY
from stream_app.domain.outcome import Transition
from stream_app.domain.rejects import Reject
from stream_app.domain.relationship import advance, settle
from stream_app.domain.state import Relationship
from stream_app.domain.transitions import MoveReason
from stream_app.replay import Replay
from tests.domain.logs import Draw, interactions
from tests.domain.scenario import DAY_0, DAY_MS

POLICY = default_policy()
RULES = POLICY.rules_for("acme")
ONLY_ACT: dict[str, Any] = {
    "id": "only",
    "brand": "acme",
    "platform": "x",
    "verb": "view",
    "occurred_at": DAY_0 * DAY_MS,
}
LAST_DAY = 150
"""Of the acts: no pane dies before the histories are compared."""


def event_of(fields: dict[str, Any]) -> Interaction:
    read = read_line(json.dumps(fields).encode(), POLICY)
    assert not isinstance(read, Reject)
    return read[0]


def grown(events: list[Interaction], person: str, journal: Journal | None = None) -> Relationship:
    """What a person's relationship is after these, in this order."""
    rel: Relationship | None = None
    for event in events:
        if rel is None:
            rel = Relationship.starting("acme", person, event.at_ms, RULES)
        if not rel.knows(event, rel.as_of):
            advance(rel, event, None, RULES, journal)
    assert rel is not None
    return rel


def link(person: str) -> Linked:
    return Linked(person, DAY_0 * DAY_MS, "relationship.links/0/0")


def merged(
    into: list[Interaction], source: list[Interaction], journal: Journal | None = None
) -> tuple[Relationship, list[Transition]]:
    rel = grown(into, "p1", journal)
    other = grown(source, "p2", journal)
    end(other, None, RULES, journal)
    return rel, merge(rel, other, link("p2"), None, RULES, journal)


def shown(rel: Relationship) -> dict[str, Any]:
    """All that the two must have alike; places in the log as an order only."""
    by_number = sorted(acts_of(rel).values(), key=lambda act: act.number)
    oldest_ms = rel.as_of - 90 * DAY_MS
    return {
        "as_of": rel.as_of,
        "panes": {
            day: (pane.counts(), pane.attention, pane.attraction, pane.affinity, pane.objections)
            for day, pane in rel.windows.panes.items()
            if pane.counts()
        },
        "sums": rel.windows.sums[:-1],
        "acts": [
            (a.key, a.verb, a.inbound, a.kind, a.object, a.at_ms, a.in_effect, a.topics)
            for a in by_number
        ],
        "undos": rel.memory.undos or {},
        "early": {
            key: sorted(found, key=lambda one: one.at_ms)
            for key, found in (rel.memory.early or {}).items()
        },
        "blocks": rel.blocks.on,
        "members": rel.members.on,
        "worth": rel.worth.sums,
        "topics": rel.worth.topics or {},
        "purchases": sorted(
            (p.key, p.at_ms, p.kind, p.left, p.currency, p.rate, p.worth, p.refunded)
            for p in rel.memory.purchases or ()
        ),
        "touches": [(t.key, t.method, t.at_ms) for t in rel.touches if t.at_ms >= oldest_ms],
    }


@st.composite
def two_people(draw: Draw) -> tuple[list[Interaction], list[Interaction]]:
    """Two histories that meet: the same acts in both, undos in one for acts in the other."""
    fields = draw(st.lists(interactions(), min_size=2, max_size=40))
    acts: dict[tuple[str, str], dict[str, Any]] = {}
    found: dict[str, list[dict[str, Any]]] = {"p1": [], "p2": []}
    refunded: set[tuple[str, str | None]] = set()
    for number, one in enumerate(fields):
        day = (one["occurred_at"] // DAY_MS - DAY_0) % LAST_DAY
        one["occurred_at"] = (DAY_0 + day) * DAY_MS + one["occurred_at"] % DAY_MS
        if one["verb"] == "offer":
            one["verb"] = "reply"  # what answered what depends on the order of the log
        if draw(st.booleans()):
            one["method"] = draw(st.sampled_from(("talk", "ads")))
        person = one.pop("person")
        if one.get("op") != "undo":
            if one["verb"] == "purchase":
                one["id"] = f"{one['id']}-{person}-{number}"
            one = acts.setdefault((one["platform"], one["id"]), one)
            if one["verb"] != "purchase" and draw(st.integers(0, 2)) == 0:
                found["p2" if person == "p1" else "p1"].append(one)
        else:
            one["id"] = f"{one['id']}-{person}-{number}"
            _aim(draw, one, acts, person)
            if one["verb"] == "purchase":  # which of two refunds came first, the log decides
                if (one["platform"], one.get("undoes")) in refunded:
                    continue
                refunded.add((one["platform"], one.get("undoes")))
        found[person].append(one)
    for person, other in (("p1", "p2"), ("p2", "p1")):
        if not found[person]:  # the same under both ids, but for refunds: those count twice
            copied = [o for o in found[other] if o.get("op") != "undo" or o["verb"] != "purchase"]
            found[person] = copied or [ONLY_ACT]
    return (
        [event_of({**one, "person": "p1"}) for one in found["p1"]],
        [event_of({**one, "person": "p2"}) for one in found["p2"]],
    )


def _aim(
    draw: Draw, undo: dict[str, Any], acts: dict[tuple[str, str], dict[str, Any]], person: str
) -> None:
    """Most undos name an act that there is, of whomever; the rest can only find their own."""
    if acts and draw(st.integers(0, 3)):
        act = draw(st.sampled_from(list(acts.values())))
        for name in ("platform", "verb", "direction"):
            undo[name] = act[name]
        undo["undoes"] = act["id"]
        undo["occurred_at"] = max(undo["occurred_at"], act["occurred_at"])
        undo.pop("value", None)
        undo.pop("object", None)
        if act["verb"] == "purchase" and draw(st.booleans()):
            undo["value"] = {"amount": "1.00", "currency": "EUR"}
    elif undo.get("undoes") is None:
        undo["object"] = f"only-{person}"


def in_one_log(first: list[Interaction], second: list[Interaction]) -> list[Interaction]:
    """Both as one person's; an undo that came before an act of the other comes after it."""
    made = {(e.platform, e.id) for e in first if not e.undo}
    theirs = {(e.platform, e.id) for e in second if not e.undo}
    waits = [
        e
        for e in first
        if e.undo
        and e.undoes is not None
        and (e.platform, e.undoes) in theirs
        and (e.platform, e.undoes) not in made
    ]
    return [*(e for e in first if e not in waits), *second, *waits]


def _depends_on_order(events: list[Interaction]) -> bool:
    """Whether a membership or block is for the log to decide: undos by name, acts of one time."""
    standing = [e for e in events if e.verb in ("follow", "subscribe", "block")]
    by_time = {(e.platform, e.verb, e.at_ms, e.id) for e in standing}
    times = {(platform, verb, at_ms) for platform, verb, at_ms, _ in by_time}
    return len(times) < len(by_time) or any(e.undoes for e in standing)


@given(two_people())
@settings(max_examples=400)
def test_a_merge_is_one_person_who_did_it_all(
    people: tuple[list[Interaction], list[Interaction]],
) -> None:
    into, source = people
    rel, _ = merged(into, source)
    alone = grown(in_one_log(into, source), "p1")
    for one in (rel, alone):
        settle(one, (DAY_0 + LAST_DAY) * DAY_MS, RULES)
    if not _depends_on_order([*into, *source]):
        assert (rel.members.by_name or {}) == (alone.members.by_name or {})
        assert (rel.blocks.by_name or {}) == (alone.blocks.by_name or {})
    found, expected = shown(rel), shown(alone)
    for name in ("members", "blocks", "sums"):
        found.pop(name), expected.pop(name)
    assert found == expected
    assert rel.windows.sums[:-2] == alone.windows.sums[:-2]


def at(day: float, verb: str, act: str, **more: Any) -> Interaction:
    fields = {"id": act, "brand": "acme", "person": "p", "platform": "x", "verb": verb}
    return event_of({**fields, "occurred_at": int((DAY_0 + day) * DAY_MS), **more})


def test_the_stage_is_tos_and_evaluated_once() -> None:
    into = [at(day, "reply", f"a{day}") for day in range(2)]
    source = [at(day, "share", f"b{day}") for day in range(2, 8)]
    rel, moves = merged(into, source)
    assert [(m.reason, m.from_stage.label, m.to_stage.label, m.sequence) for m in moves] == [
        (MoveReason.MERGE, "attention", "affinity", 2)
    ]
    assert moves[0].credits is None
    assert moves[0].cause is None
    assert moves[0].at_ms == rel.as_of == (DAY_0 + 7) * DAY_MS


def test_the_one_that_is_merged_ends_without_a_stage() -> None:
    rel = grown([at(day, "reply", f"a{day}") for day in range(2)], "p2")
    moves = end(rel, (DAY_0 + 300) * DAY_MS, RULES, None)
    assert [str(m.reason) for m in moves] == ["expiry"]  # it had lapsed before
    rel = grown([at(day, "reply", f"a{day}") for day in range(2)], "p2")
    [move] = end(rel, None, RULES, None)
    assert (move.reason, move.to_stage.label, move.sequence) == (MoveReason.MERGE, "none", 2)
    assert end(rel, None, RULES, None) == []


def test_an_early_undo_meets_its_act() -> None:
    into = [at(1, "reply", "kept"), at(5, "share", "undo-1", op="undo", undoes="there")]
    source = [at(2, "share", "there"), at(3, "like", "also")]
    for first, second in ((into, source), (source, into)):
        rel, _ = merged(first, second)
        assert not acts_of(rel)["x there"].in_effect
        assert not rel.memory.early
        assert rel.windows.panes[DAY_0 + 2].counts() == {}


def test_a_purchase_that_both_have_is_paid_once_and_given_back_to_its_method() -> None:
    value = {"amount": "10.00", "currency": "EUR"}
    bought = at(1, "purchase", "sale", value=value, method="talk")
    refund = at(2, "purchase", "back", op="undo", undoes="sale", value={**value, "amount": "4.00"})
    journal = Journal()
    rel, _ = merged([bought], [bought, refund], journal)
    alone = Journal()
    one = grown([bought, refund], "p1", alone)
    assert shown(rel) == shown(one)
    assert _money(journal) == _money(alone) == [("talk", 1, 600, 1)]


def _money(journal: Journal) -> list[tuple[str, int, int, int]]:
    return [
        (method, entry.row.touches, entry.row.value, entry.row.value_known)
        for (_, method, _), entry in journal.take().items()
    ]


def test_an_offer_that_both_have_is_answered_once() -> None:
    offer = at(1, "offer", "offer", direction="outbound")
    answer = at(2, "reply", "yes")
    one = grown([offer, answer], "p1")
    for into, source in (([offer], [offer, answer]), ([offer, answer], [offer])):
        rel, _ = merged(into, source)
        assert shown(rel) == shown(one)
        assert not rel.offers


def test_memberships_and_blocks_are_united() -> None:
    follow, unfollow = at(1, "follow", "f"), at(3, "follow", "u", op="undo", undoes="f")
    assert merged([follow], [at(2, "subscribe", "s")])[0].members.on == 2
    assert merged([follow], [unfollow])[0].members.on == 0
    assert merged([unfollow], [follow])[0].members.on == 0
    assert merged([follow, unfollow], [follow])[0].members.on == 0
    assert merged([follow], [follow, unfollow])[0].members.on == 0
    assert merged([follow, unfollow], [at(4, "follow", "again")])[0].members.on == 1
    rel, moves = merged([at(day, "reply", f"a{day}") for day in range(2)], [at(1, "block", "b")])
    assert (rel.stage, [str(move.reason) for move in moves]) == (0, ["merge"])


def test_open_offers_are_united_and_advances_decided_with_to() -> None:
    rel, _ = merged(
        [at(1, "offer", "o1", direction="outbound")], [at(2, "offer", "o2", direction="outbound")]
    )
    assert [offer.key for offer in rel.offers or ()] == ["x o1", "x o2"]
    rel, _ = merged([at(130, "reply", "late")], [at(0, "reply", "b1"), at(0, "reply", "b2")])
    assert [one.day for one in rel.undecided or ()] == [DAY_0 + 250]  # that of day 120 was decided


def test_bounds_hold() -> None:
    into = [at(1, "like", f"a{number}") for number in range(ACTS_PER_DAY)]
    source = [at(1, "like", f"b{number}") for number in range(ACTS_PER_DAY)]
    rel, _ = merged(into, source)
    assert len(acts_of(rel)) == ACTS_PER_DAY == len(rel.windows.panes[DAY_0 + 1].acts)
    assert set(acts_of(rel)) == {f"x b{number}" for number in range(ACTS_PER_DAY)}
    assert rel.memory.forgotten == ACTS_PER_DAY
    for number in range(LINKED + 5):
        merge(rel, grown(source[:1], f"p{number}"), link(f"p{number}"), None, RULES, None)
    assert len(rel.linked or ()) == LINKED


def test_what_died_meanwhile_is_not_merged() -> None:
    rel, _ = merged([at(200, "reply", "new")], [at(1, "reply", "old"), at(150, "like", "b")])
    assert set(acts_of(rel)) == {"x new", "x b"}
    assert set(rel.windows.panes) == {DAY_0 + 200, DAY_0 + 150}


def test_it_is_stored_with_its_ids_and_read_again() -> None:
    rel, _ = merged(
        [at(day, "reply", f"a{day}") for day in range(9)],
        [at(day, "share", f"b{day}") for day in range(9)],
    )
    codec = RelationshipCodec(POLICY)
    parts = {suffix: part for suffix, part in codec.dump(rel) if part is not None}
    again = codec.load(parts.get)
    assert again is not None
    assert shown(again) == shown(rel)
    assert again.linked == [link("p2")]


def test_a_replay_knows_links_and_erasures() -> None:
    def line(person: str, day: int, verb: str = "reply") -> bytes:
        fields = {"id": f"{person}-{verb}-{day}", "brand": "acme", "person": person}
        fields |= {"platform": "x", "verb": verb, "occurred_at": (DAY_0 + day) * DAY_MS}
        return json.dumps(fields).encode()

    def own(record: str, **more: Any) -> bytes:
        at_ms = (DAY_0 + 9) * DAY_MS
        told = {"record": record, "brand": "acme", "recorded_at": at_ms, **more}
        return json.dumps(told).encode()

    def told(written: list[bytes] | Reject) -> list[tuple[Any, ...]]:
        assert not isinstance(written, Reject), written
        found = [json.loads(move) for move in written]
        return [(m["person"], m["epoch"], m["sequence"], m["to"], m["reason"]) for m in found]

    core = Replay(POLICY, "test", partitions=4)
    for day in range(6):
        core.feed(line("old", day))
    core.feed(line("new", 0))
    link_line = own("link", **{"from": "old", "to": "new"})
    assert told(core.feed(link_line)) == [
        ("old", 0, 4, "none", "merge"),
        ("new", 0, 2, "affinity", "merge"),
    ]
    assert core.feed(link_line) == []
    assert core.feed(own("link", **{"from": "new", "to": "old"})) == []
    assert told(core.feed(line("old", 7, "follow"))) == [("new", 0, 3, "audience", "membership")]
    core.feed(own("erasure", person="old"))
    assert core.feed(line("new", 8)) == core.feed(line("old", 8)) == []
    assert core.tally.erased == 2
    core.feed(own("erasure", person="new", consent=True))
    assert told(core.feed(line("new", 8))) == [("new", 1, 1, "attention", "evidence")]
    refused = core.feed(own("link", **{"from": "a", "to": "a"}))
    assert isinstance(refused, Reject)
    assert refused.reason == "wrong_shape"
