"""Sandboxes of the payment gateway and of the carrier, for one machine."""
