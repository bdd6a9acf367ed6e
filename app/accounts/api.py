"""Tokens for programs: FAB's sign-in of the API with our counting, codes and versions."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from flask_appbuilder.api import BaseApi, safe
from flask_appbuilder.utils.limit import Limit
from flask_appbuilder.views import expose
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from app.accounts import signing
from app.accounts.principal import TOKEN_VERSION, account_state
from app.extensions import db


def address() -> str:
    """Rate-limit key: where the request comes from."""
    return request.remote_addr or ""


def address_and_name() -> str:
    """Rate-limit key: where from, and for which login name."""
    payload: Any = request.get_json(silent=True) if request.is_json else request.form
    name = payload.get("username", "") if hasattr(payload, "get") else ""
    return f"{request.remote_addr or ''} {signing.login_name(str(name)).lower()[:64]}"


def limits() -> list[Limit]:
    """The limits of every way to sign in."""
    return [
        Limit(lambda: current_app.config["AUTH_RATE_LIMIT"], key_func=address_and_name, methods=["POST"]),
        Limit(lambda: current_app.config["AUTH_RATE_LIMIT_ADDRESS"], key_func=address, methods=["POST"]),
    ]


class TokenApi(BaseApi):
    """``/api/v1/security/login`` and ``/refresh``: tokens that die with a reset, a change of roles or a stop."""

    resource_name = "security"
    openapi_spec_tag = "Security"
    limits = limits()

    @expose("/login", methods=["POST"])
    @safe
    def login(self) -> Any:
        """Access token (30 minutes) for a login name and password
        ---
        post:
          description: Sign a program in; accounts with a second factor send its code as `otp`
          requestBody:
            required: true
            content:
              application/json:
                schema:
                  type: object
                  required: [username, password]
                  properties:
                    username: {type: string}
                    password: {type: string}
                    otp: {type: string}
                    refresh: {type: boolean}
          responses:
            200:
              description: The tokens
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
                      refresh_token: {type: string}
            400:
              $ref: '#/components/responses/400'
            401:
              $ref: '#/components/responses/401'
        """
        payload = request.get_json(silent=True)
        fields = ("username", "password", "otp")
        if not isinstance(payload, dict) or not all(isinstance(payload.get(key, ""), str) for key in fields):
            return self.response_400(message="username and password are needed")
        name, password, otp = (payload.get(key, "") for key in fields)
        tried = signing.attempt(db.session(), name, password, api=True, otp=otp)
        if tried.account is None or not tried.passed:
            return self.response_401()
        identity = str(tried.account.id)
        claims = {TOKEN_VERSION: tried.account.auth_version}
        tokens = {"access_token": create_access_token(identity, fresh=True, additional_claims=claims)}
        if payload.get("refresh"):
            tokens["refresh_token"] = create_refresh_token(identity, additional_claims=claims)
        return self.response(200, **tokens)

    @expose("/refresh", methods=["POST"])
    @safe
    def refresh(self) -> Any:
        """A new access token for a refresh token
        ---
        post:
          description: Use the refresh token as bearer
          responses:
            200:
              description: The new access token
              content:
                application/json:
                  schema:
                    type: object
                    properties:
                      access_token: {type: string}
            401:
              $ref: '#/components/responses/401'
        """
        head = request.headers.get("Authorization", "")
        try:
            claims = decode_token(head.removeprefix("Bearer ").strip())
            user_id, version = int(claims["sub"]), int(claims[TOKEN_VERSION])
        except (PyJWTError, JWTExtendedException, KeyError, TypeError, ValueError):
            return self.response_401()
        state = account_state(user_id)
        if (
            claims.get("type") != "refresh"
            or state is None
            or not state.active
            or state.auth_version != version
        ):
            return self.response_401()
        return self.response(
            200,
            access_token=create_access_token(
                str(user_id), fresh=False, additional_claims={TOKEN_VERSION: version}
            ),
        )
