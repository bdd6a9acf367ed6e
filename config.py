"""Configuration from the environment alone (12-factor): see README for every variable."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def _flag(name: str, default: bool = False) -> bool:
    return os.environ.get(name, str(int(default))).strip().lower() in {"1", "true", "yes", "on"}


def _secret_key(data_dir: Path) -> str:
    """The signing key: ``SECRET_KEY``, else one made once and kept in the data directory (mode 600)."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text().strip()
        with os.fdopen(fd, "w") as out:
            out.write(secrets.token_urlsafe(48))
    return path.read_text().strip()


def load() -> dict[str, object]:
    """Every setting of the application, read now from the environment."""
    data_dir = Path(os.environ.get("DATA_DIR") or ROOT / "var").resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    database_url = os.environ.get("DATABASE_URL") or f"sqlite:///{data_dir / 'portal.db'}"
    if database_url.startswith(("postgres://", "postgresql://")):
        database_url = "postgresql+psycopg://" + database_url.split("://", 1)[1]
    secret_key = _secret_key(data_dir)
    redis_url = os.environ.get("REDIS_URL", "")
    production = os.environ.get("PORTAL_ENV", "development") == "production"
    https = _flag("PORTAL_HTTPS", production)
    return {
        "DATA_DIR": str(data_dir),
        "PRODUCTION": production,
        "HTTPS": https,
        "SECRET_KEY": secret_key,
        # keys before the present one: they still open what was sealed and signed with them
        "SECRET_KEY_FALLBACKS": os.environ.get("SECRET_KEY_OLD", "").split(),
        "SQLALCHEMY_DATABASE_URI": database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(database_url),
        "SQLALCHEMY_TRACK_MODIFICATIONS": False,
        "REDIS_URL": redis_url,
        "PROXY_COUNT": int(os.environ.get("PROXY_COUNT", "0")),
        # Flask-AppBuilder
        "APP_NAME": "Renovation portal",
        "AUTH_TYPE": 1,
        "AUTH_ROLE_ADMIN": "Admin",
        "AUTH_ROLE_PUBLIC": "Public",
        "FAB_CREATE_DB": False,
        "FAB_UPDATE_PERMS": False,
        "FAB_ADD_SECURITY_VIEWS": False,
        "FAB_BASE_TEMPLATE": "appbuilder/baselayout.html",
        "FAB_API_SWAGGER_UI": False,
        "FAB_ADD_OPENAPI_VIEWS": False,
        "FAB_OPENAPI_SERVERS": [{"url": "/"}],
        "FAB_API_MAX_PAGE_SIZE": 100,
        "FAB_API_ALLOW_JSON_QS": False,
        "AUTH_RATE_LIMITED": True,
        # per address and login name, and per address alone (a whole office may share one address)
        "AUTH_RATE_LIMIT": os.environ.get("AUTH_RATE_LIMIT", "20 per minute"),
        "AUTH_RATE_LIMIT_ADDRESS": os.environ.get("AUTH_RATE_LIMIT", "120 per minute"),
        "PUBLIC_RATE_LIMIT": os.environ.get("PUBLIC_RATE_LIMIT", "240 per minute"),
        "COMMENT_RATE_LIMIT": os.environ.get("COMMENT_RATE_LIMIT", "5 per minute;30 per day"),
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": redis_url or "memory://",
        "RATELIMIT_HEADERS_ENABLED": True,
        # languages
        "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
        "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
        "LANGUAGES": {
            "zh_Hans_CN": {"flag": "cn", "name": "中文"},
            "en": {"flag": "gb", "name": "English"},
        },
        # sessions and forms
        "SESSION_COOKIE_NAME": "portal",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": https,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_CHECK_DEFAULT": False,
        # tokens are signed with a key of their own: a cookie is never taken for a token
        "JWT_SECRET_KEY": hashlib.sha256(b"tokens:" + secret_key.encode()).hexdigest(),
        "JWT_ACCESS_TOKEN_EXPIRES": 1800,
        "JWT_REFRESH_TOKEN_EXPIRES": 8 * 3600,
        "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,
        "MAX_FORM_MEMORY_SIZE": 4 * 1024 * 1024,
        "MAX_FORM_PARTS": 2000,
        # maps: spoken to only when a key is set
        "TIANDITU_KEY": os.environ.get("TIANDITU_KEY", ""),
        "TIANDITU_URL": os.environ.get("TIANDITU_URL", "https://api.tianditu.gov.cn"),
        "TIANDITU_TILES": os.environ.get("TIANDITU_TILES", "https://t0.tianditu.gov.cn"),
        # files: below DATA_DIR unless an S3-compatible store is named; scanned when a clamd is named
        "S3_URL": os.environ.get("S3_URL", ""),
        "S3_BUCKET": os.environ.get("S3_BUCKET", ""),
        "S3_KEY": os.environ.get("S3_KEY", ""),
        "S3_SECRET": os.environ.get("S3_SECRET", ""),
        "S3_REGION": os.environ.get("S3_REGION", "us-east-1"),
        # text messages: into the log unless a gateway is named; the address of the portal stands in them
        "PORTAL_URL": os.environ.get("PORTAL_URL", "").rstrip("/"),
        "SMS_SENDER": os.environ.get("SMS_SENDER", "console"),
        "SMS_KEY_ID": os.environ.get("SMS_KEY_ID", ""),
        "SMS_KEY_SECRET": os.environ.get("SMS_KEY_SECRET", ""),
        "SMS_SIGN": os.environ.get("SMS_SIGN", ""),
        "SMS_APP_ID": os.environ.get("SMS_APP_ID", ""),
        "SMS_TEMPLATES": os.environ.get("SMS_TEMPLATES", ""),
        "SMS_REGION": os.environ.get("SMS_REGION", "ap-guangzhou"),
        "SMS_URL": os.environ.get("SMS_URL", ""),
        "CLAMD": os.environ.get("CLAMD", ""),
        "X_ACCEL_PREFIX": os.environ.get("X_ACCEL_PREFIX", ""),
        "METRICS": _flag("PORTAL_METRICS", False),
        "SERVE_STATIC": _flag("PORTAL_SERVE_STATIC", "gunicorn" in os.environ.get("SERVER_SOFTWARE", "")),
    }


def engine_options(database_url: str) -> dict[str, object]:
    if database_url.startswith("postgresql"):
        # a generic plan turns a 0.3 ms search into 34 ms after five executions
        return {
            "hide_parameters": True,
            "pool_size": 5,
            "max_overflow": 5,
            "connect_args": {"options": "-c plan_cache_mode=force_custom_plan -c timezone=UTC -c jit=off"},
        }
    return {"hide_parameters": True, "connect_args": {"timeout": 30}}
