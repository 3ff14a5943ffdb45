"""The contract of every store of reports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oms.adapters.aws.clients import Aws
from oms.adapters.aws.s3_reports import S3Reports
from oms.adapters.memory.reports import MemoryReports
from oms.domain.errors import StoreUnavailable
from oms.ports import Reports
from tests.contract.stores import REGION, free_port


@pytest.fixture(params=["memory", "s3"])
def reports(request: pytest.FixtureRequest) -> Iterator[Reports]:
    if request.param == "memory":
        yield MemoryReports()
        return
    from moto import mock_aws

    with mock_aws():
        aws = Aws(REGION)
        aws.s3().create_bucket(Bucket="reports")
        yield S3Reports(aws, "reports")


def test_a_report_comes_back_as_it_was_put(reports: Reports) -> None:
    report = {"id": "daily", "found": 0, "findings": [{"what": "Þórsdóttir"}], "cursor": None, "mark": 2**70}
    reports.put("daily", report)
    assert reports.get("daily") == report


def test_there_is_none_before_it_was_put_and_the_last_one_counts(reports: Reports) -> None:
    assert reports.get("daily") is None
    reports.put("daily", {"pages": 1})
    reports.put("daily", {"pages": 2})
    reports.put("weekly", {"pages": 7})
    assert reports.get("daily") == {"pages": 2}


def test_a_report_that_was_given_out_is_nobody_s_to_change(reports: Reports) -> None:
    reports.put("daily", {"findings": []})
    report = reports.get("daily")
    assert report is not None
    report["findings"].append("mine")
    assert reports.get("daily") == {"findings": []}


def test_s3_that_isnt_there_is_unavailable() -> None:
    reports = S3Reports(Aws(REGION, s3_endpoint=f"http://127.0.0.1:{free_port()}"), "reports")
    with pytest.raises(StoreUnavailable):
        reports.get("daily")
    with pytest.raises(StoreUnavailable):
        reports.put("daily", {})
