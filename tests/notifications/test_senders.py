"""Senders: the documented signatures, what travels to the gateway, and how its answers are read."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import stat

import pytest

from app.notifications.senders import Order, Refused, Unanswered, aliyun, tencent
from app.notifications.senders.aliyun import AliyunSender
from app.notifications.senders.base import address
from app.notifications.senders.choice import made_of, templates_of
from app.notifications.senders.console import ConsoleSender
from app.notifications.senders.tencent import TencentSender
from tests.notifications.standin import Gateway, taken

pytestmark = pytest.mark.req("M1.6.5.3")
ORDER = Order(
    "k" * 32, "13800000000", "unit_account",
    {"login": "yuxia", "password": "Ab3$longenough", "address": "https://portal.example"}, "登录名 yuxia，口令 Ab3$longenough",
)  # fmt: skip
TEMPLATES = {"unit_account": "SMS_1"}


@pytest.fixture
def gateway():
    with Gateway() as made:
        yield made


def senders(gateway):
    return (
        AliyunSender("id", "secret", "改造平台", TEMPLATES, url=gateway.url),
        TencentSender("id", "secret", "1400000000", "改造平台", TEMPLATES, url=gateway.url),
    )


# ── signatures, against the examples of the makers ──
def test_the_signature_is_that_of_alibabas_example() -> None:
    at = dt.datetime(2023, 10, 26, 10, 22, 32, tzinfo=dt.UTC)
    nonce = "3156853299f313e23d1673dc12e1703d"
    heads = aliyun.heads_of("ecs.cn-shanghai.aliyuncs.com", "RunInstances", "2014-05-26", at, nonce)
    query = aliyun.query_of(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    assert aliyun.authorization("YourAccessKeyId", "YourAccessKeySecret", query, heads) == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;"
        "x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_the_canonical_request_is_that_of_tencents_example() -> None:
    payload = '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}'
    request = tencent.canonical("cvm.tencentcloudapi.com", "DescribeInstances", payload.encode())
    digest = hashlib.sha256(request.encode()).hexdigest()
    assert digest == "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"


def test_tencents_authorization_depends_on_every_part() -> None:
    at = dt.datetime(2026, 3, 5, 1, 2, 3, tzinfo=dt.UTC)
    first = tencent.authorization("id", "secret", "sms", "POST", at)
    assert first.startswith("TC3-HMAC-SHA256 Credential=id/2026-03-05/sms/tc3_request, SignedHeaders=")
    others = {
        tencent.authorization("id", "other", "sms", "POST", at),
        tencent.authorization("id", "secret", "cvm", "POST", at),
        tencent.authorization("id", "secret", "sms", "GET", at),
        tencent.authorization("id", "secret", "sms", "POST", at + dt.timedelta(seconds=1)),
    }
    assert first not in others and len(others) == 4


# ── what travels ──
def test_alibaba_gets_template_places_and_key(gateway) -> None:
    assert senders(gateway)[0].send(ORDER) == "biz-1"
    (call,) = gateway.calls
    assert json.loads(call.query.pop("TemplateParam")) == ORDER.values
    assert {k: v for k, v in call.query.items() if k != "TemplateParam"} == {
        "PhoneNumbers": "13800000000", "SignName": "改造平台", "TemplateCode": "SMS_1", "OutId": ORDER.key,
    }  # fmt: skip
    names = [name for name in call.heads if name == "host" or name.startswith("x-acs-")]
    wanted = aliyun.authorization("id", "secret", call.path[2:], {name: call.heads[name] for name in names})
    assert call.heads["authorization"] == wanted
    assert call.heads["x-acs-version"] == "2017-05-25"


def test_tencent_gets_the_places_in_order(gateway) -> None:
    assert senders(gateway)[1].send(ORDER) == "serial-1"
    (call,) = gateway.calls
    assert call.json == {
        "PhoneNumberSet": ["+8613800000000"], "SmsSdkAppId": "1400000000", "SignName": "改造平台",
        "TemplateId": "SMS_1", "TemplateParamSet": ["yuxia", "Ab3$longenough", "https://portal.example"],
        "SessionContext": ORDER.key,
    }  # fmt: skip
    at = dt.datetime.fromtimestamp(int(call.heads["x-tc-timestamp"]), dt.UTC)
    request = tencent.canonical(call.heads["host"], "SendSms", call.body)
    assert call.heads["authorization"] == tencent.authorization("id", "secret", "sms", request, at)
    assert (call.heads["x-tc-action"], call.heads["x-tc-version"]) == ("SendSms", "2021-01-11")


# ── how answers are read ──
@pytest.mark.parametrize(
    ("number", "answer", "fault", "final"),
    [
        (0, b'{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"x"}', "isv.MOBILE_NUMBER_ILLEGAL", True),
        (0, b'{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"x"}', "isv.BUSINESS_LIMIT_CONTROL", False),
        (1, b'{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure"}}}', "AuthFailure.SignatureFailure", False),
        (1, b'{"Response":{"SendStatusSet":[{"Code":"LimitExceeded.PhoneNumberDailyLimit"}]}}',
         "LimitExceeded.PhoneNumberDailyLimit", False),
        (1, b'{"Response":{"SendStatusSet":[{"Code":"FailedOperation.PhoneNumberInBlacklist"}]}}',
         "FailedOperation.PhoneNumberInBlacklist", True),
    ],
)  # fmt: skip
def test_a_refusal_says_whether_trying_again_helps(gateway, number, answer, fault, final) -> None:
    gateway.answer = lambda _call: (400, answer)
    with pytest.raises(Refused) as refused:
        senders(gateway)[number].send(ORDER)
    assert (refused.value.fault, refused.value.final) == (fault, final)


@pytest.mark.parametrize("number", [0, 1])
def test_no_answer_is_no_success(gateway, number) -> None:
    sender = senders(gateway)[number]
    for answer in (None, (200, b"<html>"), (200, b"{}")):
        gateway.answer = lambda _call, found=answer: found
        with pytest.raises(Unanswered) as silence:
            sender.send(ORDER)
        assert silence.value.perhaps_sent
    gateway.answer = lambda _call: (502, b"bad gateway")
    with pytest.raises(Refused, match="HTTP 502"):
        sender.send(ORDER)
    gateway.answer = taken
    assert sender.send(ORDER)


def test_a_gateway_that_is_not_there_took_nothing() -> None:
    sender = AliyunSender("id", "secret", "x", TEMPLATES, url="http://127.0.0.1:9")
    with pytest.raises(Unanswered) as silence:
        sender.send(ORDER)
    assert (silence.value.fault, silence.value.perhaps_sent) == ("unreachable", False)


def test_a_kind_without_a_template_goes_nowhere(gateway) -> None:
    for sender in senders(gateway):
        with pytest.raises(Refused, match="no_template"):
            sender.send(Order("k", "13800000000", "other", {}, ""))
    assert gateway.calls == []


# ── the console ──
def test_the_console_shows_neither_number_nor_text(tmp_path, caplog) -> None:
    with caplog.at_level(logging.INFO):
        assert ConsoleSender().send(ORDER) == ORDER.key
        assert ConsoleSender(tmp_path / "sms").send(ORDER) == ORDER.key
    assert "138****0000" in caplog.text
    assert "13800000000" not in caplog.text and "Ab3$" not in caplog.text
    (kept,) = (tmp_path / "sms").iterdir()
    assert ORDER.text in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "Ab3$" not in repr(ORDER)


# ── settings ──
def test_settings_choose_the_sender(tmp_path) -> None:
    empty = dict.fromkeys(
        ("SMS_KEY_ID", "SMS_KEY_SECRET", "SMS_SIGN", "SMS_APP_ID", "SMS_TEMPLATES", "SMS_URL"), ""
    )
    base = {**empty, "SMS_REGION": "ap-guangzhou", "DATA_DIR": str(tmp_path), "PRODUCTION": True}
    assert made_of({**base, "SMS_SENDER": "console"}).folder is None
    assert made_of({**base, "SMS_SENDER": "console", "PRODUCTION": False}).folder == tmp_path / "sms"
    with pytest.raises(ValueError, match="SMS_KEY_ID"):
        made_of({**base, "SMS_SENDER": "tencent"})
    with pytest.raises(ValueError, match="pigeon"):
        made_of({**base, "SMS_SENDER": "pigeon"})
    full = {**base, "SMS_KEY_ID": "i", "SMS_KEY_SECRET": "s", "SMS_SIGN": "x", "SMS_APP_ID": "1",
            "SMS_TEMPLATES": "unit_account=SMS_1, unit_password=SMS_2"}  # fmt: skip
    assert made_of({**full, "SMS_SENDER": "aliyun"}).templates == {
        "unit_account": "SMS_1",
        "unit_password": "SMS_2",
    }
    assert (
        made_of({**full, "SMS_SENDER": "tencent", "SMS_URL": "http://127.0.0.1:1"}).url
        == "http://127.0.0.1:1"
    )
    with pytest.raises(ValueError):
        templates_of("unit_account")
    with pytest.raises(ValueError):
        address("ftp://gateway")
