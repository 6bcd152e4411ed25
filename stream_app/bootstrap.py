"""The one place where the service is put together. Importing it builds nothing.

Nor does it import Faust: who only prepares topics, as the demo, need not wait for that.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from stream_app.config import ServiceSettings
from stream_app.domain.policy import Policy
from stream_app.edge import admin
from stream_app.edge.facts import OUTCOMES
from stream_app.edge.job import RelationshipJob
from stream_app.edge.states import State
from stream_app.edge.topics import MAX_MESSAGE_BYTES, specs
from stream_app.engine import EngineSettings, Job, Security, changelog_spec
from stream_app.observability.metrics import Metrics

if TYPE_CHECKING:
    from stream_app.engine.private import LaneApp

RECORD_BYTES = MAX_MESSAGE_BYTES - 128 * 1024
"""Largest record that the service writes: below the topics' limit, with room for a batch around."""


async def prepare_topics(settings: ServiceSettings) -> None:
    """Create the topics that are missing, and check those that exist.

    Raises an error that names the topic, what was found and what was expected.
    """
    wanted = specs(
        settings.topics,
        settings.platforms,
        partitions=settings.partitions,
        replication=settings.replication,
        retention=settings.retention,
    )
    wanted.append(changelog_spec(engine_settings(settings)))
    await admin.prepare_topics(
        settings.broker, wanted, settings.partitions, security=security(settings)
    )


def build_app(settings: ServiceSettings, policy: Policy) -> LaneApp:
    """The Faust app of one worker, not yet started."""
    from stream_app.edge.web import Observed, mount
    from stream_app.engine.app import create_app

    topics = settings.topics
    raw = {topics.raw(platform): platform for platform in settings.platforms}
    sources = (
        topics.log,
        topics.links,
        topics.erasures,
        topics.costs,
        topics.deltas,
        *raw,
    )
    metrics = Metrics(
        version=version("rapport-stream"),
        policy=policy.version,
        outcomes=OUTCOMES,
        topics=sources,
        platforms=settings.platforms,
    )
    job: Job[State] = RelationshipJob(
        policy,
        topics,
        raw,
        metrics,
        application_id=settings.application_id,
        partitions=settings.partitions,
        idle_ticks=settings.idle_ticks,
        seen_limit=settings.seen_per_partition,
        started_ms=int(time.time() * 1000),
        methods_per_brand=settings.methods_per_brand,
    )
    app = create_app(engine_settings(settings), job, sources, observer=Observed(metrics))
    mount(app, metrics)
    return app


def security(settings: ServiceSettings) -> Security:
    """Encryption and credentials; raises the engine's SettingsError."""
    return Security(
        protocol=settings.security_protocol,
        mechanism=settings.sasl_mechanism,
        username=settings.sasl_username,
        password=settings.sasl_password,
        ssl_cafile=settings.ssl_cafile,
    )


def engine_settings(settings: ServiceSettings) -> EngineSettings:
    """What the engine needs of the settings."""
    return EngineSettings(
        app_id=settings.application_id,
        broker=settings.broker,
        security=security(settings),
        partitions=settings.partitions,
        data_dir=settings.data_dir,
        commit_interval_ms=settings.commit_interval_ms,
        session_timeout_ms=settings.session_timeout_ms,
        instance_id=settings.instance_id,
        cache_states=settings.cache_states,
        standbys=settings.standbys,
        changelog_topic=f"{settings.topic_prefix}{settings.application_id}-state-changelog",
        changelog_replication=settings.replication,
        max_record_bytes=RECORD_BYTES,
        web_host=settings.web_host,
        web_port=settings.web_port,
        rebuild=settings.rebuild,
        skip_bad_state=settings.skip_bad_state,
    )
