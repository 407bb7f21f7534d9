"""The prompts that must exist without a studio: the operator's own, else spoken, else a stock sound.

Chinese stands on top of the prompts' directory, other languages in folders of their own.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from ivr.texts import TEXTS as LANGUAGES
from telephony.asterisk.speech import RATE, Espeak, OwnEngine, Voice, content_key, default_cache, speak

__all__ = ["LANGUAGES", "RATE", "TEXTS", "prompt_file", "provide_prompts"]

log = structlog.get_logger()

Texts = Mapping[str, Mapping[str, str]]
TEXTS = {name: said["zh"] for name, said in LANGUAGES.items()}
STOCK = {
    "greeting": "hello",
    "notice": "conf-now-recording",
    "emergency": "please-try-call-later",
    "busy": "all-circuits-busy-now",
    "closed": "please-try-call-later",
    "nobody": "ss-noservice",
    "surge": "all-circuits-busy-now",
    "nuisance": "pls-hold-while-try",
    "urgent-key": "vm-press",
    "callback-offer": "vm-tocallback",
    "callback-taken": "auth-thankyou",
    "callback-notice": "conf-now-recording",
    "revisit": "vm-options",
    "revisit-thanks": "vm-goodbye",
    "goodbye": "vm-goodbye",
    "invalid-key": "pbx-invalid",
    "no-key": "vm-sorry",
    "survey": "vm-options",
    "agent-lost": "pls-hold-while-try",
}
SOUNDS = Path("usr/share/asterisk/sounds/en")
MADE = ".made.json"


def prompt_file(name: str, language: str) -> Path:
    """Return a prompt's file below the prompts' directory."""
    return Path(f"{name}.wav") if language == "zh" else Path(language) / f"{name}.wav"


def provide_prompts(
    directory: Path,
    own: str = "",
    root: str = "",
    *,
    texts: Texts = LANGUAGES,  # type: ignore[assignment]
    engine: Sequence[str] = (),
    cache: Path | None = None,
) -> None:
    """Write every prompt of `texts`: the operator's; else what is there, unless its text has changed; else made here.

    Raises FileNotFoundError when one that everybody needs can neither be spoken nor taken from the stock.
    """
    voice: Voice = OwnEngine(engine) if engine else Espeak()
    made, unheard = _made(directory), []
    for name, said in texts.items():
        for language, text in said.items():
            file = prompt_file(name, language)
            target, drop_in, key = directory / file, Path(own) / file, content_key(voice, language, text)
            target.parent.mkdir(parents=True, exist_ok=True)
            if own and drop_in.is_file():
                shutil.copyfile(drop_in, target)
                made.pop(str(file), None)
            elif not target.exists() or made.get(str(file), key) != key:
                spoken = speak(voice, language, text, target, cache or default_cache())
                if not spoken and not _take_stock(name, target, Path(root or "/")):
                    unheard.append(str(file))
                made[str(file)] = key if spoken else "stock"
    if unheard:
        log.warning("prompts cannot be spoken; callers will not hear them", files=unheard)
    (directory / MADE).write_text(json.dumps(made, indent=1))


def _made(directory: Path) -> dict[str, str]:
    """Return what was made here of which text and voice."""
    with contextlib.suppress(OSError, ValueError):
        made = json.loads((directory / MADE).read_text())
        if isinstance(made, dict):
            return made
    return {}


def _take_stock(name: str, target: Path, root: Path) -> bool:
    """Take a sound that Asterisk brings along; tell whether there is one. Raises FileNotFoundError."""
    stock = _inside(root, SOUNDS) / f"{STOCK.get(name, '')}.wav"
    if stock.is_file():
        shutil.copyfile(stock, target)
    elif name in STOCK:
        raise FileNotFoundError(f"prompt {name}: install espeak-ng, or put a {target.name} into prompts_dir")
    return name in STOCK


def _inside(root: Path, relative: Path) -> Path:
    """Follow `relative` within `root`, where an absolute symbolic link means the root's own tree."""
    path = root
    for part in relative.parts:
        path = path / part
        for _ in range(8):
            if not path.is_symlink():
                break
            link = path.readlink()
            path = root / link.relative_to("/") if link.is_absolute() else path.parent / link
    return path
