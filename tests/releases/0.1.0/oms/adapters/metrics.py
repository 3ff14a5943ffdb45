"""Counting what alarms watch, from outside of tasks."""

from __future__ import annotations

from oms.declarations.metrics import NAMESPACE, SERVICE


def count(name: str) -> None:
    """Count one more, by a line of its own in the function's log, which CloudWatch reads as a metric."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name, MetricUnit.Count, 1, namespace=NAMESPACE, default_dimensions={"service": SERVICE}):
        pass
