"""What a deployment may choose, from ``cdk.json`` or ``-c key=value``."""

from __future__ import annotations

from dataclasses import dataclass

from constructs import Node


@dataclass(frozen=True)
class Settings:
    """``name`` begins every stack's and machine's name, so that an account can hold several shops."""

    name: str
    retain: bool
    """Keep tables, users and secrets when their stack goes. Only a throw-away shop says false."""
    site_origin: str | None
    """The one origin that browsers may call the API from; none allows no other origin than its own."""
    alarm_email: str | None
    stock_shards: str
    """How many counters the stock of each SKU is split over, as in ``RED-LAMP=16,*=1``."""

    @classmethod
    def of(cls, node: Node) -> Settings:
        context = node.try_get_context
        return cls(
            name=context("name"),
            retain=str(context("retain")).lower() != "false",
            site_origin=context("site_origin"),
            alarm_email=context("alarm_email"),
            stock_shards=context("stock_shards"),
        )
