"""The object that a ResultWriter writes: plain text. (``aws-sdk:s3:putObject`` writes the JSON of a Body, with quotes.)

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from typing import Any

from asl.services.boto import Clients, call_optimized


def put_text_object(clients: Clients, parameters: dict[str, Any]) -> Any:
    """Run ``arn:aws:states:::s3:putObject``, the Resource of a ResultWriter."""
    return call_optimized(clients, "s3", "putObject", parameters | {"Body": parameters["Body"].encode()})
