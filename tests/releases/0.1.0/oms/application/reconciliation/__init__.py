"""Reconciliation: checks of every order and of the stock, and their repairs."""
