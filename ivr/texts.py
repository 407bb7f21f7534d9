"""What the prompts say that every hotline needs, in each language; a flow's file brings the texts of its own."""

from ivr.spoken import spoken, spoken_minutes, spoken_position
from ivr.steps import LANGUAGES, Language

# Short: what is said here counts in the 15 s until a human is there.
TEXTS: dict[str, dict[Language, str]] = {
    "greeting": {"zh": "您好，这里是一二三四五热线。", "en": "Hello, this is the 12345 hotline."},
    "notice": {"zh": "本次通话将被录音。", "en": "This call will be recorded."},
    "emergency": {
        "zh": "非常抱歉，暂时没有话务员接听。请在提示音后留下您的姓名、电话和诉求，我们会尽快给您回电。",
        "en": "We are sorry, nobody can answer now. Please leave your name, number and request after the tone; "
        "we will call you back soon.",
    },
    "busy": {"zh": "非常抱歉，目前来电较多，话务员全忙。", "en": "We are sorry, all our agents are busy."},
    "closed": {"zh": "您好，现在不是服务时间。", "en": "Hello, this line is closed now."},
    "nobody": {"zh": "非常抱歉，目前没有话务员在线。", "en": "We are sorry, no agent is here at present."},
    "surge": {
        "zh": "目前同一问题来电集中，相关部门正在处理。",
        "en": "Many people are calling about the same matter; it is being worked on.",
    },
    "nuisance": {
        "zh": "您好，您的来电将由专席处理，请稍候。",
        "en": "Hello, your call will be taken by a special desk; please hold.",
    },
    "urgent-key": {
        "zh": "如遇紧急情况，请按零转人工。",
        "en": "If this is an emergency, press zero for an agent.",
    },
    "callback-offer": {"zh": "如需我们给您回电，请按一。", "en": "To be called back, press one."},
    "callback-taken": {
        "zh": "已为您登记，我们会尽快给您回电。再见。",
        "en": "We have noted it and will call you back soon. Goodbye.",
    },
    "callback-notice": {
        "zh": "您好，一二三四五热线给您回电。本次通话将被录音。",
        "en": "Hello, the 12345 hotline is calling you back. This call will be recorded.",
    },
    "revisit": {
        "zh": "您好，这里是一二三四五热线。请您评价诉求的办理结果：满意请按一，基本满意请按二，不满意请按三。",
        "en": "Hello, this is the 12345 hotline. Are you satisfied with what became of your request? "
        "Press one for yes, two for mostly, three for no.",
    },
    "revisit-thanks": {"zh": "感谢您的接听，再见。", "en": "Thank you. Goodbye."},
    "goodbye": {"zh": "感谢您的来电，再见。", "en": "Thank you for calling. Goodbye."},
    "invalid-key": {"zh": "按键无效，请重新输入。", "en": "That key means nothing here. Please try again."},
    "no-key": {"zh": "没有收到您的按键。", "en": "We did not receive a key."},
    "survey": {
        "zh": "请为本次服务评价：满意请按一，基本满意请按二，不满意请按三。",
        "en": "Were you satisfied? Press one for yes, two for mostly, three for no.",
    },
    "agent-lost": {
        "zh": "非常抱歉，通话中断，正在为您转接其他话务员。",
        "en": "We are sorry, your agent was cut off; we are getting you another.",
    },
    "comfort": {
        "zh": "话务员正忙，您的来电已在排队，请不要挂机。",
        "en": "Our agents are busy. You are in line; please stay with us.",
    },
}

MOST_PLACES, MOST_MINUTES = 20, 15
"""Places in line and minutes of waiting that have a prompt of their own; beyond them there is one that says `more`."""


def position_prompt(n: int) -> str:
    """Return the name of the prompt that says a place in line."""
    return f"position-{n}" if n <= MOST_PLACES else "position-more"


def wait_prompt(minutes: int) -> str:
    """Return the name of the prompt that says how long the wait is likely to be."""
    return f"wait-{minutes}" if minutes <= MOST_MINUTES else "wait-more"


def _counted() -> dict[str, dict[Language, str]]:
    places = {
        position_prompt(n): {lang: spoken_position(n, lang) for lang in LANGUAGES} for n in range(1, MOST_PLACES + 1)
    }
    waits = {wait_prompt(n): {lang: spoken_minutes(n, lang) for lang in LANGUAGES} for n in range(MOST_MINUTES + 1)}
    return {
        **places,
        **waits,
        "position-more": {
            "zh": f"您前面还有{spoken(MOST_PLACES, 'zh')}多位。",
            "en": f"There are more than {spoken(MOST_PLACES, 'en')} callers before you.",
        },
        "wait-more": {
            "zh": f"预计等待超过{spoken(MOST_MINUTES, 'zh')}分钟。",
            "en": f"The wait is more than {spoken(MOST_MINUTES, 'en')} minutes.",
        },
    }


WAITING = _counted()
"""What those who wait are told of their place and time."""
TEXTS |= WAITING
