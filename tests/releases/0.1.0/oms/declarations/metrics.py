"""The CloudWatch metrics that tasks and webhooks count, and alarms watch."""

from __future__ import annotations

NAMESPACE, SERVICE = "OrderManagement", "order-tasks"
