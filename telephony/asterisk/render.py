"""Renders an instance directory: Asterisk's configuration, prompts and the emergency script."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ivr.steps import LANGUAGES
from ivr.texts import MOST_PLACES, position_prompt
from telephony import ASIDE, CONSULT, FALLBACK_QUEUE, FIRST_WORD_S, HOLD, LISTEN, SWAP
from telephony.ami.subscription import SUBSCRIPTION
from telephony.asterisk.prompts import provide_prompts
from telephony.asterisk.settings import AsteriskSettings

CHANNEL_VARIABLES = (
    *("HOTLINE_CONTACT", "HOTLINE_DID", "HOTLINE_LEG", "HOTLINE_QUEUED", "HOTLINE_LISTENING", "HOTLINE_OUTBOUND"),
)
DEFAULTS_DO = ("acl.conf", "ccss.conf", "pjproject.conf", "queuerules.conf", "stasis.conf", "udptl.conf")
"""Files that Asterisk misses loudly although it needs nothing from them."""
SUBDIRECTORIES = (
    *("etc", "lib", "db", "keys", "spool", "run", "agi", "prompts"),
    *("log", "log/cdr-csv", "log/cel-custom"),  # the backends do not make their own
)

# A value may not end its line, open a comment or a section, or (in the dialplan) become an expression.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f;\[\]"\\]')
_UNSAFE_IN_DIALPLAN = re.compile(r'[\x00-\x1f\x7f;\[\]"\\${}(),&|^=\s]')


class UnsafeValue(ValueError):
    """A setting holds characters that would change the meaning of the file it is written to."""


def render(settings: AsteriskSettings, directory: str | Path | None = None) -> Path:
    """Write the whole instance directory (default: `settings.directory`) and return it.

    `directory` only says where the files are put; the paths inside them are `settings.directory`'s.
    Raises UnsafeValue before anything is written if a value could inject configuration.
    """
    target = Path(directory) if directory is not None else settings.instance
    files = render_files(settings)
    own = target == settings.instance
    folders = [target / name for name in SUBDIRECTORIES]
    for path in (target, *folders, *((settings.spool, settings.recordings) if own else ())):
        # Recordings, logs and secrets: for Asterisk's own user and its group alone.
        path.mkdir(parents=True, exist_ok=True, mode=0o750)
    for name, text in files.items():
        _write(target / "etc" / name, text)
    provide_prompts(target / "prompts", settings.prompts_dir, settings.root, engine=settings.speech_command)
    _install_emergency_script(target / "agi")
    return target


def render_files(settings: AsteriskSettings) -> dict[str, str]:
    """Return every configuration file's text by its name."""
    plain, dialplan = _environment(_UNSAFE), _environment(_UNSAFE_IN_DIALPLAN)
    values: dict[str, Any] = {
        "s": settings,
        "directory": settings.instance,
        "events": sorted({*SUBSCRIPTION, "FullyBooted"} - {"VarSet"}),
        "channel_variables": ",".join(CHANNEL_VARIABLES),
        "fallback": FALLBACK_QUEUE,
        "aside": ASIDE,
        "listen": LISTEN,
        "hold": HOLD,
        "consult": CONSULT,
        "swap": SWAP,
        "answer_s": FIRST_WORD_S,
        "announcements": settings.announcements,
        "first_s": _seconds(settings.announcements.first_s) if settings.announcements else 0,
        "every_s": _seconds(settings.announcements.every_s) if settings.announcements else 0,
        "position_prompt": position_prompt,
        "most_places": MOST_PLACES,
        "languages": LANGUAGES,
    }
    files = dict.fromkeys(DEFAULTS_DO, "; the defaults do\n")
    names = [name.removesuffix(".j2") for name in plain.list_templates(extensions=["j2"])]
    for name in names:
        environment = dialplan if name == "extensions.conf" else plain
        files[name] = environment.get_template(f"{name}.j2").render(values)
    return files


def _seconds(exactly: float) -> int:
    """Return whole seconds, which is what app_queue knows; 0 would mean never."""
    return max(1, round(exactly))


def _environment(unsafe: re.Pattern[str]) -> Environment:
    # Not HTML: nothing is escaped, every value that is put in passes the check instead.
    return Environment(
        loader=PackageLoader("telephony.asterisk"),
        autoescape=False,
        undefined=StrictUndefined,
        finalize=_checked(unsafe),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _checked(unsafe: re.Pattern[str]) -> Callable[[object], object]:
    def check(value: object) -> object:
        text = str(value)
        found = unsafe.search(text)
        if found or text != text.strip():
            what = repr(found.group()) if found else "white space at an end"
            raise UnsafeValue(f"Asterisk setting {text!r} must not contain {what}")
        return value

    return check


def _write(path: Path, text: str) -> None:
    # The files hold secrets: never readable by others, not even for an instant.
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640), "w") as file:
        file.write(text)
    temporary.replace(path)


def _install_emergency_script(directory: Path) -> None:
    """Copy the emergency AGI script and what it imports, for Asterisk's own python3 has neither."""
    script = directory / "emergency.py"
    shutil.copyfile(_source("telephony.agi.emergency"), script)
    script.chmod(0o755)
    package = _source("asterisk").parent
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, directory / "asterisk", dirs_exist_ok=True, ignore=ignore)
    shutil.copyfile(_source("six"), directory / "six.py")


def _source(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the Python module {module} is not installed")
    return Path(spec.origin)
