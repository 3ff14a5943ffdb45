"""``python -m asl COMMAND``: each command is a module of asl.cli with a ``main(argv)``."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules

from asl import cli


def main(argv: list[str]) -> int:
    commands = sorted(module.name for module in iter_modules(cli.__path__) if not module.name.startswith("_"))
    names = [name.replace("_", "-") for name in commands]
    if not argv or argv[0] not in names:
        print(f"usage: python -m asl {{{','.join(names)}}} ...", file=sys.stderr)
        return 0 if argv[:1] in (["-h"], ["--help"]) else 2
    module = import_module(f"asl.cli.{commands[names.index(argv[0])]}")
    return int(module.main(argv[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
