"""python -m local.aws.function_process SOCKET…: the task functions, in a process beside the engine's.

In the engine's own, its steps and the functions would wait for each other at each of the functions' calls: one process
is one processor at the most, and every call hands its lock on. A call of a function is a message each way, on a socket
that has no other call under way.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe

from asl.language.errors import StatesError
from asl.services.functions import FunctionResult, Invoker, handler_invoker
from local.aws.functions import Functions, tasks
from local.stack.settings import variables_of
from oms.adapters.wiring import deps


class Workers:
    """The process, for whoever calls functions in it. It ends when its caller does.

    Args:
        count: how many calls there may be at once, at the most.
        ended: called when it ends by itself. What it was asked is never answered then.
    """

    def __init__(self, count: int, ended: Callable[[], object]) -> None:
        pairs = [Pipe() for _ in range(count)]
        self._idle = deque(ours for ours, _ in pairs)
        handed = [theirs.fileno() for _, theirs in pairs]
        command = [
            sys.executable,
            "-m",
            "local.stack.parent_watcher",
            str(os.getpid()),
            "local.aws.function_process",
            *map(str, handed),
        ]
        self.process = subprocess.Popen(command, pass_fds=handed)
        for _, theirs in pairs:
            theirs.close()
        self._ended = ended
        threading.Thread(target=self._follow, name="workers", daemon=True).start()

    def invoke(self, function: str, payload: str, kind: str = "RequestResponse") -> FunctionResult:
        """An ``asl.services.functions.Invoker``. Raises ``StatesError`` where there is no such function."""
        connection = self._idle.pop()
        try:
            connection.send((function, payload, kind))
            answer = connection.recv()
        except (EOFError, OSError):
            threading.Event().wait()  # an error would be taken for the function's own
            raise
        self._idle.append(connection)
        if isinstance(answer, FunctionResult):
            return answer
        raise StatesError(*answer)

    def _follow(self) -> None:
        self.process.wait()
        self._ended()


def serve(connection: Connection, invoke: Invoker) -> None:
    """Answer calls until the caller is gone."""
    while True:
        try:
            call = connection.recv()
        except (EOFError, OSError):
            return
        answer: FunctionResult | tuple[str, str | None]
        try:
            answer = invoke(*call)
        except StatesError as error:
            answer = error.error, error.cause
        connection.send(answer)


def main(sockets: list[int]) -> None:
    environment = dict(os.environ)
    functions = Functions(lambda name: variables_of(name, environment), deps)
    invoke = handler_invoker(functions.handlers())
    serving = [threading.Thread(target=serve, args=(Connection(each), invoke)) for each in sockets]
    for thread in serving:
        thread.start()
    functions.load(tasks())
    for thread in serving:
        thread.join()  # else Python takes the process to be ending, and begins no pool of threads in it


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]])
