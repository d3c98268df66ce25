"""What a person keeps on disk beside the history: folders, catalogs, settings, themes, drafts.

Folders ─┬─ config ─ settings.toml          (preferences)
         │           catalogs/*.toml        (catalog)
         │           themes/*.toml          (themes)
         ├─ data ─── drafts.json, history   (drafts; explorer.store.history)
         └─ cache ── *.msgpack              (kept: decoded files for the next start)
"""
