"""`rapport demo`, from the first line to the last process."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, NoReturn

from rich.console import Console

from stream_app.bootstrap import prepare_topics
from stream_app.config import ServiceSettings
from stream_app.contracts.policy import load_policy
from stream_app.demo import report
from stream_app.demo.aftermath import Log, judge, methods_of, read_log, save, summarise
from stream_app.demo.beside import Interrupt, look_at, show
from stream_app.demo.check import Verdict
from stream_app.demo.community import DAYS, history
from stream_app.demo.deliveries import Collection, collect, samples
from stream_app.demo.errors import DemoError
from stream_app.demo.mischief import Sent, records
from stream_app.demo.options import Options
from stream_app.demo.publish import Publisher, producer
from stream_app.demo.reading import consumer, look_for, offsets, remove_topics
from stream_app.demo.scene import Facts, Scene
from stream_app.demo.story import Story
from stream_app.demo.watch import Watch
from stream_app.demo.workers import Worker, stop_all
from stream_app.domain.clock import DAY_MS
from stream_app.embedded import BROKER_VARIABLES, EmbeddedBroker, given_address
from stream_app.embedded.errors import FolderUnusable
from stream_app.embedded.settings import free_ports

DIFFERS: Final = 1
_LEFT_OVER_S: Final = 3600.0
_REMOVE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to."""

    summary: report.Summary
    verdict: Verdict | None


def run(options: Options) -> int:
    """Broker, workers, input, output, end: the exit code.

    0: all went well, with `once`: and the transitions are those of a replay; 1: they are not.
    128 + n: ended by signal n, but for an interrupt that ends what has no end of its own. Raises
    DemoError or BrokerError.
    """
    started = time.monotonic()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    _prepare_folder(options)
    collection = _collect(options)  # before a Kafka is started for it
    try:
        if given := given_address(*BROKER_VARIABLES):
            return asyncio.run(Demo(options, collection, given, False, started).run())
        broker = EmbeddedBroker()
        try:
            return asyncio.run(Demo(options, collection, broker.start(), True, started).run())
        finally:
            broker.stop()
    except KeyboardInterrupt as error:
        return _interrupted(*error.args)


