"""The response pane: verdict, body, headers, wire, timing and collected pages."""
