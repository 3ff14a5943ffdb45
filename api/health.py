"""Whether the service answers at all."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api.runtime import Call, Service, json_answer

handler = Service()


@handler.route("GET /health")
def get_health(_: Call) -> Response[str]:
    return json_answer(200, {"status": "ok"})
