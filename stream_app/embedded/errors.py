"""What can go wrong with the embedded broker, and what to do about it."""

from __future__ import annotations


class BrokerError(Exception):
    """The embedded broker cannot do what was asked. Do: read the message; it names the fix."""


class JavaMissing(BrokerError):  # noqa: N818 - names the fact, reads well in a traceback
    """No Java was found. Do: `pip install 'rapport-stream[broker]'`, or install Java 17+."""


class FolderUnusable(BrokerError):  # noqa: N818
    """A folder cannot be written to. Do: set RAPPORT_HOME (data and logs) or RAPPORT_CACHE (jars)
    to a folder that can."""

    def __init__(self, error: OSError) -> None:
        text = " ".join((type(self).__doc__ or "").split())
        super().__init__(f"{error.filename}: {error.strerror}. {text}")


class DownloaderMissing(BrokerError):  # noqa: N818
    """Jars are missing, and so is jgo. Do: `pip install 'rapport-stream[broker]'`."""


class DownloadFailed(BrokerError):  # noqa: N818
    """A jar could not be fetched. Do: check the network or proxy and run the command again."""


class ChecksumMismatch(BrokerError):  # noqa: N818
    """A jar is not the one that the lock names; it was thrown away. Do: run the command again.

    If it happens twice, something between you and the package registry changes files: do not
    work around it.
    """


class BrokerDidNotStart(BrokerError):  # noqa: N818
    """Kafka ended or stayed silent while starting. Do: read the log file named in the message."""


class BrokerAlreadyRunning(BrokerError):  # noqa: N818
    """Another broker holds this folder. Do: `rapport broker stop`, or choose another folder."""
