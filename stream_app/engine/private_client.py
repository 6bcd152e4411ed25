"""How aiokafka's clients ask which topics there are, and whom. See `private`.

Once started they ask only those whom brokers have named. When all of these have moved (as pods do,
that are started anew), a client would ask at the old addresses for ever. So they ask at those again
that they were given, whose names may lead elsewhere by now.

They let a broker make the topics that they ask for, which is Kafka's default: one that is deleted
under a worker would be back at once, empty and with settings that are not ours. So they forbid it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from aiokafka import client as aiokafka_client
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.cluster import ClusterMetadata
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.structs import BrokerMetadata

_ask_those_known = AIOKafkaClient._metadata_update
_BOOTSTRAP = ("bootstrap", ConnectionGroup.DEFAULT)
"""A connection of this name is asked, too, and closed when it has told who is there."""


async def _ask(client: Any, cluster: ClusterMetadata, topics: Iterable[str] | None) -> bool:
    if await _ask_those_known(client, cluster, topics):
        return True
    for number, (host, port, _family) in enumerate(client.hosts):
        name = f"given-{number}"
        client.cluster._bootstrap_brokers[name] = BrokerMetadata(name, host, port, None)
        connection = await client._get_conn(name)
        if connection is not None:
            client._conns[_BOOTSTRAP] = client._conns.pop((name, ConnectionGroup.DEFAULT))
            if await _ask_those_known(client, cluster, topics):
                return True
    return False


def change_how_clients_ask() -> None:
    """From now on all clients of this process do as said above."""
    AIOKafkaClient._metadata_update = _ask
    aiokafka_client.MetadataRequest = partial(MetadataRequest, allow_auto_topic_creation=False)
