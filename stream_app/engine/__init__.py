"""The exactly-once data path inside Faust. Knows nothing of relationships.

A job (`Job`, synchronous, no I/O) is given slices of records and a `Unit` to keep states and emit
records; the engine commits states, records and offsets of one partition number as one Kafka
transaction. docs/engine.md tells the order of steps, the invariants and the traps.

What needs Faust is imported from its own module (`app`, `engine`, `private`): a command that only
talks to a broker starts without it.
"""

from stream_app.contracts.partitioner import partition_of

from .admin import TopicSpec, admin_client, changelog_spec, check_topics, ensure_topics
from .errors import EngineError, EngineRefusalError, StateTooNewError
from .folders import prepare_folder
from .job import Codec, Job, Record
from .logs import set_up_logging
from .observer import EngineHealth, NullObserver, Observer, PartitionHealth, StandbyHealth
from .private_topics import ask_for_partitions
from .security import Security
from .settings import EngineSettings
from .unit import QUEUE, Unit

__all__ = [
    "QUEUE",
    "Codec",
    "EngineError",
    "EngineHealth",
    "EngineRefusalError",
    "EngineSettings",
    "Job",
    "NullObserver",
    "Observer",
    "PartitionHealth",
    "Record",
    "Security",
    "StandbyHealth",
    "StateTooNewError",
    "TopicSpec",
    "Unit",
    "admin_client",
    "ask_for_partitions",
    "changelog_spec",
    "check_topics",
    "ensure_topics",
    "partition_of",
    "prepare_folder",
    "set_up_logging",
]
