"""``AwsClient`` over boto3, for ``AWS_CLIENT=boto3``: slower, and checked and retried by botocore."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from oms.adapters.aws.json_protocol import AwsError, AwsUnavailable, is_transient, parse_object


class Boto3Client:
    """Its responses are those of the JSON protocol, if ``json_session`` has made the client."""

    def __init__(self, client: Any, on_metadata: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        """``on_metadata`` is called with the ``ResponseMetadata`` of each response."""
        self._client, self._on_metadata = client, on_metadata
        client.meta.events.register_last("before-parse.*", _check_json, unique_id="check-json")

    def call(self, operation: str, **request: Any) -> Any:
        try:
            response = getattr(self._client, xform_name(operation))(**request)
        except (ConnectionError, HTTPClientError) as error:
            raise AwsUnavailable(str(error)) from error
        except ClientError as error:
            self._note(error.response)
            raise _translated(error) from error
        self._note(response)
        response.pop("ResponseMetadata", None)
        return response

    def _note(self, response: Mapping[str, Any]) -> None:
        if self._on_metadata is not None:
            self._on_metadata(response.get("ResponseMetadata", {}))


def json_session() -> Any:
    """A session of botocore that leaves times in responses as numbers, as the JSON protocol has them."""
    from botocore.session import Session

    session = Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=lambda value: value)
    return session


def _check_json(response_dict: Mapping[str, Any], **_: object) -> None:
    """botocore takes a truncated JSON object for an empty one, so that an item would seem to be missing."""
    if response_dict["status_code"] == 200:
        parse_object(response_dict["body"])


def _translated(error: ClientError) -> AwsError | AwsUnavailable:
    response: Mapping[str, Any] = {**error.response}
    code, status = response["Error"]["Code"], response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if is_transient(status, code):
        return AwsUnavailable(str(error), status, code)
    return AwsError(code, {**response, "message": response["Error"].get("Message", "")}, status)
