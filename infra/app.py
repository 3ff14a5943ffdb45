"""The CDK app: five stacks, for what outlives a deployment, what moves orders, what is searched, what hangs off the
streams, and what the world may call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App

from infra.data import Data
from infra.edge import Edge
from infra.orders import Orders
from infra.search import Search
from infra.settings import Settings
from infra.streams import Streams

CONTEXT = json.loads((Path(__file__).parent / "cdk.json").read_text())["context"]


def shop(outdir: str | None = None, context: Mapping[str, str] | None = None) -> App:
    """The app, for any account and region. The CDK's command line overrides the context by ``-c``."""
    app = App(outdir=outdir, context={**CONTEXT, **(context or {})}, analytics_reporting=False)
    settings = Settings.of(app.node)
    data = Data(app, f"{settings.name}-Data", settings)
    orders = Orders(app, f"{settings.name}-Orders", settings, data)
    search = Search(app, f"{settings.name}-Search")
    Streams(app, f"{settings.name}-Streams", data, search, orders)
    Edge(app, f"{settings.name}-Edge", settings, data, search, orders)
    return app


if __name__ == "__main__":
    shop().synth()
