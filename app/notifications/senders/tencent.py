"""Tencent Cloud SMS (SendSms of 2021-01-11), signed with TC3-HMAC-SHA256, without a library of theirs."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.notifications.senders.base import Order, Refused, Unanswered, address, post
from app.persistence.types import utcnow

URL = "https://sms.tencentcloudapi.com"
_ALGORITHM = "TC3-HMAC-SHA256"
_TYPE = "application/json; charset=utf-8"
# faults of the number or the text itself: another attempt would end the same way
_FINAL = (
    "InvalidParameterValue.IncorrectPhoneNumber", "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.ContainSensitiveWord", "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
)  # fmt: skip


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def canonical(host: str, action: str, payload: bytes) -> str:
    """The canonical form of a POST, as the signature covers it."""
    heads = f"content-type:{_TYPE}\nhost:{host}\nx-tc-action:{action.lower()}\n"
    return f"POST\n/\n\n{heads}\ncontent-type;host;x-tc-action\n{_sha256(payload)}"


def authorization(key_id: str, secret: str, service: str, request: str, at: dt.datetime) -> str:
    """The ``Authorization`` head of a canonical request."""
    day = f"{at:%Y-%m-%d}"
    scope = f"{day}/{service}/tc3_request"
    to_sign = f"{_ALGORITHM}\n{int(at.timestamp())}\n{scope}\n{_sha256(request.encode())}"
    key = _hmac(_hmac(_hmac(b"TC3" + secret.encode(), day), service), "tc3_request")
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    return (
        f"{_ALGORITHM} Credential={key_id}/{scope}, SignedHeaders=content-type;host;x-tc-action,"
        f" Signature={signature}"
    )


@dataclass(frozen=True)
class TencentSender:
    """``templates``: our template → number of the approved one, whose places {1}, {2} … follow ours in
    order."""

    key_id: str
    secret: str
    app_id: str
    sign: str
    templates: Mapping[str, str]
    region: str = "ap-guangzhou"
    url: str = URL
    clock: Callable[[], dt.datetime] = utcnow
    name: str = "tencent"

    def send(self, order: Order) -> str:
        """Hand the message over; the key travels as the session context. Raises: Refused, Unanswered."""
        if not (template := self.templates.get(order.template)):
            raise Refused("no_template")
        where, at = address(self.url), self.clock()
        payload = json.dumps(
            {
                "PhoneNumberSet": [f"+86{order.phone}"], "SmsSdkAppId": self.app_id, "SignName": self.sign,
                "TemplateId": template, "TemplateParamSet": list(order.values.values()),
                "SessionContext": order.key,
            },
            ensure_ascii=False,
        ).encode()  # fmt: skip
        request = canonical(where.netloc, "SendSms", payload)
        headers = {
            "Authorization": authorization(self.key_id, self.secret, "sms", request, at),
            "Content-Type": _TYPE, "Host": where.netloc,
            "X-TC-Action": "SendSms", "X-TC-Version": "2021-01-11",
            "X-TC-Timestamp": str(int(at.timestamp())), "X-TC-Region": self.region,
        }  # fmt: skip
        return self._read(post(where, "/", payload, headers))

    def _read(self, answer: Mapping[str, object]) -> str:
        response = answer.get("Response")
        if not isinstance(response, dict):
            raise Unanswered("unanswered", perhaps_sent=True)
        if error := response.get("Error"):
            raise Refused(str(error.get("Code", "")), final=error.get("Code") in _FINAL)
        found = response.get("SendStatusSet")
        if not isinstance(found, list) or not found:
            raise Unanswered("unanswered", perhaps_sent=True)
        if (code := str(found[0].get("Code", ""))) != "Ok":
            raise Refused(code, final=code in _FINAL)
        return str(found[0].get("SerialNo", ""))
