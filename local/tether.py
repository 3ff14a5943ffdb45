"""python -m local.tether PARENT COMMAND…: becomes the command, which gets SIGTERM when its parent dies.

Even by SIGKILL, so that no child is left behind and each ends as it should. Linux does that; elsewhere a parent that
is killed leaves its children running.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent died first")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
