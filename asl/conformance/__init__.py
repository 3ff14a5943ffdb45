"""Plays recordings of AWS's behaviour through the engine."""
