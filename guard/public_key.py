"""OpenSSH public keys: strict parsing of one line, fingerprints, and `.pub` files.

Never reads a private key: a path without `.pub` means the `.pub` beside it, and text that looks
private is refused by name before anything else looks at it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from guard.errors import GuardError, printable
from guard.wire import MalformedMessage, Reader

MAX_LINE_BYTES = 16 * 1024
"""Well above an RSA key of 16384 bits, OpenSSH's largest."""

_CURVES = {
    "ecdsa-sha2-nistp256": (b"nistp256", 65),
    "ecdsa-sha2-nistp384": (b"nistp384", 97),
    "ecdsa-sha2-nistp521": (b"nistp521", 133),
    "sk-ecdsa-sha2-nistp256@openssh.com": (b"nistp256", 65),
}
SIGNING_KINDS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_CERTIFICATE_MARK = "-cert-v0"
_ED25519_BYTES = 32
_PRIVATE_MARKS = (
    "PRIVATE KEY--",
    "BEGIN OPENSSH",
    "BEGIN PGP",
    "PUTTY-USER-KEY-FILE",
    "SSH2 ENCRYPTED",
    "OPENSSH-KEY-V1",
    "B3BLBNNZAC1RZXKTDJ",  # base64 of `openssh-key-v1`, for a key pasted without its header
)


@dataclass(eq=False)
class PrivateKeyRefused(GuardError):
    """A private key stands where a public one belongs; its text is kept nowhere."""

    where: str

    def __str__(self) -> str:
        return (
            f"{self.where} holds a private key; only a public one may leave this host.\n"
            "Nothing of it was sent or kept.\n"
            "Give the public key: the text or path of the `.pub` file beside it."
        )


@dataclass(eq=False)
class PublicKeyMalformed(GuardError):
    """Text that is not exactly one OpenSSH public key that can sign."""

    where: str
    reason: str

    def __str__(self) -> str:
        return (
            f"{self.where} is no usable public key: {self.reason}.\n"
            "A public key is one line, such as `ssh-ed25519 AAAA… comment` (see `ssh-add -L`)."
        )


@dataclass(eq=False)
class PublicKeyFileMissing(GuardError):
    """There is no `.pub` file at, or beside, the named path."""

    path: Path
    reason: str

    def __str__(self) -> str:
        private = self.path.with_name(self.path.name.removesuffix(".pub"))
        return (
            f"cannot read the public key `{self.path}`: {self.reason}.\n"
            f"Make it from the private one: `ssh-keygen -y -f {private} > {self.path}`."
        )


@dataclass(frozen=True)
class PublicKey:
    """One public key. `comment` is the person's own word for it and may name their host."""

    kind: str
    blob_base64: str
    comment: str = ""

    @property
    def blob(self) -> bytes:
        """The key in wire format, as agents and servers name it."""
        return base64.b64decode(self.blob_base64)

    @property
    def fingerprint(self) -> str:
        """The fingerprint as `ssh-keygen -l` shows it: `SHA256:` and unpadded base64."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """Kind and key, without the comment: this is what may enter a guest."""
        return f"{self.kind} {self.blob_base64}"

    @property
    def can_sign(self) -> bool:
        """Whether git can sign with it: a plain key, no certificate."""
        return self.kind in SIGNING_KINDS

    def is_same_key(self, other: PublicKey) -> bool:
        """Whether both are one key, whatever their comments."""
        return self.blob_base64 == other.blob_base64


def looks_private(text: str) -> bool:
    """Whether `text` bears any mark of a private key file."""
    upper = text.upper()
    return any(mark in upper for mark in _PRIVATE_MARKS)


def parse_public_key(text: str, *, where: str = "the key") -> PublicKey:
    """Read one line `kind base64 [comment]`, nothing before and nothing after it.

    Raises:
        PrivateKeyRefused: the text is, or contains, a private key.
        PublicKeyMalformed: anything else that is no plain public key, certificates included.
    """
    if looks_private(text):
        raise PrivateKeyRefused(where)
    if len(text) > MAX_LINE_BYTES:
        raise PublicKeyMalformed(where, "it is too long")
    line = text.strip(" \t\r\n")
    if any(one in line for one in "\r\n\0"):
        raise PublicKeyMalformed(where, "it is more than one line")
    kind, _, rest = line.partition(" ")
    blob_base64, _, comment = rest.strip(" ").partition(" ")
    if _CERTIFICATE_MARK in kind:
        raise PublicKeyMalformed(where, "it is a certificate; name the key that it certifies")
    if kind not in SIGNING_KINDS:
        shown = printable(kind, 40)
        raise PublicKeyMalformed(where, f"`{shown}` is no kind of key that git can sign with")
    try:
        blob = base64.b64decode(blob_base64, validate=True)
        _check_blob(kind, blob)
    except (binascii.Error, ValueError) as error:
        raise PublicKeyMalformed(where, f"its base64 part is damaged ({error})") from None
    canonical = base64.b64encode(blob).decode()
    return PublicKey(kind, canonical, printable(comment.strip()))


def key_from_blob(blob: bytes, comment: str = "") -> PublicKey:
    """Return the key of a wire-format blob, of any kind, certificates included.

    Raises:
        MalformedMessage: the blob does not begin with a plausible kind.
    """
    kind = Reader(blob).string()
    if not kind or not all(0x21 <= one < 0x7F for one in kind):  # noqa: PLR2004 - printable ASCII
        message = "a key without a kind"
        raise MalformedMessage(message)
    return PublicKey(kind.decode(), base64.b64encode(blob).decode(), printable(comment))


def _check_blob(kind: str, blob: bytes) -> None:
    """Raise MalformedMessage unless `blob` is exactly one key of this kind."""
    reader = Reader(blob)
    if reader.string() != kind.encode():
        message = "it says another kind than the line"
        raise MalformedMessage(message)
    if kind in _CURVES:
        curve, point_bytes = _CURVES[kind]
        is_whole = reader.string() == curve and len(reader.string()) == point_bytes
    elif kind == "ssh-rsa":
        exponent, modulus = reader.string(), reader.string()
        is_whole = bool(exponent) and bool(modulus)
    else:
        is_whole = len(reader.string()) == _ED25519_BYTES
    if kind.startswith("sk-"):
        is_whole = bool(reader.string()) and is_whole
    reader.end()
    if not is_whole:
        message = "the key has the wrong size"
        raise MalformedMessage(message)


def read_public_key_file(path: Path) -> PublicKey:
    """Read a `.pub` file; for any other name, only the `.pub` beside it is ever opened.

    Raises:
        PublicKeyFileMissing: it is absent, unreadable or no regular file.
        PrivateKeyRefused, PublicKeyMalformed: as parse_public_key.
    """
    public = path if path.name.endswith(".pub") else path.with_name(path.name + ".pub")
    try:
        # O_NONBLOCK: a FIFO of that name must not hang the command.
        descriptor = os.open(public, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PublicKeyFileMissing(public, reason.lower()) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PublicKeyFileMissing(public, "it is not a regular file")
        data = os.read(descriptor, MAX_LINE_BYTES + 1)
    finally:
        os.close(descriptor)
    return parse_public_key(data.decode("utf-8", errors="replace"), where=f"`{public}`")
