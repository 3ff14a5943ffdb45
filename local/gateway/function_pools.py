"""Threads that run the API's functions, so that an outage of what some of them use doesn't delay the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from api import contract

THREADS = 16
INDEPENDENT_THREADS = 4


class FunctionPools:
    """One pool for functions that use a store or a service, and a small one for those that use nothing outside."""

    def __init__(self, threads: int = THREADS) -> None:
        self._dependent = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._independent = ThreadPoolExecutor(INDEPENDENT_THREADS, thread_name_prefix="independent-function")
        self._independent_names = {name for name, function in contract.service_functions().items() if not function.uses}

    def of(self, function: str) -> ThreadPoolExecutor:
        return self._independent if function in self._independent_names else self._dependent

    def shutdown(self) -> None:
        for pool in (self._dependent, self._independent):
            pool.shutdown(cancel_futures=True)
