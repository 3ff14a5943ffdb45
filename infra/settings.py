"""The settings of a deployment, from ``cdk.json`` or ``-c key=value``."""

from __future__ import annotations

from dataclasses import dataclass

from constructs import Node


@dataclass(frozen=True)
class DeploymentSettings:
    """``name`` is the prefix of every stack's and machine's name, so that an account can hold several shops."""

    name: str
    retain: bool
    """Keep tables, users and secrets when their stack is deleted. Only a throw-away shop says false."""
    site_origin: str | None
    """The one other origin whose pages may call the API; with None, only the API's own origin may."""
    alarm_email: str | None
    stock_shards: str
    """How many counters the stock of each SKU is split over, as in ``RED-LAMP=16,*=1``."""
    fips: bool
    dual_stack: bool
    """Whether the functions call AWS's endpoints with validated cryptography, and over IPv6 too."""

    @classmethod
    def of(cls, node: Node) -> DeploymentSettings:
        context = node.try_get_context
        return cls(
            name=context("name"),
            retain=str(context("retain")).lower() != "false",
            site_origin=context("site_origin"),
            alarm_email=context("alarm_email"),
            stock_shards=context("stock_shards"),
            fips=_flag(context("fips")),
            dual_stack=_flag(context("dualstack")),
        )


def _flag(value: object) -> bool:
    """A flag of the context, which ``-c`` gives as text. Raises ``ValueError`` for anything but true and false."""
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError(f"fips and dualstack are true or false, not {value!r}")
    return text == "true"
