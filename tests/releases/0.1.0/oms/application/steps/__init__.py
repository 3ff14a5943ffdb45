"""The steps of an order's state machines: what each task decides, as pure functions with the task's name.

A task, the reconciler's repair and the preview of a redrive decide by the same step.
"""
