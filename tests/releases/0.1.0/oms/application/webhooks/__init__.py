"""What the carrier's and the payment gateway's events do to an order."""
