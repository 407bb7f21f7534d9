"""The prompts that must exist without a studio: synthesised, or a stock sound, unless the operator has own ones."""

from __future__ import annotations

import array
import shutil
import subprocess
import sys
import wave
from pathlib import Path

RATE = 8000
"""Hz; what Asterisk's wav format plays without a transcoder."""

# Short: what is said here counts in the 15 s until a human is there.
TEXTS = {
    "greeting": "您好，这里是一二三四五热线。",
    "notice": "本次通话将被录音。",
    "emergency": "非常抱歉，暂时没有话务员接听。请在提示音后留下您的姓名、电话和诉求，我们会尽快给您回电。",
    "busy": "非常抱歉，目前来电较多，话务员全忙。",
    "closed": "您好，现在不是服务时间。",
    "nobody": "非常抱歉，目前没有话务员在线。",
    "surge": "目前同一问题来电集中，相关部门正在处理。",
    "callback-offer": "如需我们给您回电，请按一。",
    "callback-taken": "已为您登记，我们会尽快给您回电。再见。",
    "goodbye": "感谢您的来电，再见。",
}
STOCK = {
    "greeting": "hello",
    "notice": "conf-now-recording",
    "emergency": "please-try-call-later",
    "busy": "all-circuits-busy-now",
    "closed": "please-try-call-later",
    "nobody": "ss-noservice",
    "surge": "all-circuits-busy-now",
    "callback-offer": "vm-tocallback",
    "callback-taken": "auth-thankyou",
    "goodbye": "vm-goodbye",
}
SOUNDS = Path("usr/share/asterisk/sounds/en")


def provide_prompts(directory: Path, own: str = "", root: str = "") -> None:
    """Write every prompt of TEXTS: the operator's, else kept, else made here.

    Raises FileNotFoundError when there is neither espeak-ng nor a stock sound to take.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in TEXTS:
        target = directory / f"{name}.wav"
        drop_in = Path(own) / f"{name}.wav" if own else None
        if drop_in is not None and drop_in.is_file():
            shutil.copyfile(drop_in, target)
        elif not target.exists():
            _make(name, target, Path(root or "/"))


def _make(name: str, target: Path, root: Path) -> None:
    espeak = shutil.which("espeak-ng")
    temporary = target.with_suffix(".new")
    if espeak and _synthesise(espeak, TEXTS[name], temporary):
        _to_telephone_quality(temporary)
    else:
        stock = _inside(root, SOUNDS) / f"{STOCK[name]}.wav"
        if not stock.is_file():
            raise FileNotFoundError(f"prompt {name}: install espeak-ng, or put a {name}.wav into prompts_dir")
        shutil.copyfile(stock, temporary)
    temporary.replace(target)


def _synthesise(espeak: str, text: str, target: Path) -> bool:
    # Plain cmn spells the pinyin out in English in Debian 12's 1.51 (espeak-ng#1236).
    command = [espeak, "-v", "cmn-latn-pinyin", "-s", "200", "-w", str(target), text]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _to_telephone_quality(path: Path) -> None:
    """Bring a 16 bit mono file to 8 kHz; each new sample is the mean of those it covers (a crude low-pass)."""
    with wave.open(str(path), "rb") as source:
        rate, frames = source.getframerate(), source.readframes(source.getnframes())
    samples = array.array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    resampled = array.array("h")
    for n in range(len(samples) * RATE // rate):
        covered = samples[n * rate // RATE : max((n + 1) * rate // RATE, n * rate // RATE + 1)]
        resampled.append(sum(covered) // len(covered))
    if sys.byteorder == "big":
        resampled.byteswap()
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(RATE)
        target.writeframes(resampled.tobytes())


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
