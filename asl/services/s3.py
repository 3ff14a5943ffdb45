"""What a ResultWriter writes: text, as it is. (``aws-sdk:s3:putObject`` writes a Body's JSON, quotes and all.)

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from typing import Any

from asl.services.boto import Clients, call_optimized


def write_text(clients: Clients, parameters: dict[str, Any]) -> Any:
    """``arn:aws:states:::s3:putObject``, the Resource of a ResultWriter."""
    return call_optimized(clients, "s3", "putObject", parameters | {"Body": parameters["Body"].encode()})
