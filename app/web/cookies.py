"""The session cookie and the CSRF token at little cost: what signs them is made once a process, not once a request."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Flask, current_app, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

_MOST_TOKENS = 20_000


class KeptSigner(TimestampSigner):
    """Flask's signer, whose keys are derived once for each secret."""

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        secret = self.secret_keys[-1] if secret_key is None else secret_key
        return _derived(secret, self.salt, str(self.key_derivation), self.digest_method)


@lru_cache(maxsize=64)
def _derived(secret: str | bytes, salt: bytes, derivation: str, digest: Any) -> bytes:
    return TimestampSigner(secret, salt=salt, key_derivation=derivation, digest_method=digest).derive_key()


class PortalSessions(SecureCookieSessionInterface):
    """Flask's cookie sessions with one serializer for each set of secrets."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        if not app.secret_key:
            return None
        keys = (*(app.config["SECRET_KEY_FALLBACKS"] or ()), app.secret_key)
        return _serializer(keys, self.salt, self.serializer, self.key_derivation, self.digest_method)


@lru_cache(maxsize=8)
def _serializer(
    keys: tuple[str | bytes, ...], salt: str, serializer: Any, derivation: str, digest: Any
) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        list(keys),  # type: ignore[arg-type]
        salt=salt,
        serializer=serializer,
        signer=KeptSigner,
        signer_kwargs={"key_derivation": derivation, "digest_method": digest},
    )


def csrf_token() -> str:
    """The signed token of this session: signed when a process first needs it, good as long as the session."""
    known: dict[str, str] = current_app.extensions.setdefault("portal-csrf", {})
    raw = session.get("csrf_token")
    if isinstance(raw, str) and (token := known.get(raw)):
        return token
    token = generate_csrf()
    if len(known) >= _MOST_TOKENS:
        known.clear()
    if isinstance(raw := session.get("csrf_token"), str):
        known[raw] = token
    return token
