"""The secrets that the stack's folder keeps, a file each."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from local.atomic_write import write_atomically
from local.stack.processes import StackFailed
from oms.adapters.wiring import LEAST_SECRET_LENGTH

SECRET_BYTES = 32


def read_or_create_secret(file: Path) -> str:
    """The secret in the file. A file that is missing is created, with a random secret.

    Raises ``StackFailed`` if the file can't be read, or its secret is too short to sign with.
    """
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, secrets.token_hex(SECRET_BYTES))
        secret = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise StackFailed(f"{file}: {os.strerror(error.errno or 0)}") from None
    except UnicodeDecodeError:
        secret = ""
    if len(secret) < LEAST_SECRET_LENGTH:
        problem = f"{file} holds no secret of {LEAST_SECRET_LENGTH} characters or more"
        raise StackFailed(f"{problem}: delete it, and the next start creates a new one")
    return secret
