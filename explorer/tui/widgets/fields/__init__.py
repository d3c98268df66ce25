"""The form of an endpoint: one small widget for each kind of field."""
