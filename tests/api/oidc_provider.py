"""A real OpenID provider on loopback, made with authlib's server side; tests may have it lie in its id_tokens."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "hotline", "a secret of the client's"

Lie = Callable[[dict[str, Any], dict[str, Any]], str]
"""Makes an id_token of a header and claims."""


class _Client:
    """The one client."""

    def __init__(self, redirect: str) -> None:
        self.client_id = CLIENT
        self.redirect = redirect

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return self.redirect

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri == self.redirect

    def check_client_secret(self, secret: str) -> bool:
        return secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, kind: str) -> bool:
        return kind == "code"

    def check_grant_type(self, kind: str) -> bool:
        return kind == "authorization_code"


class _Code:
    """A code that was given out."""

    def __init__(self, data: Any, user: Any) -> None:
        self.code_challenge = data["code_challenge"]
        self.code_challenge_method = data["code_challenge_method"]
        self.nonce, self.redirect, self.scope, self.user = data.get("nonce"), data["redirect_uri"], data["scope"], user

    def get_redirect_uri(self) -> str:
        return str(self.redirect)

    def get_scope(self) -> str:
        return str(self.scope)

    def get_nonce(self) -> str:
        return str(self.nonce)

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class OidcProvider:
    """Logs in whoever `user` says, without asking; `lie` replaces how its id_tokens are made."""

    def __init__(self, redirect: str) -> None:
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one"})
        self.user: dict[str, Any] = {"sub": "li", "name": "李", "groups": ["agents"], "county": "n"}
        self.lie: Lie | None = None
        self.names_itself = ""
        self.codes: dict[str, _Code] = {}
        self.app = Flask("provider")
        self.url = ""
        self.client = client = _Client(redirect)
        server = AuthorizationServer(self.app, lambda name: client if name == CLIENT else None, lambda *_: None)
        server.register_grant(_grant(self), [CodeChallenge(required=True), _openid(self)])
        self.app.add_url_rule("/.well-known/openid-configuration", "discovery", self._discovery)
        self.app.add_url_rule("/jwks", "jwks", lambda: jsonify(KeySet([self.key]).as_dict(private=False)))
        self.app.add_url_rule("/token", "token", server.create_token_response, methods=["POST"])
        self.app.add_url_rule("/authorize", "authorize", lambda: self._authorize(server))

    def _authorize(self, server: Any) -> Any:
        grant = server.get_consent_grant(end_user=self.user)
        return server.create_authorization_response(request=request, grant_user=self.user, grant=grant)

    def _discovery(self) -> Any:
        return jsonify(
            issuer=self.names_itself or self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/jwks",
        )

    def id_token(self, nonce: str) -> str:
        """Return the id_token of the user."""
        now = int(time.time())
        header = {"alg": "RS256", "kid": self.key.kid}
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **self.user}
        return self.lie(header, claims) if self.lie else self.signed(header, claims)

    def signed(self, header: dict[str, Any], claims: dict[str, Any], key: RSAKey | None = None) -> str:
        """Return a token signed by the provider's key or another one."""
        return jwt.encode(header, claims, key or self.key, [header["alg"]])

    def unsigned(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token of the algorithm `none`."""
        return f"{_plain({'alg': 'none', 'typ': 'JWT'}, claims)}."

    def signed_with_the_public_key(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token of HS256 whose secret is the public key, which everybody knows."""
        said = _plain({"alg": "HS256", "kid": self.key.kid}, claims)
        return f"{said}.{_base64(hmac.digest(self.key.as_pem(private=False), said.encode(), 'sha256'))}"

    @contextmanager
    def open(self) -> Iterator[OidcProvider]:
        """Serve on a free port of loopback."""
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _plain(*parts: dict[str, Any]) -> str:
    return ".".join(_base64(json.dumps(part).encode()) for part in parts)


def _grant(provider: OidcProvider) -> type[AuthorizationCodeGrant]:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, asked: Any) -> None:
            provider.codes[code] = _Code(asked.payload.data, asked.user)

        def query_authorization_code(self, code: str, client: Any) -> _Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, found: _Code) -> None:
            provider.codes = {code: one for code, one in provider.codes.items() if one is not found}

        def authenticate_user(self, found: _Code) -> Any:
            return found.user

    return Grant


def _openid(provider: OidcProvider) -> OpenIDCode:
    class OpenId(OpenIDCode):  # type: ignore[misc]
        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def encode_id_token(self, token: Any, asked: Any) -> str:
            return provider.id_token(asked.authorization_code.get_nonce())

    return OpenId(require_nonce=True)
