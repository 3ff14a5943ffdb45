"""For the explorer: a cancellation that comes in at every step of a purchase, and one fault beside it."""

from tests.explore.stories import cancel_everywhere as scenarios

__all__ = ["scenarios"]
