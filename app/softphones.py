"""Phones that may be browsers: their accounts, and where they speak SIP."""

from api.ports import Softphone
from telephony.asterisk.settings import AsteriskSettings


def softphones(asterisk: AsteriskSettings) -> dict[str, Softphone]:
    """Return the accounts of the phones that may be browsers, by number."""
    return {
        phone.number: Softphone(user=endpoint, secret=phone.secret, server=sip_server(asterisk))
        for phone in asterisk.phones
        for endpoint in phone.endpoints
        if phone.is_webrtc(endpoint)
    }


def sip_server(asterisk: AsteriskSettings) -> str:
    """Return where browsers speak SIP; `{host}` is the page's own where the settings name no URL."""
    return asterisk.sip_url or f"ws://{{host}}:{asterisk.http}/ws"
