"""The payment gateway and the carrier, played on this machine."""
