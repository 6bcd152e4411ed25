"""The private parts of Faust and aiokafka that the engine stands on are still what they were.

Each test fails when one of them moves: then `stream_app/engine/private*.py` must be read again.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import re
from pathlib import Path
from typing import Any

import aiokafka
import faust
import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import Fetcher, FetchResult, PartitionRecords
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState, TopicPartitionState
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.protocol.api import Request
from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.transport.consumer import Consumer
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Producer
from faust.types import TP
from mode.worker import Worker

from stream_app.engine import private_client
from stream_app.engine.private_consumer import LaneThread

ENGINE = Path(__file__).parents[2] / "stream_app" / "engine"

# Read line by line when the engine was written; a change of their text means: read again.
READ = {
    AIOKafkaClient.bootstrap: "198943b004e5",
    AIOKafkaClient._get_conn: "68ce5d839171",
    private_client._ask_those_known: "06dc51ed3e0d",
    AIOKafkaConsumerThread._fetch_records: "39a2c6c79fc1",
    AIOKafkaConsumerThread.getmany: "26fc5fc9f3b6",
    Consumer._drain_messages: "44a2500309e8",
    Consumer._wait_next_records: "6218e1969a63",
    Consumer.getmany: "4b168d84882a",
    faust.App._on_partitions_revoked: "d5c895bbe57d",
    faust.App._on_partitions_assigned: "de932b7927db",
    faust.App._stop_consumer: "55854a5de12c",
    TableManager.on_start: "365dd25fbc0e",
    TableManager.on_stop: "351be149c036",
    TableManager._update_channels: "88e3941facc9",
    TableManager.wait_until_recovery_completed: "e0f224aba177",
    Recovery.on_rebalance: "aa4d997a1795",
    Fetcher.fetched_records: "be4348896b9b",
    Fetcher._proc_fetch_request: "59bf948fff47",
    FetchResult.getall: "3e717e30de50",
    PartitionRecords._unpack_records: "b803e6d46480",
    GroupCoordinator.fetch_committed_offsets: "6c049c737916",
    GroupCoordinator._do_heartbeat: "dc1d6632aaa6",
    GroupCoordinator.request_rejoin: "f70a261c91c3",
    GroupCoordinator.reset_generation: "537aa37c531b",
    GroupCoordinator._push_error_to_user: "743ff515bd7e",
    TopicPartitionState.await_reset: "7b5a780dd629",
    TopicPartitionState.pause: "6c91801ebcc2",
    TopicPartitionState.resume: "8aecb5a6164f",
    Request.prepare: "3a65d9fdefe3",
    MessageAccumulator.add_batch: "5ed1c5b1367a",
    MessageAccumulator._pop_batch: "41cc98a298ef",
    TransactionManager.wait_for_pid: "d13dbb1e9264",
    AIOKafkaConsumerThread.on_start: "38b4e8bd1e10",
    AIOKafkaConsumerThread.on_thread_stop: "8dfc004e258b",
    Producer.on_start: "219c9a7a785d",
    Worker._install_signal_handlers_unix: "6a1810b34859",
    BatchBuilder.append: "657d76f55157",
}


def fingerprint(function: Any) -> str:
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:12]


@pytest.mark.parametrize("function", READ, ids=lambda f: f.__qualname__)
def test_text_is_as_read(function: Any) -> None:
    assert fingerprint(function) == READ[function], f"{function.__qualname__} has changed"


def test_versions() -> None:
    assert faust.__version__.startswith("0.15.")
    assert aiokafka.__version__.startswith("0.14.")


def test_c_builder_takes_the_first_record_whatever_its_size() -> None:
    builder = BatchBuilder(1000, 0, is_transactional=True)
    assert builder._builder.append(0, 1, b"k", b"v" * 5000, []) is not None
    assert builder._builder.append(1, 1, b"k", b"v", []) is None


def test_faust_does_not_complain_of_partitions_that_are_restored() -> None:
    """It takes them for forgotten: some hundred errors each two minutes."""
    base = AIOKafkaConsumerThread.verify_event_path
    assert "NO_FETCH_SINCE_START" in inspect.getsource(AIOKafkaConsumerThread)
    assert LaneThread.verify_event_path is not base
    LaneThread.verify_event_path(object(), 0.0, TP("log", 0))  # type: ignore[arg-type]


async def test_position_state_has_what_is_stamped() -> None:
    state = TopicPartitionState(object())  # type: ignore[arg-type]
    assert state.has_valid_position is False
    assert state.lso is None
    assert isinstance(inspect.getattr_static(TopicPartitionState, "position"), property)
    assert isinstance(inspect.getattr_static(SubscriptionState, "subscription"), property)


def test_private_use_is_in_one_place() -> None:
    """Elsewhere no underscore attribute of anything but self is touched."""
    found = [
        f"{path.name}:{node.lineno} {node.attr}"
        for path in sorted(ENGINE.glob("*.py"))
        if not path.name.startswith("private")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and re.match(r"_[a-z]", node.attr)
        and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "os"))
    ]
    assert found == []
