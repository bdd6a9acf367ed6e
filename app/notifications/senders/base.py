"""What a sender is given, what it answers, and how it talks to a gateway."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

TIMEOUT = 10
_LONGEST_ANSWER = 64 * 1024


@dataclass(frozen=True)
class Order:
    """One message. ``key`` is the same at every attempt; ``values`` are the places of the template in its
    order.

    ``text`` is the whole message in words, for senders that have no templates.
    """

    key: str
    phone: str
    template: str
    values: Mapping[str, str]
    text: str

    def __repr__(self) -> str:
        return f"Order({self.key}, {self.template})"


class Refused(Exception):
    """The gateway answered and did not take the message; ``final``: no later attempt would be taken
    either."""

    def __init__(self, fault: str, *, final: bool = False) -> None:
        super().__init__(fault)
        self.fault = fault
        self.final = final


class Unanswered(Exception):
    """No answer that can be read; ``perhaps_sent``: the request had gone out, so the message may have been
    taken."""

    def __init__(self, fault: str, *, perhaps_sent: bool) -> None:
        super().__init__(fault)
        self.fault = fault
        self.perhaps_sent = perhaps_sent


class SmsSender(Protocol):
    """A way out for text messages."""

    @property
    def name(self) -> str:
        """The gateway's key, as it is kept with what was sent."""
        ...

    def send(self, order: Order) -> str:
        """Hand the message over; returns the gateway's receipt. Raises: Refused, Unanswered."""
        ...


def address(url: str) -> SplitResult:
    """The parts of a gateway's address. Raises ValueError unless it is http(s)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"not an address of a gateway: {url}")
    return parts


def post(url: SplitResult, target: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Send a request and read its JSON answer, whatever its status. Raises: Unanswered, Refused (server
    fault)."""
    if url.scheme == "https":
        line: Any = http.client.HTTPSConnection(
            url.netloc, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        line = http.client.HTTPConnection(url.netloc, timeout=TIMEOUT)
    try:
        try:
            line.connect()
        except OSError as error:
            raise Unanswered("unreachable", perhaps_sent=False) from error
        try:
            line.request("POST", target, body, dict(headers))
            answer = line.getresponse()
            text = answer.read(_LONGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered("unanswered", perhaps_sent=True) from error
    finally:
        line.close()
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        if answer.status >= 500:
            raise Refused(f"HTTP {answer.status}")
        raise Unanswered(f"HTTP {answer.status}", perhaps_sent=answer.status == 200)
    return found
