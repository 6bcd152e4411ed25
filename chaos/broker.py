"""What chaos asks of the broker: quotas and limits of topics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

_ENTITY = ("entity", Array(("type", String("utf-8")), ("name", String("utf-8"))))


FEEDER: Final = "chaos-feeder"
"""Client id of the feeder, which no quota slows down."""
_UNLIMITED_BYTES_PER_S: Final = 1e12


class _AlterQuotasResponse(Response):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("entries", Array(("code", Int16), ("text", String("utf-8")), _ENTITY)),
    )


class _AlterQuotasStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterQuotasResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(
                _ENTITY,
                ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _AlterQuotas(Request[_AlterQuotasStruct]):  # type: ignore[misc]
    """aiokafka can describe quotas, not set them."""

    API_KEY: ClassVar[int] = 49

    def __init__(self, bytes_per_s: float | None) -> None:
        self._bytes_per_s = bytes_per_s

    def build(self, request_struct_class: type[_AlterQuotasStruct]) -> _AlterQuotasStruct:
        lift = self._bytes_per_s is None
        slow = ("producer_byte_rate", self._bytes_per_s or 0.0, lift)
        free = ("producer_byte_rate", _UNLIMITED_BYTES_PER_S, lift)
        entries = [
            ([("client-id", None)], [slow]),
            ([("client-id", FEEDER)], [free]),
        ]
        return request_struct_class(entries, False)


@asynccontextmanager
async def admin(broker: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for the body."""
    client = AIOKafkaAdminClient(bootstrap_servers=broker, request_timeout_ms=10_000)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def set_quota(broker: str, bytes_per_s: float | None) -> None:
    """Of every producer but the feeder; None takes it away. Raises RuntimeError."""
    async with admin(broker) as client:
        answer: Any = await client._send_request(_AlterQuotas(bytes_per_s))
        for code, text, _ in answer.entries:
            if code:
                raise RuntimeError(f"quota: {code} {text}")


async def set_topic(broker: str, topic: str, config: Mapping[str, str]) -> None:
    """The topic's own settings from now on; what is not named goes back to the default."""
    async with admin(broker) as client:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=dict(config))
        await client.alter_configs([resource])
