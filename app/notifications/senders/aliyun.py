"""Alibaba Cloud SMS (SendSms of 2017-05-25), signed with ACS3-HMAC-SHA256, without a library of theirs."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.notifications.senders.base import Order, Refused, Unanswered, address, post
from app.persistence.types import utcnow

URL = "https://dysmsapi.aliyuncs.com"
_ALGORITHM = "ACS3-HMAC-SHA256"
# faults of the number or the text itself: another attempt would end the same way
_FINAL = (
    "isv.MOBILE_NUMBER_ILLEGAL", "isv.INVALID_PARAMETERS", "isv.BLACK_KEY_CONTROL_LIMIT",
    "MOBILE_NUMBER_ILLEGAL", "isv.PARAM_LENGTH_LIMIT",
)  # fmt: skip


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def query_of(values: Mapping[str, str]) -> str:
    """Parameters in canonical order and encoding."""
    return "&".join(f"{_encoded(name)}={_encoded(values[name])}" for name in sorted(values))


def heads_of(
    host: str, action: str, version: str, at: dt.datetime, nonce: str, payload: bytes = b""
) -> dict[str, str]:
    """The heads that the signature covers, by name in lower case."""
    return {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": hashlib.sha256(payload).hexdigest(),
        "x-acs-date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }


def authorization(key_id: str, secret: str, query: str, heads: Mapping[str, str]) -> str:
    """The ``Authorization`` head of a POST to ``/`` with these parameters and heads."""
    names = ";".join(sorted(heads))
    lines = "".join(f"{name}:{heads[name].strip()}\n" for name in sorted(heads))
    request = f"POST\n/\n{query}\n{lines}\n{names}\n{heads['x-acs-content-sha256']}"
    to_sign = f"{_ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{_ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"


@dataclass(frozen=True)
class AliyunSender:
    """``templates``: our template → code of the approved one (``SMS_…``), whose places have the names of
    ours."""

    key_id: str
    secret: str
    sign: str
    templates: Mapping[str, str]
    url: str = URL
    clock: Callable[[], dt.datetime] = utcnow
    name: str = "aliyun"

    def send(self, order: Order) -> str:
        """Hand the message over; the key travels as ``OutId``. Raises: Refused, Unanswered."""
        if not (template := self.templates.get(order.template)):
            raise Refused("no_template")
        where = address(self.url)
        query = query_of(
            {
                "PhoneNumbers": order.phone, "SignName": self.sign, "TemplateCode": template,
                "OutId": order.key,
                "TemplateParam": json.dumps(dict(order.values), ensure_ascii=False),
            }
        )  # fmt: skip
        heads = heads_of(where.netloc, "SendSms", "2017-05-25", self.clock(), uuid.uuid4().hex)
        signed = {**heads, "Authorization": authorization(self.key_id, self.secret, query, heads)}
        answer = post(where, f"/?{query}", b"", signed)
        code = str(answer.get("Code", ""))
        if not code:
            raise Unanswered("unanswered", perhaps_sent=True)
        if code != "OK":
            raise Refused(code, final=code in _FINAL)
        return str(answer.get("BizId", ""))
