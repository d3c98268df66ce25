"""Use cases shared by the CLI and the TUI: functions of a ``context.SessionContext``.

Import names from the module that defines them.
"""
