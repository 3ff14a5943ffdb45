"""The Parallel state: one thread for each branch.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
"""

from __future__ import annotations

from typing import Any

from asl.engine.execution_thread import ExecutionThread
from asl.engine.graph import Graph
from asl.engine.states.child_threads import ChildThreads, ConcurrentState
from asl.language.documents import encode


class Parallel(ConcurrentState):
    """https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html"""

    def __init__(self, name: str, spec: dict[str, Any], jsonata: bool, branches: list[Graph]) -> None:
        super().__init__(name, spec, jsonata)
        self.branches = branches

    def run(self, thread: ExecutionThread) -> bool:
        fields = self.fields
        value = thread.value if fields.plain else fields.effective(thread.scope())
        text = thread.text if value is thread.value else encode(value)
        thread.record("ParallelStateStarted")
        children = thread.blocker = ChildThreads(self, thread, len(self.branches))
        for graph in self.branches:
            children.start_child(graph, value, text)
        return False
