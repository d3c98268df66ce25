"""The user's files: settings, catalogs, themes, drafts, saved requests and the history.

Folders ─┬─ config ─ settings.toml, catalogs/*.toml, overlays/*.toml, themes/*.toml
         ├─ data ─── history.sqlite3, drafts.json, saved/
         └─ cache ── *.msgpack (decoded files, for the next start)
"""
