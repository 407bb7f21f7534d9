"""Does on a call what the interpreter of a flow asks for: prompts, keys, messages."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from ivr import actions as do
from ivr.steps import Language
from telephony.agi.errors import AgiError
from telephony.agi.message import Message
from telephony.agi.session import SOUND_S, AgiSession
from telephony.agi.wire import AgiResult

log = structlog.get_logger()

ALL_KEYS = "0123456789*#"
ENDS_DIGITS = "#"
QUIET_S = 5
"""Seconds of silence that end a message."""


SAMPLES = 8000
"""A second, as RECORD FILE counts them."""


class Performer:
    """One call's voice and ears. Raises AgiHangup when the caller leaves, other AgiErrors when the session breaks."""

    def __init__(self, session: AgiSession, prompt_path: Callable[[str], str], message: Message) -> None:
        self._session = session
        self._prompt_path = prompt_path
        self._message = message

    def __repr__(self) -> str:
        return f"<Performer on {self._session!r}>"

    async def perform(self, action: do.Action) -> do.Result:
        """Do one action; a prompt that is not there never breaks a call."""
        match action:
            case do.Play(prompt, language):
                return await self.stream(prompt, language)
            case do.Ask():
                return await self._ask(action)
            case do.TakeMessage():
                return await self._take_message(action)
            case _:
                return do.Heard()

    async def stream(self, prompt: str, language: Language, escapes: str = "") -> do.Result:
        """Play a prompt, which these keys cut short."""
        result = await self._session.stream_file(self._prompt_path(file_name(prompt, language)), escapes)
        if result.result == "-1":
            await self._session.check_there()
            log.warning("a prompt could not be played", prompt=prompt, language=language)
            return do.Missing()
        code = int(result.result) if result.result.isdecimal() else 0
        return do.Keys(chr(code)) if chr(code) in escapes and code else do.Heard()

    async def _ask(self, ask: do.Ask) -> do.Result:
        # Stream, then wait: GET DATA answers -1 alike to a missing prompt and to a hang-up.
        heard = await self.stream(ask.prompt, ask.language, ALL_KEYS if ask.barge_in else "")
        if isinstance(heard, do.Missing):
            return heard
        keys = heard.keys if isinstance(heard, do.Keys) else ""
        while len(keys) < ask.most and not (not ask.keys and keys.endswith(ENDS_DIGITS)):
            key = await self._session.wait_for_digit(ask.seconds)
            if not key:
                break
            keys += key
        return do.Keys(keys) if keys else do.Silence()

    async def _take_message(self, take: do.TakeMessage) -> do.Result:
        if not self._message.file:
            return do.Missing()
        await self.stream(take.prompt, take.language)
        self._message.began()
        try:
            result = await self._record(take)
        except AgiError as error:
            self._message.ended(0.0, failed=str(error))
            raise
        if result.result == "-1" and not result.endpos:
            self._message.ended(0.0, failed="Asterisk could not record")
            log.error("a message could not be recorded", file=self._message.file)
            return do.Missing()
        self._message.ended((result.endpos or 0) / SAMPLES)
        return do.Heard()

    async def _record(self, take: do.TakeMessage) -> AgiResult:
        return await self._session.command(
            "RECORD FILE",
            self._message.file,
            "wav",
            ENDS_DIGITS,
            str(round(take.most_s * 1000)),
            "0",
            "BEEP",
            f"s={QUIET_S}",
            timeout=take.most_s + SOUND_S,
        )


def file_name(prompt: str, language: Language) -> str:
    """Return a prompt's file below the prompts' directory: Chinese on top, other languages in folders."""
    return prompt if language == "zh" else f"{language}/{prompt}"
