"""The one-machine shop's Cognito as a process of its own, and a person who signs in at it by an SDK of others."""

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

from local.aws.resources import Pool
from local.stack.settings import COGNITO
from tests.contract.stores import REGION, free_port

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"\b\d{6}\b")
SIGN_UP_CODE, RESET_CODE = "123456", "654321"
"""Those that ministack mails to everybody."""


@contextmanager
def cognito(folder: Path) -> Iterator[dict[str, str]]:
    """The variables with which it is found."""
    port = free_port()
    aws = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        COGNITO: f"http://127.0.0.1:{port}",
    }
    own = {"AUTH": "true", "IOT_MTLS_ENABLED": "0", "LOG_LEVEL": "WARNING", "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "uvicorn", "local.aws.cognito:app", "--port", str(port), "--no-access-log"]
    environment = {**os.environ, **aws, **own}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr is not None
        try:
            log = _until_it_runs(child.stderr)
            reader = threading.Thread(target=child.stderr.read)  # else it would wait for us once the pipe is full
            reader.start()
            if child.poll() is not None:
                raise RuntimeError(f"cognito ended:\n{log}")
            yield aws
        finally:
            child.terminate()
            reader.join()


def _until_it_runs(said: IO[str]) -> str:
    log = ""
    for line in said:
        log += line
        if "running on" in line:
            break
    return log


class Person:
    """Someone with an address, before ``pycognito``: it proves a password by SRP, and verifies the tokens it gets."""

    def __init__(self, address: str, pool: Pool, aws: Mapping[str, str]) -> None:
        self._endpoint = aws[COGNITO]
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
        """Of the last mail to this address."""
        (mails,) = _get(f"{self._endpoint}/_ministack/ses/messages")["messages"].values()
        mine = [mail for mail in mails if mail["To"] == [self.sdk.username]]
        found = CODE.search(max(mine, key=lambda mail: mail["Timestamp"])["BodyText"])
        assert found
        return found[0]


def _get(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)
