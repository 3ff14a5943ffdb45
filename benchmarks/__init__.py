"""Benchmarks of the engine and of the shop's adapters. Each module says how to run it."""
