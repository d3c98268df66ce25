"""Building blocks of screens and panes: key bar, pushed screens, dialogs, line and cursor views."""
