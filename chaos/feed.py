"""The input: a generated community with all its mischief, deliveries, costs, links, erasures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from stream_app.contracts.partitioner import partition_of
from stream_app.contracts.times import format_time
from stream_app.demo import community, mischief
from stream_app.domain.clock import MINUTE_MS
from stream_app.edge.topics import MAX_MESSAGE_BYTES, Topics

from .broker import FEEDER
from .people import ERASURE_EVERY, LINK_EVERY, People

PLATFORM: Final = "bluesky"
_FOLLOWED: Final = f"did:plc:{'z' * 24}"
_FOLLOWED_BRAND: Final = f"bluesky-{_FOLLOWED.replace(':', '-')}"
_RECORDS_PER_PERSON: Final = 23
_DELIVERY_EVERY: Final = 40
_COST_EVERY: Final = 150
_TURN_S: Final = 0.1
_AGAIN_S: Final = 0.5


class Record(NamedTuple):
    """One record to send. `partition` None: that of its key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None


def records(
    seed: int, count: int, end_ms: int, topics: Topics, partitions: int
) -> Iterator[Record]:
    """About so many records, in order; the same arguments give the same ones."""
    acts = community.history(seed, max(20, count // _RECORDS_PER_PERSON), end_ms)
    deliveries = _Deliveries(seed, topics.raw(PLATFORM))
    costs = _Costs(seed, topics.costs)
    people = People(seed, topics, sorted({act.person for act in acts}))
    for number, sent in enumerate(mischief.records(acts, seed), 1):
        partition = (partition_of(sent.key, partitions) + 1) % partitions if sent.astray else None
        yield Record(topics.log, sent.key, sent.value, partition)
        brand, _, person = sent.key.decode().partition("/")
        if brand == community.BRAND:
            people.meet(person)
        if number % LINK_EVERY == 0:
            yield Record(*people.link())
        if number % ERASURE_EVERY == 0:
            yield Record(*people.erasure(deliveries.somebody()))
        if number % _COST_EVERY == 0:
            yield costs.one(sent.send_ms)
        if number % _DELIVERY_EVERY == 0:
            yield deliveries.one(min(sent.send_ms, end_ms) - MINUTE_MS)


class _Deliveries:
    """Follows and their removals, which name only what they remove; now and then nonsense.

    Accounts are deleted, too, for which the platform wants the person to be forgotten.
    """

    def __init__(self, seed: int, topic: str) -> None:
        self._dice = Random(f"rapport chaos {seed} deliveries")
        self._topic = topic
        self._followed: list[tuple[str, str]] = []
        self._turn = 0

    def one(self, at_ms: int) -> Record:
        dice, chance = self._dice, self._dice.random()
        self._turn += 1
        did = f"did:plc:{'abcdefgh'[dice.randrange(8)] * 20}{self._turn:04d}"
        rkey, operation = f"k{self._turn}", "create"
        if chance < 0.1:
            return Record(self._topic, did.encode(), b'{"kind": "commit", ')
        if chance < 0.14 and self._followed:
            return self._deleted(self._dice.choice(self._followed)[0], at_ms)
        if chance < 0.4 and self._followed:
            did, rkey = self._followed.pop(dice.randrange(len(self._followed)))
            operation = "delete"
        else:
            self._followed.append((did, rkey))
        commit: dict[str, Any] = {
            "rev": "r",
            "cid": "c",
            "rkey": rkey,
            "operation": operation,
            "collection": "app.bsky.graph.follow",
        }
        if operation == "create":
            commit["record"] = {"subject": _FOLLOWED, "createdAt": format_time(at_ms)}
        told = {"did": did, "time_us": at_ms * 1000, "kind": "commit", "commit": commit}
        return Record(self._topic, did.encode(), orjson.dumps(told))

    def _deleted(self, did: str, at_ms: int) -> Record:
        account = {"active": False, "did": did, "seq": self._turn, "status": "deleted"}
        account["time"] = format_time(at_ms)
        told = {"did": did, "time_us": at_ms * 1000, "kind": "account", "account": account}
        return Record(self._topic, did.encode(), orjson.dumps(told))

    def somebody(self) -> tuple[str, str] | None:
        """Brand and person of a follow that was not taken back; None: there is none."""
        if not self._followed:
            return None
        return _FOLLOWED_BRAND, f"{PLATFORM}:{self._dice.choice(self._followed)[0]}"


class _Costs:
    """Money and minutes spent on methods; some are taken back, some come under a wrong key."""

    def __init__(self, seed: int, topic: str) -> None:
        self._dice = Random(f"rapport chaos {seed} costs")
        self._topic = topic
        self._turn = 0
        self._spent: list[tuple[str, str]] = []

    def one(self, at_ms: int) -> Record:
        dice = self._dice
        self._turn += 1
        method = dice.choice((community.ADS, community.GIVEAWAY, community.ANSWERS))
        told: dict[str, Any] = {
            "id": f"cost-{self._turn}",
            "brand": community.BRAND,
            "method": method,
            "occurred_at": at_ms,
        }
        if dice.random() < 0.2 and self._spent:
            undone, told["method"] = self._spent.pop(dice.randrange(len(self._spent)))
            told |= {"op": "undo", "undoes": undone}
        else:
            self._spent.append((told["id"], method))
            cents = dice.randrange(100, 90_000)
            told["amount"] = {"amount": f"{cents / 100:.2f}", "currency": "EUR"}
            told["minutes"] = dice.randrange(1, 90)
        key = f"{community.BRAND}/{told['method']}".encode()
        return Record(self._topic, b"wrong" if dice.random() < 0.1 else key, orjson.dumps(told))


class Feeder:
    """Sends at a steady rate; when the broker does not take a turn, sends it again."""

    def __init__(self, broker: str, partitions: int) -> None:
        self._broker = broker
        self._partitions = partitions
        self._producer: AIOKafkaProducer | None = None
        self.sent = 0
        self.again = 0

    async def run(
        self, supply: list[Record], per_second: int, seconds: float, enough: asyncio.Event
    ) -> None:
        """Records in their order for so long, and on at a third of the rate until `enough`.

        What the broker does not take in time is not caught up with.
        """
        started, turn_at = time.monotonic(), time.monotonic()
        while self.sent < len(supply):
            now = time.monotonic()
            is_over = now - started > seconds
            if is_over and enough.is_set():
                break
            rate = per_second / 3 if is_over else per_second
            most = max(1, int(rate * min(now - turn_at, 2 * _TURN_S)))
            turn = supply[self.sent : self.sent + most]
            turn_at = now
            await self._send_until_taken(turn)
            self.sent += len(turn)
            await asyncio.sleep(_TURN_S)
        await self.close()

    async def _send_until_taken(self, turn: list[Record]) -> None:
        while True:
            try:
                async with asyncio.timeout(30):
                    await self._send(turn)
                return
            except Exception:  # whatever it was: a broker comes back, and repeats are input, too
                self.again += len(turn)
                await self.close()
                await asyncio.sleep(_AGAIN_S)

    async def _send(self, turn: list[Record]) -> None:
        if self._producer is None:
            made = AIOKafkaProducer(
                bootstrap_servers=self._broker,
                client_id=FEEDER,
                linger_ms=5,
                max_request_size=MAX_MESSAGE_BYTES,
                request_timeout_ms=5_000,
            )
            self._producer = made
            await made.start()
        futures = [
            await self._producer.send(
                one.topic,
                one.value,
                key=one.key,
                partition=partition_of(one.key, self._partitions)
                if one.partition is None
                else one.partition,
            )
            for one in turn
        ]
        done = await asyncio.gather(*futures, return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome

    async def close(self) -> None:
        """Let go of the producer."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                await asyncio.wait_for(producer.stop(), 3)
            except Exception:  # it was of no use any more
                return
