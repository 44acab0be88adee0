"""Files to a guest by SFTP, over a connection of paramiko's."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import paramiko

BROKEN = (paramiko.SSHException, OSError, EOFError)
"""What paramiko raises when the guest, its disk or the connection to it is at fault."""


@dataclass(frozen=True)
class Upload:
    """Files of the login user's own, in a folder that nobody else can look into."""

    sftp: paramiko.SFTPClient
    folder: str
    paths: tuple[str, ...]

    def remove(self) -> None:
        """Remove them; what a broken connection leaves, the guest's next boot removes."""
        with suppress(*BROKEN):
            for path in self.paths:
                with suppress(FileNotFoundError):
                    self.sftp.remove(path)
            self.sftp.rmdir(self.folder)
        self.sftp.close()


def send(transport: paramiko.Transport, contents: Sequence[bytes]) -> Upload:
    """Put each of `contents` into a file.

    Raises:
        SSHException, OSError, EOFError: the guest has no SFTP or no room, or is gone.
    """
    sftp = paramiko.SFTPClient.from_transport(transport)
    if sftp is None:
        message = "no SFTP"
        raise paramiko.SSHException(message)
    folder = f"/tmp/nopal-{secrets.token_hex(8)}"  # noqa: S108 - made anew, or refused
    paths = tuple(f"{folder}/{index}" for index in range(len(contents)))
    upload = Upload(sftp, folder, paths)
    try:
        sftp.mkdir(folder, 0o700)
        for path, content in zip(paths, contents, strict=True):
            sftp.putfo(io.BytesIO(content), path)
    except BaseException:
        upload.remove()
        raise
    return upload
