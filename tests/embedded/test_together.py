"""What the processes of the tests share: opened once, closed behind the last. Threads stand in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.embedded.helpers import wait_until
from tests.together import Once, one_for_all


class Server:
    """Counts its beginnings and ends."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0

    @contextmanager
    def open(self) -> Iterator[str]:
        self.opened += 1
        yield f"address {self.opened}"
        self.closed += 1


def test_a_server_is_closed_behind_the_last_one(tmp_path: Path) -> None:
    server = Server()
    path = tmp_path / "server"
    may_end = threading.Event()

    def owner() -> None:
        with one_for_all(path, server.open):
            may_end.wait(20)

    opener = threading.Thread(target=owner)
    opener.start()
    assert wait_until(lambda: server.opened == 1)
    with ExitStack() as second, ExitStack() as third:
        assert second.enter_context(one_for_all(path, server.open)) == "address 1"
        may_end.set()
        # The owner waits now; who comes meanwhile is neither held up nor given another server.
        assert third.enter_context(one_for_all(path, server.open)) == "address 1"
        second.close()
        opener.join(0.5)
        assert (opener.is_alive(), server.closed) == (True, 0)
    opener.join(20)
    assert (opener.is_alive(), server.opened, server.closed) == (False, 1, 1)
    with one_for_all(path, server.open) as address:
        assert address == "address 2"
    assert (server.opened, server.closed) == (2, 2)


def test_a_result_is_worked_out_once(tmp_path: Path) -> None:
    made: list[int] = []
    got: list[list[int]] = []

    def make() -> list[int]:
        made.append(1)
        return [len(made)]

    threads = [
        threading.Thread(target=lambda: got.append(Once(tmp_path)("n", make))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == [[1]] * 4
    assert Once(tmp_path)("other", make) == [2]
