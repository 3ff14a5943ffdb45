"""Synthesizes the app once for all tests. They run where the CDK is installed: ``make test-infra``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("aws_cdk") is None:
    collect_ignore_glob = ["test_*.py"]
else:
    from infra.app import shop
    from tests.infra.cloud import Cloud


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of templates and assets."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    shop(str(outdir)).synth()
    return outdir


@pytest.fixture(scope="session")
def cloud(assembly: Path) -> Cloud:
    return Cloud.of(assembly)
