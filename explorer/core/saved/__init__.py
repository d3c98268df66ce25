"""Saved requests: what a file says, its placeholders, what is expected of the answer, order, report.

    TOML text ── reading ──► SavedRequest ── writing ──► table (rewritten over the old text by ``explorer.saved``)
                                  │
              placeholders (variables, credentials, answers before) ── filled ──► Call ── sent ──► Exchange
                                                                                                      │
                                                          expectations ── results ── report ◄─────────┘

Pure: files are read and written by ``explorer.saved``, calls are sent by ``explorer.session.sequences``.
"""
