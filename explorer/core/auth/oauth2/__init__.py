"""OAuth2 authorization code with PKCE: the client, and the sandbox's authorization server."""

from explorer.core.auth.oauth2.client import OAuth2
from explorer.core.auth.oauth2.options import OAuth2Options
from explorer.core.auth.oauth2.server import OAuth2Verifier
from explorer.core.auth.scheme import AuthScheme

SCHEME = AuthScheme(id="oauth2", options=OAuth2Options, client=OAuth2, verifier=OAuth2Verifier)
