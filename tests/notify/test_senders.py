"""One suite over every way to send a message, and what an HTTP provider may answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from messages.errors import SettingsError
from notify.errors import TryAgain, WillNotSend
from notify.http import HttpSender, faults
from notify.senders import FileSender, Sms, SmsSender, StdoutSender
from notify.settings import HttpSettings
from tests.notify.provider import BODY, Provider

AWKWARD = '您的来电"未接"\\ {number} & a=b%20\n{token}'
MESSAGE = Sms("1-7-missed", "+8613800001234", AWKWARD)


class Way:
    """A sender, and how to see what it sent."""

    def __init__(self, kind: str, path: Path, provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
        self.kind, self._path, self._provider, self._capsys = kind, path, provider, capsys
        self.sender: SmsSender
        match kind:
            case "http json":
                self.sender = HttpSender(provider.settings())
            case "http form":
                body = "mobile={number}&content={text}&id={id}"
                self.sender = HttpSender(provider.settings(content="form", body=body))
            case "file":
                self.sender = FileSender(path)
            case _:
                self.sender = StdoutSender()

    def sent(self) -> list[Sms]:
        """Return what has come out at the other end."""
        match self.kind:
            case "http json":
                found = [json.loads(body) for _, body in self._provider.asked]
                return [Sms(one["id"], one["mobile"], one["content"]) for one in found]
            case "http form":
                forms = [parse_qs(body.decode(), strict_parsing=True) for _, body in self._provider.asked]
                return [Sms(one["id"][0], one["mobile"][0], one["content"][0]) for one in forms]
            case "file":
                lines = self._path.read_text().splitlines()
            case _:
                lines = self._capsys.readouterr().out.splitlines()
        return [Sms(**json.loads(line)) for line in lines]


@pytest.fixture(params=["http json", "http form", "file", "stdout"])
async def way(
    request: pytest.FixtureRequest, tmp_path: Path, provider: Provider, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Way]:
    """Give each way to send in turn."""
    way = Way(request.param, tmp_path / "out" / "notices.jsonl", provider, capsys)
    yield way
    await way.sender.close()


async def test_messages_arrive_as_they_are_and_in_order(way: Way) -> None:
    other = Sms("1-8-survey", "13900005678", "二")
    for message in (MESSAGE, other):
        assert await way.sender.send(message)
    assert way.sent() == [MESSAGE, other]


async def test_a_closed_sender_is_closed_again_without_harm(way: Way) -> None:
    await way.sender.send(MESSAGE)
    await way.sender.close()
    await way.sender.close()


async def test_the_file_is_its_owners_only_and_one_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    await FileSender(tmp_path / "notices.jsonl").send(MESSAGE)
    assert (tmp_path / "notices.jsonl").stat().st_mode & 0o777 == 0o600
    with pytest.raises(TryAgain):
        await FileSender(tmp_path).send(MESSAGE)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 599])
async def test_a_provider_that_is_busy_or_broken_is_asked_again(provider: Provider, status: int) -> None:
    provider.status = status
    with pytest.raises(TryAgain, match=str(status)) as caught:
        await _send(provider)
    assert (caught.value.after_s, caught.value.maybe_sent) == (0, False)


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
async def test_a_provider_that_refuses_is_not_asked_again(provider: Provider, status: int) -> None:
    provider.status, provider.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(WillNotSend, match=str(status)):
        await _send(provider)
    assert len(provider.asked) == 1, "a redirection is not followed: the token is not for others"


@pytest.mark.parametrize(
    ("says", "least", "most"),
    [
        ("17", 17, 17),
        ("999999999999", 3600, 3600),
        ("0", 0, 0),
        ("-5", 0, 0),
        ("soon", 0, 0),
        ("²", 0, 0),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(minutes=50), usegmt=True), 60, 3000, id="soon"),
        pytest.param(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True), 0, 0, id="long ago"),
        ("Wed, 25 Nov 2026 08:00:00", 0, 0),  # without a zone
    ],
)
async def test_a_provider_says_when_to_come_again(provider: Provider, says: str, least: float, most: float) -> None:
    provider.status, provider.headers = 429, {"Retry-After": says}
    with pytest.raises(TryAgain) as caught:
        await _send(provider)
    assert least <= caught.value.after_s <= most


async def test_success_is_by_status_and_by_a_field_of_the_answer(provider: Provider) -> None:
    assert await _send(provider) == "200 0"
    assert await _send(provider, success_field="") == "200"
    provider.body = '{"result": {"status": "OK"}}'
    assert await _send(provider, success_field="result.status", success_value="OK") == "200 OK"
    with pytest.raises(WillNotSend, match="200 null"):
        await _send(provider)


async def test_what_a_provider_answers_is_kept_only_where_it_is_a_code(provider: Provider) -> None:
    provider.body = '{"code": "number +8613800001234 is on a black list"}'
    with pytest.raises(WillNotSend) as caught:
        await _send(provider)
    assert caught.value.answer == "200 other"


@pytest.mark.parametrize("garbage", ["", "<html>", "[" * 100_000, "{", "\0"])
async def test_garbage_leaves_open_whether_the_message_was_taken(provider: Provider, garbage: str) -> None:
    provider.body = garbage
    with pytest.raises(TryAgain) as caught:
        await _send(provider)
    assert caught.value.maybe_sent


async def test_an_answer_that_does_not_come_in_time_leaves_it_open_too(provider: Provider) -> None:
    provider.slow_s = 5
    with pytest.raises(TryAgain, match="no answer in time") as caught:
        await _send(provider, timeout_s=0.1)
    assert caught.value.maybe_sent


async def test_a_connection_that_breaks_is_not_asked_anew_by_itself(provider: Provider) -> None:
    sender = HttpSender(provider.settings())
    await sender.send(MESSAGE)
    provider.cut = True
    with pytest.raises(TryAgain) as caught:
        await sender.send(MESSAGE)
    await sender.close()
    assert caught.value.maybe_sent
    assert len(provider.asked) == 2


async def test_a_provider_that_is_not_there_certainly_has_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else answers there
        sender = HttpSender(HttpSettings(url=f"http://127.0.0.1:{taken.getsockname()[1]}/"))
        with pytest.raises(TryAgain, match="not reached") as caught:
            await sender.send(MESSAGE)
        await sender.close()
    assert not caught.value.maybe_sent


async def test_the_token_goes_where_it_is_wanted_and_nowhere_else(provider: Provider, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text('s3"cret\n')
    provider.status = 403
    sender = HttpSender(
        provider.settings(token_file=str(token), body=BODY, headers={"Authorization": "Bearer {token}"})
    )
    with pytest.raises(WillNotSend) as caught:
        await sender.send(Sms("1", "13800001234", "{token}"))
    await sender.close()
    [(request, body)] = provider.asked
    assert request.headers["Authorization"] == 'Bearer s3"cret'
    assert json.loads(body)["key"] == 's3"cret'
    assert json.loads(body)["content"] == "{token}", "a text cannot ask for the token"
    for told in (str(request.url), repr(sender), str(caught.value)):
        assert "cret" not in told


async def test_bodies_are_signed_where_there_is_a_secret(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    await _send(provider, secret_file=str(tmp_path / "secret"))
    [(request, body)] = provider.asked
    expected = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert request.headers["X-Hotline-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"url": ""}, "give the provider's address"),
        ({"url": "ftp://sms.example/"}, "give the provider's address"),
        ({"url": "http://sms.example/"}, "say https"),
        ({"url": "https://user:word@sms.example/"}, "no user or password"),
        ({"method": "GET"}, "say POST or PUT"),
        ({"content": "xml"}, "say json or form"),
        ({"body": '{"a": {text} {number}'}, "body is not JSON"),
        ({"body": '{"a": "{number}"}'}, "body has no {text}"),
        ({"headers": {"X": "{token}"}}, "name the file"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, object], says: str) -> None:
    given = {"url": "https://sms.example/send"} | wrong
    assert says in "\n".join(faults(HttpSettings(**given)))  # type: ignore[arg-type]


def test_a_token_that_cannot_be_read_is_named_by_its_file(tmp_path: Path) -> None:
    settings = HttpSettings(url="https://sms.example/", token_file=str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="cannot read"):
        HttpSender(settings)
    (tmp_path / "none").write_text(f"two{os.linesep}lines")
    with pytest.raises(SettingsError, match="one line"):
        HttpSender(settings)


async def _send(provider: Provider, **settings: object) -> str:
    sender = HttpSender(provider.settings(**settings))
    try:
        return await sender.send(MESSAGE)
    finally:
        await sender.close()
