"""HTTP: the client, proxies, bounded decompression, and the loopback listener for OAuth2 logins."""
