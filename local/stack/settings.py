"""Settings of the one-machine stack: its ports, its folder, and the variables that its processes get."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from api.contract import base_path
from local.aws.names import COGNITO_ENDPOINT, ENDPOINT_PREFIX, REGION, machine_arn
from local.http_server.origin_guard import HOSTS_VARIABLE, ORIGINS_VARIABLE, host_name, split_names
from oms.adapters.aws.clients import UNSIGNED
from oms.declarations import environment
from oms.declarations.tables import tables

BEST_SELLING = 5000
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
SECRETS = {
    "payments": environment.PAYMENTS_SECRET,
    "carrier": environment.CARRIER_SECRET,
    "guest": environment.GUEST_SECRET,
}
"""The variable of each secret. The file has the secret's name."""


@dataclass(frozen=True)
class StackSettings:
    """Ports are on 127.0.0.1. ``user_variables`` are the standard AWS variables of the user, which take precedence.

    ``site_origin`` is where a site is served from whose pages may call the shop. ``allowed_hosts`` are the names by
    which the shop may be addressed, beside those of the loopback range.
    """

    folder: Path
    port: int
    engine_port: int
    aws_port: int
    cognito_port: int
    payments_port: int
    carrier_port: int
    stock_shards: str
    site_origin: str | None
    allowed_hosts: tuple[str, ...]
    user_variables: Mapping[str, str]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> StackSettings:
        """Read the settings from environment variables. Ends the program with one line for an invalid one."""
        aws_port = port_variable("MINISTACK_PORT", 4566, environ)
        return cls(
            folder=Path(environ.get("LOCAL_FOLDER", ".local")).absolute(),
            port=port_variable("PORT", 8000, environ),
            engine_port=port_variable("ASL_PORT", 8083, environ),
            aws_port=aws_port,
            cognito_port=port_variable("COGNITO_PORT", aws_port + 1, environ),
            payments_port=port_variable("PAYMENTS_PORT", 12111, environ),
            carrier_port=port_variable("CARRIER_PORT", 12112, environ),
            stock_shards=environ.get("STOCK_SHARDS", "*=1"),
            site_origin=origin_variable("SITE_ORIGIN", environ),
            allowed_hosts=hosts_variable(HOSTS_VARIABLE, environ),
            user_variables={name: value for name, value in environ.items() if name.startswith("AWS_") and value},
        )

    @property
    def ports(self) -> dict[str, tuple[int, str]]:
        """Each process's port, and the variable that changes it."""
        return {
            "gateway": (self.port, "PORT"),
            "engine": (self.engine_port, "ASL_PORT"),
            "ministack": (self.aws_port, "MINISTACK_PORT"),
            "cognito": (self.cognito_port, "COGNITO_PORT"),
            "payments": (self.payments_port, "PAYMENTS_PORT"),
            "carrier": (self.carrier_port, "CARRIER_PORT"),
        }

    @property
    def has_external_tables(self) -> bool:
        """True if the user's own DynamoDB holds the tables."""
        return f"{ENDPOINT_PREFIX}DYNAMODB" in self.user_variables

    @property
    def has_external_endpoints(self) -> bool:
        """True if the user names an AWS endpoint, which may require signed requests."""
        return any(name.startswith(ENDPOINT_PREFIX.rstrip("_")) for name in self.user_variables)

    @property
    def gateway_url(self) -> str:
        return local_url(self.port)

    @property
    def api_url(self) -> str:
        """The base URL of the API: the contract's paths follow it."""
        return self.gateway_url + base_path()

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """The origins whose pages may send requests to every port: the gateway's, by each of its hosts; the site."""
        port = "" if self.port == DEFAULT_PORTS["http"] else f":{self.port}"
        own = tuple(f"http://{host}{port}" for host in (*LOOPBACK_HOSTS, *self.allowed_hosts))
        return own if self.site_origin is None else (*own, self.site_origin)

    def aws_variables(self) -> dict[str, str]:
        """The standard AWS variables: endpoints, credentials and the region of our ARNs, whatever the user's is."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": local_url(self.aws_port),
            f"{ENDPOINT_PREFIX}DYNAMODB": local_url(self.aws_port),
            f"{ENDPOINT_PREFIX}DYNAMODB_STREAMS": self.user_variables.get(f"{ENDPOINT_PREFIX}DYNAMODB")
            or local_url(self.aws_port),
            f"{ENDPOINT_PREFIX}SFN": local_url(self.engine_port),
            COGNITO_ENDPOINT: local_url(self.cognito_port),
            **({} if self.has_external_endpoints else {UNSIGNED: "1"}),
            **self.user_variables,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def process_variables(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The variables of the stack's processes: those of all functions together.

        Args:
            secrets: the values of the variables in ``SECRETS``.
        """
        return {
            **self.aws_variables(),
            **{table.variable: name for name, table in tables().items()},
            environment.STOCK_SHARDS: self.stock_shards,
            environment.REPORTS_BUCKET: "reports",
            environment.PAYMENTS_URL: local_url(self.payments_port),
            environment.PAYMENTS_API_KEY: "sk_test_local",
            environment.CARRIER_URL: local_url(self.carrier_port),
            **secrets,
            **{variable: machine_arn(machine) for machine, variable in environment.MACHINE_VARIABLES.items()},
            environment.SEARCH_FOLDER: str(self.folder / "search"),
            ORIGINS_VARIABLE: ",".join(self.allowed_origins),
            HOSTS_VARIABLE: ",".join(self.allowed_hosts),
        }


def catalogue_size(environ: Mapping[str, str] = os.environ) -> int | None:
    """How many products to sell (``CATALOGUE``), None for all."""
    if environ.get("CATALOGUE") == "all":
        return None
    return whole_number("CATALOGUE", BEST_SELLING, 1, 100_000, environ)


def port_variable(name: str, default: int, environ: Mapping[str, str]) -> int:
    return whole_number(name, default, 1, 65_535, environ)


def whole_number(name: str, default: int, least: int, most: int, environ: Mapping[str, str] = os.environ) -> int:
    """The value of an environment variable. Ends the program with one line if it is no such number."""
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise SystemExit(f"{name}={text}: {name} is a whole number from {least} to {most}")
    return int(text)


def origin_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """The origin in a variable, as browsers write it. Ends the program with one line if it is none."""
    text = environ.get(name, "").strip().lower()
    if not text:
        return None
    url = urlsplit(text)
    host, _, port = url.netloc.rpartition(":") if re.search(r":\d*$", url.netloc) else (url.netloc, "", "")
    is_origin = url.scheme in DEFAULT_PORTS and host_name(url.netloc) and url.path in ("", "/")
    if not is_origin or url.query or url.fragment:
        raise SystemExit(f"{name}={text}: {name} is an origin, such as http://127.0.0.1:3000")
    return f"{url.scheme}://{host}" if port == str(DEFAULT_PORTS[url.scheme]) else f"{url.scheme}://{url.netloc}"


def hosts_variable(name: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The host names in a variable, separated by commas. Ends the program with one line if one is malformed."""
    hosts = split_names(environ.get(name, ""))
    for host in hosts:
        if host_name(host) != host:
            raise SystemExit(f"{name}={host}: {name} are host names without ports, separated by commas")
    return tuple(hosts)


def local_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
