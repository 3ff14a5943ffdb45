"""What alarms count by: the names under which tasks and callbacks say what happened."""

from __future__ import annotations

NAMESPACE, SERVICE = "OrderManagement", "order-tasks"


def count(name: str) -> None:
    """One more of it, as a line of its own in the function's log, which CloudWatch reads as a metric."""
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name, MetricUnit.Count, 1, namespace=NAMESPACE, default_dimensions={"service": SERVICE}):
        pass
