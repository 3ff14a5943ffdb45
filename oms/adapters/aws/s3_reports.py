"""Reports in S3, an object each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from oms.adapters.aws.clients import Aws, call_boto3
from oms.domain.errors import StoreUnavailable

FOLDER = "reconciliations"


class S3Reports:
    def __init__(self, aws: Aws, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def get(self, name: str) -> Mapping[str, Any] | None:
        client = self._aws.s3()
        try:
            response = call_boto3(client.get_object, StoreUnavailable, Bucket=self._bucket, Key=_key(name))
        except client.exceptions.NoSuchKey:
            return None
        report: Mapping[str, Any] = json.loads(call_boto3(response["Body"].read, StoreUnavailable))
        return report

    def put(self, name: str, report: Mapping[str, Any]) -> None:
        request = {"Bucket": self._bucket, "Key": _key(name), "ContentType": "application/json"}
        call_boto3(self._aws.s3().put_object, StoreUnavailable, **request, Body=json.dumps(report).encode())


def _key(name: str) -> str:
    return f"{FOLDER}/{name}.json"
