"""Export calls as curl, HTTPie, Python, raw HTTP, HAR and other registered formats. No I/O.

    call ── recipe_for ──► Recipe: the request with *holes* for secrets, times, tokens and signatures
         ── script or program ──► text that fills the holes when it runs: from environment variables, by signing in
                                  first, by computing the signature
    stored request ── message or archive ──► the bytes on the wire, secrets masked

``formats`` has the registry and one file for each format. The program's encoder and auth schemes build a recipe from
marks in place of secrets. The text therefore contains no secret unless requested.
"""
