"""Ask a server over and over on some connections at once, at little cost to the processor that both share.

Plain sockets and one selector: requests are bytes made beforehand, and of an answer no more is read than its
status and its length.
"""

from __future__ import annotations

import itertools
import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import psutil

OK = b"200"
END = b"\r\n\r\n"
LENGTH = b"content-length: "


@dataclass(frozen=True)
class Asked:
    """What is asked of a server: one of several requests after the other."""

    name: str
    port: int
    requests: Sequence[bytes]
    started: str
    processes: Sequence[psutil.Process]
    """Those that answer."""

    def ask(self, seconds: float, n_connections: int = 1) -> Answered:
        """Ask for some seconds; each connection asks again as soon as it is answered."""
        times: list[float] = []
        requests = itertools.cycle(self.requests)
        with selectors.DefaultSelector() as selector:
            lines = [_Line(self.port) for _ in range(n_connections)]
            for line in lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
            before = self._worked()
            begin = time.perf_counter()
            for line in lines:
                line.send(next(requests))
            waiting = n_connections
            while waiting:
                for key, _ in selector.select():
                    line = key.data
                    if line.is_answered():
                        now = time.perf_counter()
                        times.append((now - line.since) * 1e3)
                        if now - begin < seconds:
                            line.send(next(requests))
                        else:
                            waiting -= 1
            spent = time.perf_counter() - begin
            worked = self._worked() - before
            for line in lines:
                line.socket.close()
        middle, slow = (float(np.percentile(times, percent)) for percent in (50, 99))
        return Answered(len(times) / spent, middle, slow, worked * 1e3 / len(times))

    def _worked(self) -> float:
        times = (process.cpu_times() for process in self.processes)
        return float(sum(one.user + one.system for one in times))

    def answer(self, number: int) -> bytes:
        """Ask one request once, and return the answer's content."""
        line = _Line(self.port)
        line.send(self.requests[number])
        while not line.is_answered():
            continue
        line.socket.close()
        return line.content


@dataclass(frozen=True)
class Answered:
    """Requests a second; how long the middle and the slow one took, and the server's processor, in ms."""

    per_second: float
    p50: float
    p99: float
    processor: float


def request(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
) -> bytes:
    """Return a request as it travels."""
    told = {"Host": f"127.0.0.1:{port}", **headers} | (
        {} if body is None else {"Content-Length": str(len(body))}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (body or b"")


@dataclass
class _Line:
    """One connection, and what has come of its answer."""

    port: int
    socket: socket.socket = field(init=False)
    since: float = 0.0
    content: bytes = b""
    _come: bytes = b""

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Ask."""
        self._come = b""
        self.since = time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take in what has come, and say whether that is all.

        Raises:
            SystemExit: The server refused, or hung up.
        """
        part = self.socket.recv(1 << 16)
        self._come += part
        head, found, content = self._come.partition(END)
        if not part or (found and head[9:12] != OK):
            raise SystemExit(f"a server answered {head[:200]!r}")
        if not found:
            return False
        at = head.lower().index(LENGTH) + len(LENGTH)
        self.content = content
        return len(content) >= int(head[at:].split(b"\r\n", 1)[0])


def in_turn(
    asked: Sequence[Asked], connections: Sequence[int], *, rounds: int, seconds: float
) -> Iterator[tuple[str, int, Answered]]:
    """Ask all, on each number of connections, one after the other, round after round."""
    for _ in range(rounds):
        for n in connections:
            for one in asked:
                yield one.name, n, one.ask(seconds, n)
