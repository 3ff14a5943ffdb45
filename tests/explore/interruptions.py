"""For the explorer: a cancellation at every step of a purchase, with one fault beside it."""

from tests.explore.stories import cancel_everywhere as scenarios

__all__ = ["scenarios"]
