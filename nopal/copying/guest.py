"""The shell that does a machine's part of a copy. Pure."""

from __future__ import annotations

from provision.shell import quote_path

from .ends import End, in_home


def pack_script(source: End, *, follows_links: bool) -> str:
    """Return shell that packs `source`: a folder as `.`, a file as `./NAME`."""
    path = quote_path(in_home(source.path.rstrip("/") or source.path))
    links = "--dereference " if follows_links else ""
    tar = "exec tar --create --file=- --format=gnu --hard-dereference"
    return f"""\
path={path}
if [ -d "$path" ]; then
  cd -- "$path" && {tar} {links}.
elif [ -e "$path" ]; then
  cd -- "$(dirname -- "$path")" && {tar} --dereference -- "./$(basename -- "$path")"
else
  echo "there is no $path" >&2
fi
exit 1
"""


INTO_FOLDER, AS_FILE, AS_NEW = b"folder\n", b"file\n", b"new\n"
"""What `unpack_script` says first: what stands at the destination."""


def unpack_script(dest: End) -> str:
    """Return shell that says which kind the destination is, then unpacks what comes on stdin."""
    path = quote_path(in_home(dest.path.rstrip("/") or dest.path))
    needed = "$path" if dest.wants_folder else '$(dirname -- "$path")'
    return f"""\
path={path}
if [ -d "$path" ]; then
  cd -- "$path" && echo folder || exit 1
elif [ -d "{needed}" ]; then
  cd -- "{needed}" && if [ -e "$path" ]; then echo file; else echo new; fi || exit 1
else
  echo "there is no folder {needed}" >&2
  exit 1
fi
exec tar --extract --file=- --no-same-owner
"""
