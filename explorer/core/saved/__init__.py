"""Saved requests: TOML, placeholders, expectations of the response, order, report.

    TOML ── read_request ──► SavedRequest ── request_table ──► table (merged by ``explorer.store.saved_files``)
                                  │
              placeholders (variables, credentials, earlier responses) ── fill_call ──► Call ── sent ──► Exchange
                                                                                                            │
                                                        expectations ── check_expectations ── report ◄──────┘

No I/O: files are read and written by ``explorer.store.saved_files``, calls are sent by ``explorer.session.sequence``.
"""
