"""Values that several rooms share: states, outcomes and reasons."""

from enum import StrEnum


class AgentState(StrEnum):
    """What an agent is doing; DOMAIN's eight states."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    HOLDING = "holding"
    WRAP_UP = "wrap_up"
    NOT_READY = "not_ready"


class ContactOutcome(StrEnum):
    """How a contact ended, each contact exactly one."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed_out"
    LEFT_BY_KEY = "left_by_key"
    NO_AGENTS = "no_agents"
    WITHDRAWN = "withdrawn"
    BLOCKED = "blocked"
    ENDED_IN_IVR = "ended_in_ivr"
    CALLBACK = "callback"
    OVERFLOWED = "overflowed"
    LOST = "lost"


class LegEnd(StrEnum):
    """Why an agent's leg ended."""

    AGENT_HUNG_UP = "agent_hung_up"
    CITIZEN_HUNG_UP = "citizen_hung_up"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"
    WITHDRAWN = "withdrawn"
    CITIZEN_GONE = "citizen_gone"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    TRANSFERRED = "transferred"
    LOST = "lost"


class ListeningMode(StrEnum):
    """How a supervisor takes part: only hearing, heard by the agent, or heard by both."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class Role(StrEnum):
    """What a signed-in person or program may do."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"
    CASE_SYSTEM = "case_system"


class Reason(StrEnum):
    """Reasons of not-ready that the centre itself gives; people give their own in words."""

    LOGGED_IN = "logged_in"
    RONA = "rona"
    PHONE_UNAVAILABLE = "phone_unavailable"
