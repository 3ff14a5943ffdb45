"""The health check."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from api.runtime import ApiRequest, Service, json_response

service = Service()


@service.route("GET /health")
def get_health(_: ApiRequest) -> Response[str]:
    return json_response(200, {"status": "ok"})
