"""DSSE: the bytes that a signer signs, and the envelope that carries statement and signature.

Nothing here signs and nothing here trusts: keys belong to cosign, openssl or ssh-keygen.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from xnnkit.errors import BadInput

PAYLOAD_TYPE = "application/vnd.in-toto+json"


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return DSSE's pre-authentication encoding of a payload: what is to be signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def envelope(payload: bytes, signature: bytes, keyid: str = "") -> bytes:
    """Return the envelope of a payload and one signature of its `pae`.

    Args:
        payload: the statement's bytes.
        signature: as the signer made it, not encoded.
        keyid: a hint which key made it; "" leaves it out.
    """
    one = {"keyid": keyid} if keyid else {}
    content = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{**one, "sig": base64.b64encode(signature).decode()}],
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def payload_of(content: dict[str, Any], where: str) -> bytes:
    """Return the payload of an envelope. Its signatures are not looked at.

    Args:
        content: the envelope, parsed.
        where: its file, for refusals.

    Raises:
        BadInput: it is no envelope of an in-toto statement.
    """
    kind, payload = content.get("payloadType"), content.get("payload")
    if kind != PAYLOAD_TYPE or not isinstance(payload, str):
        raise BadInput(
            "an envelope with something else in it",
            where=where,
            why=f"legal payloadType: {PAYLOAD_TYPE}",
        )
    try:
        # DSSE allows both alphabets of base64.
        return base64.b64decode(payload.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("the envelope's payload is no base64", where=where, why=str(error)) from None
