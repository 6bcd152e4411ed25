"""The transactional producer of one partition number."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    BrokerResponseError,
    GroupAuthorizationFailedError,
    InvalidProducerEpoch,
    InvalidTransactionTimeout,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from .errors import (
    ChangelogMovedError,
    FencedError,
    LostCommitError,
    RightMissingError,
    SendRefusedError,
    SettingsError,
)
from .private_producer import (
    abort_everywhere,
    end_producer,
    fill_batches,
    forget_errors,
    see_error,
    wait_until_fenced,
)
from .settings import EngineSettings
from .unit import Snapshot

if TYPE_CHECKING:
    from aiokafka.producer.message_accumulator import BatchBuilder

log = logging.getLogger(__name__)

_MAX_BATCH_BYTES = 512 << 10
_NO_RIGHT = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)


@dataclass(frozen=True, slots=True)
class Written:
    """Where a committed transaction stands in the changelog."""

    position_offset: int
    next_offset: int


class Writer:
    """One producer, from its start to its first failure.

    Never used again after a failed send: aiokafka has raised its sequence number by then, and the
    broker would refuse everything that follows.
    """

    def __init__(self, settings: EngineSettings, partition: int) -> None:
        self._partition = partition
        self._settings = settings
        self._sends: Mapping[tuple[str, int], asyncio.Future[list[int]]] = {}
        self._producer = AIOKafkaProducer(
            **settings.client(),
            client_id=settings.transactional_id(partition),
            transactional_id=settings.transactional_id(partition),
            transaction_timeout_ms=settings.transaction_timeout_ms,
            acks="all",
            linger_ms=0,
            compression_type=settings.compression,
            max_batch_size=_MAX_BATCH_BYTES,
            max_request_size=max(1 << 20, settings.max_record_bytes + 4096),
            request_timeout_ms=min(40_000, settings.commit_timeout_ms),
            # aiokafka's 100 ms is felt: a transaction that follows closely finds the last one's
            # markers still being written, and waits for this long.
            retry_backoff_ms=20,
        )

    async def start(self) -> None:
        """Connect, and fence every older producer of this partition."""
        with _told(self._partition):
            await self._producer.start()
            await wait_until_fenced(self._producer)

    async def end_what_hangs(self, places: Iterable[TopicPartition]) -> None:
        """Abort what stands unfinished in these partitions. The writer is used no more then.

        A broker that is stopped in order may take a transaction for complete whose end it has
        written nowhere (seen with Kafka 4.3). What it left would be held for a part of the next
        transaction. When the next writer has started, all ends stand where they belong.
        """
        await abort_everywhere(self._producer, places, self._settings.app_id)

    async def stop(self) -> None:
        """Close; never raises, never waits for long."""
        await end_producer(self._producer)

    @property
    def unsent(self) -> str:
        """The topics that kept a commit waiting until it was given up; none: its end did."""
        return ", ".join(
            sorted({topic for (topic, _), task in self._sends.items() if task.cancelled()})
        )

    async def commit(
        self, snapshot: Snapshot, offsets: dict[str, int], expected_offset: int
    ) -> Written:
        """Write everything in one transaction; return only when it is committed.

        `expected_offset`: where the first changelog record must land. Raises `FencedError`,
        `ChangelogMovedError`, `LostCommitError` or the broker's refusal; the writer is dead then.
        """
        with _told(self._partition):
            return await self._commit(snapshot, offsets, expected_offset)

    async def _commit(
        self, snapshot: Snapshot, offsets: dict[str, int], expected_offset: int
    ) -> Written:
        settings, partition = self._settings, self._partition
        now_ms = int(time.time() * 1000)
        sends = {
            target: fill_batches(self._producer, records, now_ms)
            for target, records in snapshot.outputs.items()
        }
        state = ((key, value, (), None) for key, value in snapshot.changelog)
        changelog = (settings.changelog, partition)
        sends[changelog] = fill_batches(self._producer, state, now_ms)
        await self._producer.begin_transaction()
        forget_errors(self._producer)  # they are raised, but not all that aiokafka makes
        self._sends = tasks = {
            target: asyncio.ensure_future(self._send(target, [batch for batch, _ in batches]))
            for target, batches in sends.items()
        }
        group = {TopicPartition(topic, partition): offset for topic, offset in offsets.items()}
        offsets_sent = asyncio.ensure_future(
            self._producer.send_offsets_to_transaction(group, settings.app_id)
        )
        await _all_of([*tasks.values(), offsets_sent])
        bases = tasks[changelog].result()
        _check_place(bases[0], expected_offset, settings.changelog, partition)
        await self._producer.commit_transaction()
        position_offset = bases[-1] + sends[changelog][-1][1] - 1
        # Behind the position record stands the commit marker.
        return Written(position_offset, position_offset + 2)

    async def _send(self, target: tuple[str, int], batches: Iterable[BatchBuilder]) -> list[int]:
        """Send batches of one topic-partition in order; gives their base offsets."""
        topic, partition = target
        futures: list[asyncio.Future[Any]] = []
        try:
            for batch in batches:
                futures.append(  # noqa: PERF401
                    await self._producer.send_batch(batch, topic, partition=partition)
                )
            return [(await future).offset for future in futures]
        except (ProducerFenced, InvalidProducerEpoch, *_NO_RIGHT):
            raise
        except BrokerResponseError as error:
            name = type(error).__name__
            raise SendRefusedError(topic=topic, partition=partition, error=name) from error
        finally:
            for future in futures:
                _see_error(future)


def _check_place(found: int, expected: int, topic: str, partition: int) -> None:
    if found != expected:
        # Further on: another has written, or the last marker was. Before: that marker is missing.
        kind = ChangelogMovedError if found > expected else LostCommitError
        raise kind(topic=topic, partition=partition, expected=expected, found=found)


def _see_error(future: asyncio.Future[Any]) -> None:
    """Take note of a future's error, now or later, so that asyncio does not log it."""
    if future.done():
        see_error(future)
    else:
        future.add_done_callback(see_error)


@contextlib.contextmanager
def _told(partition: int) -> Iterator[None]:
    """What the broker refuses for good or for want of a right, in words of ours."""
    try:
        yield
    except (ProducerFenced, InvalidProducerEpoch) as error:
        raise FencedError(partition=partition) from error
    except _NO_RIGHT as error:
        raise RightMissingError(partition=partition, error=str(error)) from error
    except InvalidTransactionTimeout as error:
        must_be = "<= transaction.max.timeout.ms of the brokers"
        raise SettingsError(setting="transaction_timeout_ms", must_be=must_be) from error


async def _all_of(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Wait for all; on the first error cancel the rest and raise it."""
    tasks = list(tasks)
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