def _interrupt(number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt(number)


def _interrupted(number: int = signal.SIGINT) -> int:
    word = "interrupted" if number == signal.SIGINT else "terminated"
    _say(f"{word}; nothing was compared, and the log of an earlier demo stays as it is")
    return 128 + number


def _prepare_folder(options: Options) -> None:
    """Make the folder, write the policy, remove what killed demos have left."""
    policy = files("stream_app.demo") / "policy.toml"
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        for left in options.folder.glob("data-*"):
            if time.time() - left.stat().st_mtime > _LEFT_OVER_S:
                shutil.rmtree(left, ignore_errors=True)
        options.policy.write_bytes(policy.read_bytes())
    except OSError as error:
        raise FolderUnusable(error) from error


def _collect(options: Options) -> Collection:
    history_ms = time.time_ns() // 1_000_000 - DAYS * DAY_MS
    found = collect(options.deliveries or samples(), history_ms)
    if not found.all:
        what = "no <platform>/*.json of a platform with an adapter in it"
        raise DemoError(f"{options.deliveries}: {what}")
    return found


class Demo:
    """One run on a broker that is there."""

    def __init__(
        self,
        options: Options,
        collection: Collection,
        address: str,
        own_broker: bool,
        started: float,
    ) -> None:
        """`started`: when the command began, on the monotonic clock."""
        self._options = options
        self._address = address
        self._own_broker = own_broker
        self._started = started
        self._now_ms = time.time_ns() // 1_000_000
        self._console = Console(stderr=options.as_json)
        self._policy = load_policy(options.policy)
        self._collection = collection

    async def run(self) -> int:
        """Everything; the exit code."""
        interrupt, options = Interrupt(), self._options
        workers: list[Worker] = []
        try:
            await look_for(self._address)
            await prepare_topics(self._settings())
            for number, port in enumerate(free_ports(options.workers), 1):
                workers.append(self._worker(number, port))
            # While the workers start; in a thread, so that a signal is heard.
            sent = await asyncio.to_thread(self._generate)
            result = await self._perform(workers, sent, interrupt)
        except asyncio.CancelledError:
            if interrupt.number is None:
                raise
            result = None
        finally:
            stop_all(workers)
            await self._tidy()
        if result is None:
            return _interrupted(interrupt.number or signal.SIGINT)
        code = self._report(result)
        ended_by = interrupt.number or signal.SIGINT
        return code if ended_by == signal.SIGINT else 128 + ended_by

    def _generate(self) -> list[Sent]:
        options = self._options
        return records(history(options.seed, options.people, self._now_ms), options.seed)

    async def _perform(
        self, workers: list[Worker], sent: list[Sent], interrupt: Interrupt
    ) -> Result | None:
        """The story and its aftermath, shown all the while; None if there is nothing to tell."""
        options, topics, broker = self._options, self._options.topics, self._address
        async with contextlib.AsyncExitStack() as stack:
            outputs = consumer(broker, [topics.transitions, topics.rejects], options.partitions)
            reader = await stack.enter_async_context(outputs)
            sender = await stack.enter_async_context(producer(broker))
            asked = await stack.enter_async_context(offsets(broker, reader, options.name))
            publisher = Publisher(sender, topics, options.partitions)
            scene = self._scene(publisher, workers, sent)
            watched = self._console.is_terminal
            story = Story(options, scene, publisher, asked, watched=watched)
            result: Result | None = None
            async with asyncio.TaskGroup() as beside:
                tasks = [
                    beside.create_task(scene.watch.follow(reader, topics.transitions)),
                    beside.create_task(look_at(workers, scene)),
                    beside.create_task(show(scene, self._console)),
                ]
                told = await interrupt.during(self._tell(story, sent))
                if told or not options.once:
                    result = await self._conclude(scene)
                for task in tasks:
                    task.cancel()
        return result

    async def _tell(self, story: Story, sent: list[Sent]) -> None:
        await story.tell(self._collection, sent)
        if not self._options.once:
            await story.go_on()

    async def _conclude(self, scene: Scene) -> Result | None:
        """None if it was ended before there was anything to tell."""
        options = self._options
        scene.doing = "comparing with a replay" if options.once else "saving the log"
        log: Log = await read_log(self._address, options, self._policy)
        if not any(log.lines):
            return None
        await asyncio.to_thread(save, log, options)
        verdict = None
        if options.once:
            verdict = await judge(self._address, options, self._policy, log)
        summary = summarise(scene, options)
        summary.methods = await methods_of(self._address, options)
        if verdict is not None:
            summary.differing, summary.equal = verdict.differing, verdict.equal
        scene.doing = "done"
        return Result(summary, verdict)

    def _report(self, result: Result) -> int:
        options, verdict = self._options, result.verdict
        if options.as_json:
            report.as_json(result.summary)
        else:
            report.show(self._console, result.summary, verdict)
            commands = report.next_commands(options.log, options.policy, options.partitions)
            report.show_next(self._console, commands)
        if verdict is None or verdict.equal:
            return 0
        _say(report.judged(verdict))
        return DIFFERS

    # -- parts

    def _scene(self, publisher: Publisher, workers: list[Worker], sent: list[Sent]) -> Scene:
        options, collection = self._options, self._collection
        facts = Facts(
            address=self._address,
            own_broker=self._own_broker,
            partitions=options.partitions,
            seed=options.seed,
            people=options.people,
            platforms=collection.platforms,
            skipped=tuple(collection.skipped),
            source="the adapters' samples" if options.deliveries is None else "from your folder",
        )
        publisher.sending.all_deliveries = len(collection.all)
        publisher.sending.all_records = len(sent)
        watch = Watch(self._started)
        start_ms = self._now_ms - DAYS * DAY_MS
        return Scene(facts, watch, publisher.sending, workers, history_start_ms=start_ms)

    def _settings(self) -> ServiceSettings:
        options = self._options
        return ServiceSettings(
            broker=self._address,
            platforms=self._collection.platforms,
            application_id=options.name,
            topic_prefix=options.prefix,
            partitions=options.partitions,
        )

    def _worker(self, number: int, port: int) -> Worker:
        options = self._options
        arguments = {
            "--broker": self._address,
            "--application-id": options.name,
            "--topic-prefix": options.prefix,
            "--partitions": str(options.partitions),
            "--platforms": ",".join(self._collection.platforms),
            "--data": str(options.data),
            "--policy": str(options.policy),
            "--log-level": "WARNING",
        }
        given = [word for pair in arguments.items() for word in pair]
        # Idle ticks are no acts: a replay of the log has none.
        given.append("--no-idle-ticks" if options.once else "--idle-ticks")
        return Worker(number, port, options.folder / f"worker-{number}.log", given)

    async def _tidy(self) -> None:
        """Remove what only this run needs; a broker of ours takes its topics with it."""
        shutil.rmtree(self._options.data, ignore_errors=True)
        if not self._own_broker:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_REMOVE_S):
                    await remove_topics(self._address, self._options.prefix)


def _say(text: str) -> None:
    print(f"rapport demo: {text}", file=sys.stderr)  # noqa: T201 - a command's own output
