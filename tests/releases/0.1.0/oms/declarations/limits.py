"""Limits of the API that hold on AWS and on one machine alike."""

from __future__ import annotations

FUNCTION_TIMEOUT_SECONDS = 10
"""Longer than the functions' clients wait, shorter than a state waits for its function."""
INTEGRATION_TIMEOUT_SECONDS = 15
"""Longer than a function may run, so that the function's own timeout comes first and its log names it."""
REQUESTS_PER_SECOND, BURST = 200, 400
"""On AWS those of the whole API, on one machine those of each user."""
REQUEST_BODY_BYTES = 131_072
"""The largest body that the API takes."""
GATEWAY_BODY_BYTES = 10 * 1024 * 1024
"""The largest payload that an HTTP API takes: https://docs.aws.amazon.com/general/latest/gr/apigateway.html."""
GATEWAY_HEADER_BYTES = 10_240
"""The largest request line with its header values that an HTTP API takes."""
