"""The request pane: form, preview, headers, authentication, ambiguities and docs."""
