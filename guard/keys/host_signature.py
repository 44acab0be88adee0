"""Verifies that a server signed the exchange hash of a session: RFC 4253 section 8, RFC 8332.

Never raises: whatever cannot be verified is not signed.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from guard.errors import GuardError
from guard.public_key import key_from_blob, parse_public_key
from guard.wire import MalformedMessage, Reader

from .signed_data import SESSION_ID_BYTES

_RSA_HASHES = {b"rsa-sha2-256": hashes.SHA256(), b"rsa-sha2-512": hashes.SHA512()}
_CURVE_HASHES = {
    b"ecdsa-sha2-nistp256": hashes.SHA256(),
    b"ecdsa-sha2-nistp384": hashes.SHA384(),
    b"ecdsa-sha2-nistp521": hashes.SHA512(),
}


def is_signed_by_host(host_key: bytes, signature: bytes, session_id: bytes) -> bool:
    """Whether `signature`, in SSH's format, is the plain key's over exactly `session_id`."""
    # Of a hash's size only: a host also signs longer texts, and none of them may pass for one.
    if len(session_id) not in SESSION_ID_BYTES:
        return False
    try:
        line = parse_public_key(key_from_blob(host_key).line).line  # refuses certificates
        key = load_ssh_public_key(line.encode())
        reader = Reader(signature)
        algorithm, value = reader.string(), reader.string()
        reader.end()
        match key:
            case ed25519.Ed25519PublicKey() if algorithm == b"ssh-ed25519":
                key.verify(value, session_id)
            case rsa.RSAPublicKey() if algorithm in _RSA_HASHES:
                key.verify(value, session_id, padding.PKCS1v15(), _RSA_HASHES[algorithm])
            case ec.EllipticCurvePublicKey() if algorithm == Reader(host_key).string():
                curve_hash = _CURVE_HASHES[algorithm]
                key.verify(_ecdsa(value), session_id, ec.ECDSA(curve_hash))
            case _:
                return False
    except (MalformedMessage, GuardError, InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _ecdsa(value: bytes) -> bytes:
    """Return an SSH signature (RFC 5656 section 3.1.2) in the form that the library takes."""
    reader = Reader(value)
    r, s = reader.string(), reader.string()
    reader.end()
    return utils.encode_dss_signature(_positive(r), _positive(s))


def _positive(value: bytes) -> int:
    number = int.from_bytes(value, "big", signed=True)
    if number <= 0:
        message = "a signature's number is not positive"
        raise MalformedMessage(message)
    return number
