"""Hostile responses as data, and the loopback server that sends them: for `scripts/attack.py` and for the tests."""
