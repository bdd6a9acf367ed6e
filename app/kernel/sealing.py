"""Text that must be read again but not by whoever sees the database: sealed with a key of the installation
(pure)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Unreadable(ValueError):
    """Sealed with another key, for another purpose, or damaged."""


@lru_cache(maxsize=64)
def _key(secret: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), 32, None, purpose.encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class Seal:
    """Seals texts of one purpose (``sms``, ``totp``): what was sealed for one cannot be opened for another.

    ``secrets``: the present key of the installation first, then earlier ones, which only open.
    """

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        self._keys = MultiFernet([_key(secret, purpose) for secret in secrets])

    def close(self, text: str) -> str:
        """The sealed text: URL-safe ASCII, about 4/3 of the length and 100 characters more."""
        return self._keys.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises: Unreadable."""
        try:
            return self._keys.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise Unreadable from error
