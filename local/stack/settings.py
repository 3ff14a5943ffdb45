"""Where everything of the one-machine stack is: its ports, its files, and the variables that its functions get."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.aws.functions import ACCOUNT, REGION, declared_functions
from oms.adapters.aws.clients import UNSIGNED
from oms.declarations import environment as variables
from oms.declarations.environment import MACHINE_VARIABLES, variables_of_ports
from oms.declarations.tables import tables

ENDPOINTS = "AWS_ENDPOINT_URL_"
COGNITO = f"{ENDPOINTS}COGNITO_IDENTITY_PROVIDER"


@dataclass(frozen=True)
class Places:
    """Ports are of 127.0.0.1. ``given`` are the standard AWS variables that the user set: they win."""

    folder: Path
    port: int
    engine_port: int
    aws_port: int
    cognito_port: int
    payments_port: int
    carrier_port: int
    stock_shards: str
    given: Mapping[str, str]

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> Places:
        """As the variables say. Ends the program, with a word on which of them, where one can't be a port."""
        aws_port = port_of("MINISTACK_PORT", 4566, environ)
        return cls(
            folder=Path(environ.get("LOCAL_FOLDER", ".local")).absolute(),
            port=port_of("PORT", 8000, environ),
            engine_port=port_of("ASL_PORT", 8083, environ),
            aws_port=aws_port,
            cognito_port=port_of("COGNITO_PORT", aws_port + 1, environ),
            payments_port=port_of("PAYMENTS_PORT", 12111, environ),
            carrier_port=port_of("CARRIER_PORT", 12112, environ),
            stock_shards=environ.get("STOCK_SHARDS", "*=1"),
            given={name: value for name, value in environ.items() if name.startswith("AWS_") and value},
        )

    @property
    def ports(self) -> dict[str, tuple[int, str]]:
        """Each port by what listens on it, with the variable that changes it."""
        return {
            "gateway": (self.port, "PORT"),
            "engine": (self.engine_port, "ASL_PORT"),
            "ministack": (self.aws_port, "MINISTACK_PORT"),
            "cognito": (self.cognito_port, "COGNITO_PORT"),
            "payments": (self.payments_port, "PAYMENTS_PORT"),
            "carrier": (self.carrier_port, "CARRIER_PORT"),
        }

    @property
    def keeps_tables_elsewhere(self) -> bool:
        """True where the user's own DynamoDB holds the tables."""
        return f"{ENDPOINTS}DYNAMODB" in self.given

    @property
    def names_endpoints(self) -> bool:
        """True where some service of AWS is somewhere else, and may want to know who asks."""
        return any(name.startswith(ENDPOINTS.rstrip("_")) for name in self.given)

    @property
    def gateway_url(self) -> str:
        return url(self.port)

    def aws(self) -> dict[str, str]:
        """The standard variables: where each service is, and who asks. The region is the one that our ARNs name,
        whatever region the user works in."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": url(self.aws_port),
            f"{ENDPOINTS}DYNAMODB": url(self.aws_port),
            f"{ENDPOINTS}DYNAMODB_STREAMS": self.given.get(f"{ENDPOINTS}DYNAMODB") or url(self.aws_port),
            f"{ENDPOINTS}SFN": url(self.engine_port),
            COGNITO: url(self.cognito_port),
            **({} if self.names_endpoints else {UNSIGNED: "1"}),
            **self.given,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def environment(self, carrier_secret: str, guest_secret: str) -> dict[str, str]:
        """The variables of all functions together."""
        return {
            **self.aws(),
            **{table.variable: name for name, table in tables().items()},
            variables.STOCK_SHARDS: self.stock_shards,
            variables.REPORTS_BUCKET: "reports",
            variables.PAYMENTS_URL: url(self.payments_port),
            variables.PAYMENTS_API_KEY: "sk_test_local",
            variables.PAYMENTS_SECRET: f"whsec_{carrier_secret}",  # the sandboxes sign with different secrets
            variables.CARRIER_URL: url(self.carrier_port),
            variables.CARRIER_SECRET: carrier_secret,
            variables.GUEST_SECRET: guest_secret,
            **{variable: machine_arn(machine) for machine, variable in MACHINE_VARIABLES.items()},
            variables.SEARCH_FOLDER: str(self.folder / "search"),
        }


def port_of(name: str, otherwise: int, environ: Mapping[str, str]) -> int:
    return whole(name, otherwise, 1, 65_535, environ)


def whole(name: str, otherwise: int, least: int, most: int, environ: Mapping[str, str] = os.environ) -> int:
    """A variable that is to be a whole number. Ends the program where it isn't: whoever set it reads why."""
    text = environ.get(name) or str(otherwise)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise SystemExit(f"{name}={text}: {name} is a whole number from {least} to {most}")
    return int(text)


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def machine_arn(machine: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"


def variables_of(function: str, environment: Mapping[str, str]) -> dict[str, str]:
    """A function's own variables, as on AWS: those of the ports that it uses, and the standard ones."""
    names = {*variables_of_ports(declared_functions()[function].uses)} - variables.AWS_ONLY
    return {name: value for name, value in environment.items() if name in names or name.startswith("AWS_")}
