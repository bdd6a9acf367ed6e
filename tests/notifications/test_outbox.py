"""The outbox: written with the change, sent once, tried again with growing pauses, its text gone
afterwards."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import sqlalchemy as sa

from app.extensions import db
from app.kernel.actor import Actor
from app.kernel.errors import NotAllowed, OutOfScope, RuleViolation
from app.notifications import outbox, services
from app.notifications.models import SmsMessage
from app.notifications.rules import MOST_ATTEMPTS, SILENT_AFTER, TEXT_KEPT, pause_after
from app.notifications.senders import Refused, Unanswered
from app.persistence.types import utcnow
from app.persistence.work import unit_of_work

pytestmark = pytest.mark.req("M1.6.5.3")
VALUES = {"login": "yuxia", "password": "Ab3$secret", "address": "https://portal.example"}
SYSADMIN = Actor(user_id=None, permissions=frozenset({("can_resend", "SmsMessage")}))


class Sender:
    """Takes orders, or does what its script says."""

    name = "tests"

    def __init__(self, *script):
        self.script, self.orders = list(script), []

    def send(self, order):
        self.orders.append(order)
        step = self.script.pop(0) if self.script else "receipt"
        if isinstance(step, Exception):
            raise step
        return step


def put(**more):
    with unit_of_work() as work:
        return services.queue(work, "unit_account", "13800000000", VALUES, county_code="430703", **more).id


def row(number):
    db.session.rollback()
    return db.session.get(SmsMessage, number, populate_existing=True)


def test_a_message_is_sent_once_and_its_text_forgotten(session) -> None:
    number, sender = put(), Sender()
    held = session.execute(sa.text("SELECT * FROM sms_message")).mappings().one()
    assert not any("Ab3$" in str(value) for value in held.values()), "the password stands in no column"
    assert str(outbox.send_due(sender)) == "1 sent, 0 to be tried again, 0 failed"
    assert str(outbox.send_due(sender)) == "0 sent, 0 to be tried again, 0 failed"
    (order,) = sender.orders
    assert dict(order.values) == VALUES
    assert "Ab3$secret" in order.text and "一次性密码" in order.text
    sent = row(number)
    assert (sent.state, sent.attempts, sent.sealed, sent.body) == ("sent", 1, "", "unit_account")
    assert (sent.sender, sent.receipt, sent.key) == ("tests", "receipt", order.key)
    assert sent.sent_at and sent.unanswered == 0


def test_a_rolled_back_change_sends_nothing(session) -> None:
    with pytest.raises(RuntimeError), unit_of_work() as work:
        services.queue(work, "unit_account", "13800000000", VALUES)
        raise RuntimeError
    assert outbox.claim(utcnow()) is None
    with pytest.raises(KeyError), unit_of_work() as work:
        services.queue(work, "unit_account", "13800000000", {"login": "x"})


def test_pauses_grow_and_end(session) -> None:
    number, now = put(), utcnow()
    sender = Sender(*[Refused("isv.BUSINESS_LIMIT_CONTROL")] * MOST_ATTEMPTS)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        outbox.send_due(sender, now=now)
        assert len(sender.orders) == attempt
        if attempt < MOST_ATTEMPTS:
            waiting = row(number)
            assert (waiting.state, waiting.error) == ("queued", "isv.BUSINESS_LIMIT_CONTROL")
            assert waiting.next_try_at - now == pause_after(attempt)
            outbox.send_due(sender, now=waiting.next_try_at - dt.timedelta(seconds=1))
            assert len(sender.orders) == attempt, "not before its time"
            now = waiting.next_try_at
    assert row(number).state == "failed"
    assert len({order.key for order in sender.orders}) == 1
    assert [pause_after(n) for n in (1, 2, 3)] == [dt.timedelta(minutes=m) for m in (1, 2, 4)]


def test_a_wrong_number_is_not_tried_again(session) -> None:
    number = put()
    outbox.send_due(Sender(Refused("isv.MOBILE_NUMBER_ILLEGAL", final=True)))
    assert (row(number).state, row(number).attempts) == ("failed", 1)


def test_an_unanswered_attempt_is_marked(session) -> None:
    first, second = put(), put()
    outbox.send_due(
        Sender(Unanswered("unanswered", perhaps_sent=True), Unanswered("unreachable", perhaps_sent=False))
    )
    assert (row(first).unanswered, row(second).unanswered) == (1, 0)
    outbox.send_due(Sender(), now=utcnow() + dt.timedelta(minutes=5))
    assert (row(first).state, row(first).unanswered, row(first).error) == ("sent", 1, "")


def test_a_killed_workers_message_is_sent_again_and_marked(session) -> None:
    number, now = put(), utcnow()
    assert outbox.claim(now).id == number
    assert outbox.claim(now + SILENT_AFTER) is None, "its worker may still be at it"
    sender = Sender()
    outbox.send_due(sender, now=now + SILENT_AFTER + dt.timedelta(seconds=1))
    assert (row(number).state, row(number).attempts, row(number).unanswered) == ("sent", 2, 1)


def test_a_message_that_kills_workers_is_given_up(session) -> None:
    number, now = put(), utcnow()
    for _ in range(MOST_ATTEMPTS):
        assert outbox.claim(now)
        now += SILENT_AFTER + dt.timedelta(seconds=1)
    sender = Sender()
    outbox.send_due(sender, now=now)
    assert (row(number).state, row(number).error, sender.orders) == ("failed", "unanswered", [])


def test_an_overtaken_worker_changes_nothing(session) -> None:
    number, now = put(), utcnow()
    slow = outbox.claim(now)
    outbox.claim(now + SILENT_AFTER + dt.timedelta(seconds=1))
    outbox.deliver(Sender(Refused("late", final=True)), slow, now)
    assert (row(number).state, row(number).error) == ("sending", "")


def test_many_workers_share_the_work(app_db) -> None:
    with app_db.app_context():
        numbers = [put() for _ in range(12)]
    sender = Sender()

    def work() -> None:
        with app_db.app_context():
            outbox.send_due(sender)

    crowd = [threading.Thread(target=work) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len({order.key for order in sender.orders}) == len(sender.orders) == len(numbers)


def test_the_key_of_the_installation_opens_the_text(session, app_db) -> None:
    first, second = put(), put()
    app_db.config["SECRET_KEY"], old = "another key", app_db.config["SECRET_KEY"]
    try:
        app_db.config["SECRET_KEY_FALLBACKS"] = [old]
        outbox.send_due(Sender(), most=1)
        app_db.config["SECRET_KEY_FALLBACKS"] = []
        outbox.send_due(Sender())
    finally:
        app_db.config["SECRET_KEY"] = old
    assert (row(first).state, row(second).state, row(second).error) == ("sent", "failed", "unreadable")


def test_a_failed_message_is_sent_again_by_the_administrator(session) -> None:
    number = put()
    with pytest.raises(RuleViolation, match="Only a message that failed"), unit_of_work() as work:
        services.send_again(work, SYSADMIN, number)
    outbox.send_due(Sender(Refused("isv.MOBILE_NUMBER_ILLEGAL", final=True)))
    with pytest.raises(NotAllowed), unit_of_work() as work:
        services.send_again(work, Actor(), number)
    with pytest.raises(OutOfScope), unit_of_work() as work:
        services.send_again(work, SYSADMIN, number + 1000)
    with unit_of_work() as work:
        services.send_again(work, SYSADMIN, number)
    sender = Sender()
    outbox.send_due(sender)
    assert (row(number).state, row(number).attempts, len(sender.orders)) == ("sent", 1, 1)
    found = session.execute(sa.text("SELECT label FROM audit_event WHERE action = 'resend'")).scalar_one()
    assert found == "138****0000"


def test_texts_of_failed_messages_are_forgotten_in_time(session) -> None:
    number = put()
    outbox.send_due(Sender(Refused("x", final=True)))
    with unit_of_work() as work:
        assert services.forget_texts(work) == 0
        row(number).created_at = utcnow() - TEXT_KEPT - dt.timedelta(hours=1)
    with unit_of_work() as work:
        assert services.forget_texts(work) == 1
    with pytest.raises(RuleViolation, match="text of this message is gone"), unit_of_work() as work:
        services.send_again(work, SYSADMIN, number)


def test_a_newer_message_takes_the_older_back(session) -> None:
    user = session.execute(sa.text("SELECT id FROM ab_user WHERE username = 'yuxia'")).scalar_one()
    old, other = put(user_id=user), put()
    with unit_of_work() as work:
        assert services.supersede(work, user) == 1
    assert (row(old).state, row(old).error, row(old).sealed) == ("failed", "superseded", "")
    assert row(other).state == "queued"


@pytest.mark.req("D2")
def test_the_console_offers_to_send_again(signed_in, app_db) -> None:
    with app_db.app_context():
        number, done = put(), put()
        outbox.send_due(Sender(Refused("isv.MOBILE_NUMBER_ILLEGAL", final=True)))
    client = signed_in("sysadmin")
    page = client.get("/ops/sms/").get_data(as_text=True)
    assert "138****0000" in page and "13800000000" not in page and "Ab3$" not in page
    assert page.count("/ops/sms/resend") == 1
    answer = client.post("/ops/sms/resend", data={"id": number, "url": "/ops/sms/"})
    assert (answer.status_code, answer.location) == (302, "/ops/sms/")
    client.post("/ops/sms/resend", data={"id": done})
    with app_db.app_context():
        assert (row(number).state, row(done).state) == ("queued", "sent")
    assert "只有发送失败的短信" in client.get("/ops/sms/").get_data(as_text=True)
    assert signed_in("auditadmin").post("/ops/sms/resend", data={"id": number}).status_code == 404
