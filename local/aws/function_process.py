"""python -m local.aws.function_process SOCKET…: the task functions, in a process beside the engine's.

One process uses one processor at most. In the engine's own process, its steps and the functions would wait for each
other's lock at every call. A call is one message each way, on a socket that carries one call at a time.
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
from local.aws.function_variables import variables_of
from local.aws.functions import LocalFunctions, tasks
from oms.adapters.wiring import deps


class FunctionProcess:
    """Starts the process and calls functions in it. It ends when its caller's process does.

    Args:
        count: the maximum number of concurrent calls.
        on_exit: called when the process ends by itself. Calls under way are never answered then.
    """

    def __init__(self, count: int, on_exit: Callable[[], object]) -> None:
        pairs = [Pipe() for _ in range(count)]
        self._idle = deque(parent_end for parent_end, _ in pairs)
        sockets = [child_end.fileno() for _, child_end in pairs]
        command = [
            *(sys.executable, "-m", "local.parent_watcher", str(os.getpid())),
            *("local.aws.function_process", *map(str, sockets)),
        ]
        self.process = subprocess.Popen(command, pass_fds=sockets)
        for _, child_end in pairs:
            child_end.close()
        self._on_exit = on_exit
        threading.Thread(target=self._await_exit, name="function process", daemon=True).start()

    def invoke(self, function: str, payload: str, kind: str = "RequestResponse") -> FunctionResult:
        """An ``asl.services.functions.Invoker``. Raises ``StatesError`` if there is no such function."""
        connection = self._idle.pop()
        try:
            connection.send((function, payload, kind))
            reply = connection.recv()
        except (EOFError, OSError):
            threading.Event().wait()  # an error would be taken for the function's own
            raise
        self._idle.append(connection)
        if isinstance(reply, FunctionResult):
            return reply
        raise StatesError(*reply)

    def _await_exit(self) -> None:
        self.process.wait()
        self._on_exit()


def serve_calls(connection: Connection, invoke: Invoker) -> None:
    """Answer calls until the caller closes the connection."""
    while True:
        try:
            call = connection.recv()
        except (EOFError, OSError):
            return
        reply: FunctionResult | tuple[str, str | None]
        try:
            reply = invoke(*call)
        except StatesError as error:
            reply = error.error, error.cause
        connection.send(reply)


def main(sockets: list[int]) -> None:
    environment = dict(os.environ)
    functions = LocalFunctions(lambda name: variables_of(name, environment), deps)
    invoke = handler_invoker(functions.handlers())
    threads = [threading.Thread(target=serve_calls, args=(Connection(socket), invoke)) for socket in sockets]
    for thread in threads:
        thread.start()
    functions.load(tasks())
    for thread in threads:
        thread.join()  # once the main thread ends, Python starts no thread pool any more


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
