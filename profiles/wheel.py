"""Programs out of Python wheels: for makers that publish theirs at the Python package index."""

from __future__ import annotations

from provision import Command
from provision.shell import quote

from .environment import CA_BUNDLE


def wheel(package: str, version: str, *, sha256: str, to: str) -> Command:
    """Unpack the wheel of `package` into the directory `to`; its programs are in `to`/bin.

    pip refuses a wheel with another checksum. Nothing is installed into the system's Python, whose
    packages `python3` and `python3-pip-whl` have to be there.
    """
    marker = f"{to}/.nopal-wheel"
    script = f"""\
mkdir -p {quote(to.rpartition("/")[0] or "/")}
work=$(mktemp -d {quote(to)}.XXXXXX)
trap 'rm -rf "$work"' EXIT
printf '%s\\n' {quote(f"{package}=={version} --hash=sha256:{sha256}")} > "$work/requirements"
# pip straight from its wheel: installing it compiles for minutes in an emulated machine.
set -- /usr/share/python-wheels/pip-*.whl
python3 "$1/pip" install --quiet --root-user-action ignore --disable-pip-version-check \\
    --no-deps --no-compile --only-binary :all: --require-hashes --cert {CA_BUNDLE} \\
    --target "$work/site" --requirement "$work/requirements"
chmod -R a+rX "$work/site"
printf '%s\\n' {sha256} > "$work/site/.nopal-wheel"
rm -rf {quote(to)}
mv -T "$work/site" {quote(to)}"""
    unless = f"grep -qsxF {sha256} {quote(marker)}"
    return Command(script, unless=unless, name=f"{package} from its wheel")
