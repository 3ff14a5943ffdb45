"""Runs a module in this process and sends it SIGTERM when the parent process dies.

    python -m local.stack.parent_watcher PARENT MODULE ARGUMENTS…

Even by SIGKILL, so that no child is left behind and each ends as it should. Linux does that; elsewhere a parent that
is killed leaves its children running.

What a child makes for a request is gone with it, in no circles: looking for those as often as Python does by itself
took a tenth of all work.
"""

from __future__ import annotations

import ctypes
import gc
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1
LOOK_AFTER_OBJECTS = 20_000


def main(parent: int, module: str, arguments: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent died first")
    gc.set_threshold(LOOK_AFTER_OBJECTS)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
