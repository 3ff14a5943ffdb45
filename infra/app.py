"""The CDK app: a stack for what outlives deployments, and one each for orders, search, streams and the HTTP API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App

from infra.settings import DeploymentSettings
from infra.stacks.data import DataStack
from infra.stacks.edge import EdgeStack
from infra.stacks.orders import OrdersStack
from infra.stacks.search import SearchStack
from infra.stacks.streams import StreamsStack

CONTEXT = json.loads((Path(__file__).parent / "cdk.json").read_text())["context"]


def shop(outdir: str | None = None, context: Mapping[str, str] | None = None) -> App:
    """The app, for any account and region. The CDK's command line overrides the context by ``-c``."""
    app = App(outdir=outdir, context={**CONTEXT, **(context or {})}, analytics_reporting=False)
    settings = DeploymentSettings.of(app.node)
    data = DataStack(app, f"{settings.name}-Data", settings)
    orders = OrdersStack(app, f"{settings.name}-Orders", settings, data)
    search = SearchStack(app, f"{settings.name}-Search")
    StreamsStack(app, f"{settings.name}-Streams", data, search, orders)
    EdgeStack(app, f"{settings.name}-Edge", settings, data, search, orders)
    return app


if __name__ == "__main__":
    shop().synth()
