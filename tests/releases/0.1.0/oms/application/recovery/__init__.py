"""How a parked order goes on: redrive, replacement, settlement."""
