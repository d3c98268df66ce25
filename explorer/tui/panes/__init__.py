"""Widgets: attributes go down, messages come up. None knows its screen or another widget of the app."""
