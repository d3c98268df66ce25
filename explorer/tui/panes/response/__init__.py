"""The response pane: verdict, body, headers, wire and timing; and all pages of a call."""
