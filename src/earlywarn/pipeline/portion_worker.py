"""Score portions of a night: a process of its own, a JSON line in, one out; it ends with its parent."""

from __future__ import annotations

import os
import sys
from queue import SimpleQueue
from threading import Thread

import orjson

from earlywarn.errors import EarlywarnError
from earlywarn.pipeline.portions import score_portion


def main() -> None:
    """Answer questions until the other side closes, and then end at once, in the middle of a portion too."""
    questions: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_read, args=(questions,), daemon=True).start()
    while True:
        sys.stdout.buffer.write(_answer_to(questions.get()) + b"\n")
        sys.stdout.buffer.flush()


def _read(questions: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        questions.put(line)
    os._exit(0)


def _answer_to(question: bytes) -> bytes:
    asked = orjson.loads(question)
    try:
        return orjson.dumps({"name": score_portion(asked["home"], asked["staging"], asked["portion"])})
    except EarlywarnError as error:
        said = {"kind": type(error).__name__, "what": error.what, "where": error.where, "todo": error.todo}
        return orjson.dumps({"error": said})


if __name__ == "__main__":
    main()
