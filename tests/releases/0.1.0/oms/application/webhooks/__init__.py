"""What carrier and payment events mean for an order."""
