"""What every process of the stack, and every command, needs of its environment before it starts."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping

PRIVATE_UMASK = 0o077
"""New files are their owner's alone: among them are the user pool's signing key and the shoppers' addresses."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def set_up_process(environ: MutableMapping[str, str] = os.environ) -> None:
    """Make the new files of this process and its children private, and let them reach loopback without a proxy."""
    os.umask(PRIVATE_UMASK)
    environ.update(no_proxy_variables(environ))


def no_proxy_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that list the hosts without a proxy: the user's, and loopback.

    Programs differ in which of the two spellings they read.
    """
    names = ("NO_PROXY", "no_proxy")
    hosts = [host.strip() for name in names for host in environ.get(name, "").split(",")]
    value = "*" if "*" in hosts else ",".join(dict.fromkeys([*filter(None, hosts), *LOOPBACK]))
    return dict.fromkeys(names, value)
