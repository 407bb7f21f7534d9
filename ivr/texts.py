"""What the prompts say that every hotline needs, in each language; a flow's file brings the texts of its own."""

from ivr.steps import Language

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
    "goodbye": {"zh": "感谢您的来电，再见。", "en": "Thank you for calling. Goodbye."},
    "invalid-key": {"zh": "按键无效，请重新输入。", "en": "That key means nothing here. Please try again."},
    "no-key": {"zh": "没有收到您的按键。", "en": "We did not receive a key."},
    "survey": {
        "zh": "请为本次服务评价：满意请按一，基本满意请按二，不满意请按三。",
        "en": "Were you satisfied? Press one for yes, two for mostly, three for no.",
    },
}
