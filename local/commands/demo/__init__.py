"""A day in the shop: real baskets as orders over HTTP, with all that goes wrong in one, and the audit at its end."""
