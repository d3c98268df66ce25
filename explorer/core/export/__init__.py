"""A call as something that can be pasted elsewhere: curl, HTTPie, Python, raw HTTP, HAR and what else is registered.

    call ── recipe_for ──► Recipe: the request with *holes* where secrets, times, tokens and signatures stand
         ── a command or program ──► text that fills the holes when it runs: from environment variables, by signing in
                                     first, by computing the signature

    request as kept ── a message or archive ──► what was on the wire, its secrets masked

``formats`` holds a file for each format and the registry. A recipe is made by the program's own encoder and auth
schemes, which are handed marks in place of secrets. So no secret can be in the text unless it is asked for. Pure:
nothing is read, nothing is sent.
"""
