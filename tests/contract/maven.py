"""Servers from Maven Central that contracts run against: fetched once, started, and stopped at the end."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>fetched</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""


class Missing(Exception):
    """The machine lacks something that the server needs."""


@dataclass(frozen=True)
class Server:
    """``java`` is the oldest version that it runs on."""

    name: str
    group: str
    artifact: str
    version: str
    java: int

    @property
    def home(self) -> Path:
        return ROOT / ".local" / f"{self.name.lower().replace(' ', '-')}-{self.version}"

    def command(self) -> list[str]:
        """The command of Java with all jars in its class path, fetched once. Raises ``Missing``."""
        return [self._java(), "-cp", f"{self.jars()}/*"]

    def jars(self) -> Path:
        folder = self.home / "lib"
        if folder.exists():
            return folder
        maven = shutil.which("mvn")
        if maven is None:
            raise Missing(f"there is no Maven (mvn), which fetches {self.name}")
        self.home.mkdir(parents=True, exist_ok=True)
        pom = POM.format(group=self.group, artifact=self.artifact, version=self.version)
        (self.home / "pom.xml").write_text(pom)
        fetched = self.home / "fetched"
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={fetched}"]
        run = subprocess.run([maven, "--batch-mode", "--quiet", *copy], cwd=self.home, capture_output=True, text=True)
        if run.returncode:
            reason = next((line for line in run.stdout.splitlines() if "ERROR" in line), "no reason given")
            raise Missing(f"Maven Central didn't give {self.name} {self.version}: {reason[:300]}")
        return fetched.rename(folder)

    def _java(self) -> str:
        java = shutil.which("java")
        if java is None:
            raise Missing(f"there is no Java: {self.name} needs {self.java} or newer")
        output = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
        version = re.search(r'version "(\d+)', output)
        if version is None or int(version[1]) < self.java:
            raise Missing(f"{self.name} needs Java {self.java} or newer, not {version[1] if version else 'this one'}")
        return java

    @contextmanager
    def running(self, command: Sequence[str], port: int) -> Iterator[None]:
        with (
            (self.home / "server.log").open("w") as log,
            subprocess.Popen(command, cwd=self.home, stdout=log, stderr=log) as child,
        ):
            try:
                self._wait_until_it_listens(child, port)
                yield
            finally:
                child.terminate()

    def _wait_until_it_listens(self, child: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while child.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        sys.exit(f"{self.name} didn't start: see {self.home / 'server.log'}")


def suite(arguments: Sequence[str], **environment: str) -> int:
    """Run the suite, and return pytest's exit status."""
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}).returncode
