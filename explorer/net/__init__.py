"""HTTP: the client, proxies, bounded decompression, and the loopback listener of a login."""
