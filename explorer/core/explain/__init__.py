"""Explanations: wrong signatures and tokens (``signature``), refused calls (``refusals``)."""
