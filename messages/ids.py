"""The names things are known by, one type each.

A contact's id is minted by the dialplan from Asterisk's unique id and the node's system name, and travels
with the channel as HOTLINE_CONTACT. A call's id is the unique id of the citizen's channel. A leg's id is
`CALL/N` where the centre opened it, and the unique id of the agent's channel where Asterisk did (the fallback queue).
"""

from typing import NewType

NodeId = NewType("NodeId", str)
ContactId = NewType("ContactId", str)
CallId = NewType("CallId", str)
LegId = NewType("LegId", str)
QueueId = NewType("QueueId", str)
AgentId = NewType("AgentId", str)
UserId = NewType("UserId", str)
Phone = NewType("Phone", str)
SessionId = NewType("SessionId", str)
RecordingId = NewType("RecordingId", str)
OperationId = NewType("OperationId", str)
CommandId = NewType("CommandId", str)
CallbackId = NewType("CallbackId", str)
LabelId = NewType("LabelId", str)
DutyId = NewType("DutyId", str)
AlertId = NewType("AlertId", str)
