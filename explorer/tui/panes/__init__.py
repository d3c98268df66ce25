"""Pane widgets. State is set from above, messages are sent up; no pane knows its screen or another pane."""
