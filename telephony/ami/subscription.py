"""The one place that names which AMI events we read, and which of their headers.

Asterisk's event filters are rendered from it, the wire decodes nothing else, the benchmark keeps exactly these.
"""

_ABOUT = ("Timestamp", "Channel", "Uniqueid", "Linkedid", "CallerIDNum", "Exten", "Context", "ChanVariable")
_DEST = ("DestChannel", "DestUniqueid", "DestLinkedid", "DestCallerIDNum", "DestChanVariable")
_QUEUE = ("Queue", "Position", "Count", "Interface", "MemberName", "HoldTime", "TalkTime", "Reason", "RingTime")

# Not Newchannel: it is sent before the dialplan has cleaned the caller's number (extensions.conf.j2).
SUBSCRIPTION: dict[str, tuple[str, ...]] = {
    "DialBegin": (*_ABOUT, *_DEST, "DialString"),
    "DialState": (*_ABOUT, *_DEST, "DialStatus"),
    "DialEnd": (*_ABOUT, *_DEST, "DialStatus", "Forward"),
    "BridgeEnter": (*_ABOUT, "BridgeUniqueid", "BridgeNumChannels", "SwapUniqueid"),
    "BridgeLeave": (*_ABOUT, "BridgeUniqueid", "BridgeNumChannels"),
    "BridgeMerge": ("Timestamp", "ToBridgeUniqueid", "FromBridgeUniqueid"),
    "Hold": _ABOUT,
    "Unhold": _ABOUT,
    "BlindTransfer": (
        *("Timestamp", "Result", "Extension", "Context", "BridgeUniqueid"),
        *("TransfererChannel", "TransfererUniqueid", "TransfererChanVariable"),
        *("TransfereeChannel", "TransfereeUniqueid", "TransfereeChanVariable"),
    ),
    "AttendedTransfer": (
        *("Timestamp", "Result", "DestType", "DestBridgeUniqueid", "DestApp", "LocalOneUniqueid", "LocalTwoUniqueid"),
        *("OrigTransfererChannel", "OrigTransfererUniqueid", "OrigTransfererChanVariable", "OrigBridgeUniqueid"),
        *("SecondTransfererChannel", "SecondTransfererUniqueid", "SecondTransfererLinkedid", "SecondBridgeUniqueid"),
        *("TransfereeUniqueid", "TransfereeChanVariable", "TransferTargetUniqueid", "TransferTargetChannel"),
    ),
    "HangupRequest": (*_ABOUT, "Cause"),
    "SoftHangupRequest": (*_ABOUT, "Cause"),
    "Hangup": (*_ABOUT, "Cause"),
    "ChanSpyStart": (
        *("Timestamp", "SpyerChannel", "SpyerUniqueid", "SpyerLinkedid", "SpyerChanVariable"),
        *("SpyeeChannel", "SpyeeUniqueid", "SpyeeLinkedid", "SpyeeChanVariable"),
    ),
    "ChanSpyStop": (
        *("Timestamp", "SpyerChannel", "SpyerUniqueid", "SpyerLinkedid", "SpyerChanVariable"),
        *("SpyeeChannel", "SpyeeUniqueid", "SpyeeLinkedid", "SpyeeChanVariable"),
    ),
    "MixMonitorStart": _ABOUT,
    "MixMonitorStop": _ABOUT,
    "MixMonitorMute": (*_ABOUT, "Direction", "State"),
    "OriginateResponse": ("Timestamp", "Response", "Channel", "Uniqueid", "Reason", "Application", "CallerIDNum"),
    "LocalBridge": ("Timestamp", "LocalOneUniqueid", "LocalTwoUniqueid"),
    "LocalOptimizationEnd": ("Timestamp", "LocalOneUniqueid", "LocalTwoUniqueid", "SuccessUniqueid", "Success"),
    "QueueCallerJoin": (*_ABOUT, *_QUEUE),
    "QueueCallerLeave": (*_ABOUT, *_QUEUE),
    "QueueCallerAbandon": (*_ABOUT, *_QUEUE, "OriginalPosition"),
    "AgentCalled": (*_ABOUT, *_DEST, *_QUEUE),
    "AgentConnect": (*_ABOUT, *_DEST, *_QUEUE),
    "AgentComplete": (*_ABOUT, *_DEST, *_QUEUE),
    "AgentRingNoAnswer": (*_ABOUT, *_DEST, *_QUEUE),
    "VarSet": ("Timestamp", "Channel", "Uniqueid", "Variable", "Value"),
    "UserEvent": (*_ABOUT, "UserEvent"),
    "ContactStatus": ("Timestamp", "EndpointName", "ContactStatus", "AOR", "URI"),
    "FullyBooted": ("Timestamp", "Status", "Uptime", "LastReload"),
}
