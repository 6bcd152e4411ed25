"""The topics of a worker must stay what they were when it began."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping

from .errors import EngineRefusalError, TopicGoneError, TopicMismatchError, TopicRecreatedError
from .private_topics import Topic

log = logging.getLogger(__name__)

_GONE_S = 10.0
"""A broker that has just come up may not know all topics yet."""


class KnownTopics:
    """What was seen of them so far."""

    def __init__(
        self, sources: Iterable[str], changelog: str, outputs: Iterable[str], partitions: int
    ) -> None:
        self._sources = tuple(sources)
        self._vital = (*self._sources, changelog)
        self.names = tuple(dict.fromkeys((*self._vital, *outputs)))
        self._partitions = partitions
        self._ids: dict[str, bytes] = {}
        self._missing: dict[str, float] = {}

    def judge(self, found: Mapping[str, Topic | None]) -> EngineRefusalError | None:
        """Why the worker cannot go on with the topics as they are now; None if it can."""
        for name, topic in found.items():
            if topic is None:
                refusal = self._is_missing(name)
            else:
                self._missing.pop(name, None)
                refusal = self._is_there(name, topic)
            if refusal is not None:
                return refusal
        return None

    def _is_there(self, name: str, topic: Topic) -> EngineRefusalError | None:
        if name in self._vital and topic.partitions != self._partitions:
            return TopicMismatchError(topic=name, found=topic.partitions, expected=self._partitions)
        if name in self._sources and self._ids.setdefault(name, topic.id) != topic.id:
            return TopicRecreatedError(topic=name)
        return None

    def _is_missing(self, name: str) -> EngineRefusalError | None:
        now = time.monotonic()
        since = self._missing.setdefault(name, now)
        if since == now:
            log.error("topic %s does not exist any more", name)
        if name in self._vital and now - since >= _GONE_S:
            return TopicGoneError(topic=name)
        return None
