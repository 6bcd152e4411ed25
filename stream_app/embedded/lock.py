"""Writes `kafka.lock.json`: which jars make up the embedded broker, with their SHA-256.

Only maintainers run this, when the Kafka version changes: `make lock-broker`. It resolves the
dependency tree afresh; everybody else downloads exactly what the file names.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from stream_app.embedded.jars import LOCK_FILE, LOCK_FORMAT, sha256_of

KAFKA_VERSION = "4.3.1"
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"


def write_lock(path: Path = LOCK_FILE) -> int:
    """Resolve, download and hash every jar, write the lock; returns how many jars it names."""
    import jgo
    from jgo.maven import Artifact, MavenContext

    with tempfile.TemporaryDirectory() as scratch:
        context = MavenContext(repo_cache=Path(scratch) / "repository")

        def locked(artifact: Artifact) -> dict[str, str | int]:
            project = context.project(artifact.groupId, artifact.artifactId)
            file = project.at_version(artifact.version).artifact(artifact.classifier).resolve()
            return {
                "group": artifact.groupId,
                "artifact": artifact.artifactId,
                "version": artifact.version,
                "sha256": sha256_of(file),
                "size_bytes": file.stat().st_size,
            }

        artifacts = jgo.resolve(ENDPOINT)
        log4j = next(a.version for a in artifacts if a.artifactId == "log4j-core")
        # Kafka logs through SLF4J 1.7 and its own jar brings no binding; without one it is mute.
        # Resolved apart: in one tree with Kafka it would change the versions that Kafka was
        # released with.
        binding = context.project("org.apache.logging.log4j", "log4j-slf4j-impl")
        jars = [locked(each) for each in (*artifacts, binding.at_version(log4j).artifact())]
    jars.sort(key=lambda jar: (jar["group"], jar["artifact"]))
    document = {"format": LOCK_FORMAT, "kafka": KAFKA_VERSION, "jars": jars}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return len(jars)


if __name__ == "__main__":
    write_lock()
