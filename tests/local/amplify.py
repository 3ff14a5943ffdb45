"""python -m tests.local.amplify FOLDER: AWS Amplify signs up, in and out at the Cognito of one machine.

``make test-amplify`` installs it into the folder, if Node.js is installed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from local.aws.names import COGNITO_ENDPOINT
from local.aws.resources import make_pool
from tests.local.cognito import RESET_CODE, SIGN_UP_CODE, cognito

SCRIPT = Path(__file__).with_name("amplify.mjs")


def main(folder: str) -> int:
    with tempfile.TemporaryDirectory() as state, cognito(Path(state)) as aws:
        pool = make_pool(aws)
        command = ["node", str(SCRIPT), f"{aws[COGNITO_ENDPOINT]}/", pool.id, pool.client_id, SIGN_UP_CODE, RESET_CODE]
        return subprocess.run(command, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
