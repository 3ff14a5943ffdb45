"""The Cognito of one machine in a process of its own, and a user who signs in with a third-party SDK."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from pycognito import Cognito

from local.aws.names import COGNITO_ENDPOINT
from local.aws.resources import UserPool
from tests.contract.stores import REGION, free_port

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\b\d{6}\b")
SIGN_UP_CODE, RESET_CODE = "123456", "654321"
"""The codes that ministack sends to every user."""


@contextmanager
def cognito(folder: Path) -> Iterator[dict[str, str]]:
    """Start Cognito. Yields the variables that name its endpoint."""
    port = free_port()
    aws = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        COGNITO_ENDPOINT: f"http://127.0.0.1:{port}",
    }
    settings = {"AUTH": "true", "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING", "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "uvicorn", "local.aws.cognito:app", "--port", str(port), "--no-access-log"]
    environment = {**os.environ, **aws, **settings}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            log = _read_until_started(process.stderr)
            reader = threading.Thread(target=process.stderr.read)  # a full pipe would block the process
            reader.start()
            if process.poll() is not None:
                raise RuntimeError(f"cognito ended:\n{log}")
            yield aws
        finally:
            process.terminate()
            reader.join()


def _read_until_started(stderr: IO[str]) -> str:
    log = ""
    for line in stderr:
        log += line
        if "running on" in line:
            break
    return log


class Person:
    """A user with ``pycognito``, which proves the password by SRP and verifies the tokens it gets."""

    def __init__(self, address: str, pool: UserPool, aws: Mapping[str, str]) -> None:
        self._endpoint = aws[COGNITO_ENDPOINT]
        self.sdk: Any = Cognito(
            pool.id,
            pool.client_id,
            access_key="none",
            secret_key="none",
            username=address,
            user_pool_region=pool.region,
        )
        self.sdk.pool_jwk = _get(f"{self._endpoint}/{pool.id}/.well-known/jwks.json")

    def code(self) -> str:
        """The code of the last mail to this address."""
        (mails,) = _get(f"{self._endpoint}/_ministack/ses/messages")["messages"].values()
        mine = [mail for mail in mails if mail["To"] == [self.sdk.username]]
        match = CODE.search(max(mine, key=lambda mail: mail["Timestamp"])["BodyText"])
        assert match
        return match[0]


def _get(url: str) -> Any:
    with urllib.request.urlopen(url) as response:
        return json.load(response)
