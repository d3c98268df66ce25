"""Saved requests: what a file says, its placeholders, what is expected of the answer, order, report.

    TOML text ── reading ──► SavedRequest ── writing ──► table (``explorer.store.saved_files`` merges it)
                                  │
              placeholders (variables, credentials, answers before) ── filled ──► Call ── sent ──► Exchange
                                                                                                      │
                                                          expectations ── results ── report ◄─────────┘

Pure: files are read and written by ``explorer.store.saved_files``, calls are sent by ``explorer.session.sequence``.
"""
