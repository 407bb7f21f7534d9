"""Asterisk's CEL and CDR files give, by linkedid, who rang, who was bridged and what the CDR says."""

from datetime import UTC, datetime

from imports.asterisk_log import CDR, CEL, read


def cel(kind: str, at: str = "1795492744.5", **values: str) -> str:
    row = {"eventtype": kind, "eventtime": at, "uniqueid": "n-1.0", "linkedid": "n-1.0", **values}
    return ",".join(f'"{row.get(name, "")}"' for name in CEL)


def cdr(**values: str) -> str:
    return ",".join(f'"{values.get(name, "")}"' for name in CDR)


ARRIVED = cel("CHAN_START", num="13800000001", context="inbound", channame="PJSIP/carrier-00000000")


def test_the_phones_that_rang_and_were_bridged_belong_to_the_call() -> None:
    log = [
        ARRIVED,
        cel("CHAN_START", uniqueid="n-1.1", channame="PJSIP/1001-00000001"),
        cel("CHAN_START", uniqueid="n-1.2", channame="PJSIP/1002-web-00000002"),
        cel("BRIDGE_ENTER", uniqueid="n-1.2", channame="PJSIP/1002-web-00000002"),
        cel("BRIDGE_ENTER", channame="PJSIP/carrier-00000000"),
        cel("CHAN_END", uniqueid="n-1.2", at="1795492746.0"),
        cel("CHAN_END", at="1795492747.25"),
    ]
    call = read(log, [])["n-1.0"]
    assert (call.number, call.rung, call.bridged, call.fallback) == ("13800000001", ["1001", "1002"], ["1002"], False)
    assert call.started_at == datetime.fromtimestamp(1795492744.5, UTC)
    assert call.ended_at == datetime.fromtimestamp(1795492747.25, UTC)


def test_the_fallback_queue_is_noticed() -> None:
    assert read([ARRIVED, cel("APP_START", appname="Queue")], [])["n-1.0"].fallback


def test_the_cdr_is_counted_and_its_answers_kept() -> None:
    rows = [
        cdr(linkedid="n-1.0", dstchannel="PJSIP/1001-00000001", disposition="NO ANSWER"),
        cdr(linkedid="n-1.0", dstchannel="PJSIP/1002-00000002", disposition="ANSWERED"),
        cdr(linkedid="another", dstchannel="PJSIP/1003-00000003", disposition="ANSWERED"),
    ]
    call = read([ARRIVED], rows)["n-1.0"]
    assert (call.cdr_rows, call.cdr_answered) == (2, ["1002"])


def test_calls_that_came_over_no_trunk_and_rows_cut_short_are_left_out() -> None:
    log = [cel("CHAN_START", context="phones", channame="PJSIP/1001-00000001"), '"CHAN_START","17954']
    assert read(log, ['"","138']) == {}
