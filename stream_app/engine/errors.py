"""What can go wrong in the engine, and what the operator does about it.

The docstring of each exception is its message; the fields of the instance come behind it. An
`EngineRefusalError` stops the worker: going on could lose or repeat work. Everything else that a
commit or an assignment raises is retried with backoff.
"""

from __future__ import annotations


class EngineError(Exception):
    """The engine could not go on. Do: read the details behind this message."""

    def __init__(self, **details: object) -> None:
        self.details = details
        text = " ".join((type(self).__doc__ or "").split())
        facts = ", ".join(f"{name}={value}" for name, value in details.items())
        super().__init__(f"{text} [{facts}]" if facts else text)


class EngineRefusalError(EngineError):
    """The engine refuses to continue. Do: read the details; nothing was committed since."""


class SettingsError(EngineRefusalError):
    """A setting makes no sense. Do: correct the named setting and start again."""


class DataFolderError(EngineRefusalError):
    """The folder of the local state cannot be used.
    Do: give this user the right to write there, or name another one: --data, RAPPORT_DATA."""


class TopicMismatchError(EngineRefusalError):
    """A topic has another number of partitions than the settings say.
    Do: set `partitions` to the topics' count, or give every source and changelog the same count;
    a change of the count needs a new application id and a replay."""


class ChangelogShorterError(EngineRefusalError):
    """The local store is ahead of its changelog: the changelog was deleted, recreated or cut.
    Do: bring the changelog back; or, to trust the changelog as it is now, start once with
    --rebuild (state that only the store knew is then lost)."""


class ChangelogCutError(EngineRefusalError):
    """The beginning of the changelog was deleted, and this disk does not have what stood there.
    Do: bring back the disk or the topic, or erase the state and replay; or, to go on with what is
    left of the changelog, start once with --rebuild. Its cleanup.policy must be `compact` alone."""


class PositionMismatchError(EngineRefusalError):
    """The consumer group's offset is not the position that the state was committed with.
    Do: undo the offset reset or bring the changelog back; or start once with --rebuild to
    continue from the state's own position (from the first record where there is no state)."""


class SourceShorterError(EngineRefusalError):
    """A source topic ends before the position that was already processed: it was recreated or cut.
    Do: bring the topic back; or start once with --rebuild to continue at its beginning."""


class TopicRecreatedError(EngineRefusalError):
    """A source topic was deleted and created anew: the offsets that were processed mean other
    records now. Do: bring the old topic back; or, if the new one is meant to begin from nothing,
    start once with --rebuild, which reads it from its first record."""


class TopicGoneError(EngineRefusalError):
    """A topic was deleted while this worker was at work with it.
    Do: bring it back from a copy; a start creates it empty, and says what that contradicts."""


class ReadRefusedError(EngineRefusalError):
    """This user may not read a source topic.
    Do: give it the right (Read, Describe) and start again; nothing is lost meanwhile."""


class BatchDamagedError(EngineRefusalError):
    """A topic has records that are damaged on the broker's disk, and cannot be read.
    Do: have a replica with a sound copy lead the partition. If there is none, delete the records
    before `next_offset` (kafka-delete-records): the worker goes on behind them and says what was
    lost."""

    def __init__(self, topic: str, partition: int, offset: int, next_offset: int) -> None:
        super().__init__(topic=topic, partition=partition, offset=offset, next_offset=next_offset)
        self.offset = offset
        self.next_offset = next_offset


class BadStateRecordError(EngineRefusalError):
    """A record of the changelog is damaged or was not written by this application.
    Do: restore the topic from a copy; or start once with --skip-bad-state, which leaves the
    record out and counts it."""


class StateTooNewError(EngineRefusalError):
    """State was written by a newer release. Do: roll forward to that release."""


class ForeignWriterError(EngineRefusalError):
    """Another application writes into this changelog.
    Do: find the other writer (a second deployment with the same application id?) and stop it."""


class ProcessingFailedError(EngineRefusalError):
    """Processing fails for one record after the other: the fault is ours, not the records'.
    Do: read the traceback above, deploy a correction; nothing of the failing work was committed."""


class OutOfMemoryError(EngineRefusalError):
    """This process is given no more memory.
    Do: raise its limit, or lower --cache-states; no record is blamed for it, and nothing of what
    was at work is committed."""


class HandlerHungError(EngineRefusalError):
    """A handler, or a disk, has not returned for longer than `hang_timeout_ms`.
    Do: read the stack dump on standard error; the process ends so that its partitions move on."""


class RecordTooLargeError(EngineError, ValueError):
    """A record is larger than `max_record_bytes`.
    Do: nothing at once: the input record that led to it is refused. Raise `max_record_bytes` and
    the topic's `max.message.bytes` if such records are legitimate."""


class CommitTimeoutError(EngineError):
    """A transaction did not end within `commit_timeout_ms`.
    Do: look at the brokers, and whether the topics that are `unsent` to are there, with as many
    partitions as the others; the unit reopens by itself and tries again."""


class CoordinationError(EngineRefusalError):
    """The Kafka client has given up on its consumer group; it would never get any work again.
    Do: read the client's error above, and see that every other member of the group is a worker of
    this application, with an --instance-id of its own if any. The process ends so that it is
    started anew."""


class StoreError(EngineError):
    """The disk of a local store fails. Do: read the details."""


class StoreDamagedError(StoreError):
    """A local store is damaged, or its files are gone.
    Do: nothing; it is thrown away and rebuilt from its changelog. If it happens again, look at the
    disk."""


class StoreUnusableError(StoreError):
    """A local store cannot be read or written.
    Do: make room on the disk, give this user the right to write there (--data), or more open files
    (ulimit -n), as the error says; it is tried again and again, and nothing is committed
    meanwhile."""


class NameTakenError(EngineRefusalError):
    """Another worker does this one's work, and the two throw each other out, again and again.
    Do: give each worker an --instance-id of its own, or none; and each installation that shares
    the brokers with others an --application-id of its own."""


class SendRefusedError(EngineError):
    """The broker does not take what is written to a topic; nothing is committed meanwhile.
    Do: look at the topic (its max.message.bytes, its min.insync.replicas), for an
    InvalidTimestampError at the clocks of this machine and of the brokers; it is tried again and
    again."""


class RightMissingError(EngineError):
    """This user lacks a right at the brokers; nothing is committed meanwhile.
    Do: give it Write for the topics that the worker writes to and for its transactional ids
    (<application id>-unit-<number>), and Read for its group; it is tried again and again."""


class LostCommitError(EngineError):
    """The broker has lost the end of a transaction that it had confirmed.
    Do: nothing; that transaction is undone as a whole, and its work is done again."""


class ChangelogMovedError(EngineError):
    """The changelog goes on further than this worker has written it.
    Do: nothing; the unit is opened anew and looks what stands there. A broker that was stopped may
    have written the end of a transaction twice; if it is another writer, the worker will stop."""


class OffsetGoneError(EngineError):
    """The broker no longer has the records at the position that was to be read next.
    Do: nothing at once; the unit is opened anew, and says what was lost, or refuses."""


class NotMemberError(EngineError):
    """The group has moved on without this worker. Do: nothing; it is asked to rejoin."""


class FencedError(EngineError):
    """Another worker has taken over this partition. Do: nothing; this worker rejoins the group."""
