"""The search for credentials, by a real shell in a folder that stands for a guest."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from nopal import anonymise, credentials

PLANTED = {
    "a private key": ("home/dev/notes.txt", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n"),
    "a PGP key": ("home/dev/k", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"),
    "a GitHub token": ("etc/environment", "TOKEN=ghp_" + "a1B2" * 9 + "\n"),
    "a GitHub token of the newer kind": ("root/x", "github_pat_" + "a1B2_" * 13 + "\n"),
    "an Anthropic key": ("home/dev/code/.env", "ANTHROPIC_API_KEY=sk-ant-" + "api03-x" * 4),
    "an OpenAI key": ("home/dev/.profile", "export K=sk-proj-" + "a1B2" * 6),
    "an AWS key": ("etc/app.conf", "id AKIA" + "ABCD2345" * 2 + "\n"),
    "an npm token": ("home/dev/.npmrc", "//reg.example/:_authToken=abc\n"),
    "a login of Docker": ("root/.docker/config.json", '{"auths": {"x": {"auth": "YTpiYzpk"}}}'),
    "a password in a URL": ("home/dev/.gitconfig", "url = https://ann:hunter22@git.example/x\n"),
    "a .netrc": ("home/dev/.netrc", "machine a login b password c\n"),
    "git's credentials": ("root/.git-credentials", "x\n"),
    "a login of Claude": ("home/dev/.claude/.credentials.json", "{}\n"),
    "a login of Codex": ("home/dev/.codex/auth.json", "{}\n"),
    "a login of gh": ("home/dev/.config/gh/hosts.yml", "x: y\n"),
    "an AWS file": ("home/dev/.aws/credentials", "[default]\n"),
    "a name with spaces": ("home/dev/my keys/id_ed25519", "x\n"),
}
HARMLESS = {
    "home/dev/.bashrc": "# ssh-add ~/.ssh/id_ed25519; url=https://$USER:$PASS@x\n",
    "home/dev/node_modules/tls/key.pem": "-----BEGIN PRIVATE KEY-----\n",
    "usr/local/go/src/crypto/testdata/key.pem": "-----BEGIN PRIVATE KEY-----\n",
    "home/dev/.ssh/id_ed25519.pub": "ssh-ed25519 AAAA ann@example.com\n",
    "root/.netrc": "",
    "home/dev/.claude.json": '{"hasCompletedOnboarding": true}',
    "etc/apt/sources.list": "deb https://user@mirror.example/debian trixie main\n",
}


def plant(root: Path, path: str, text: str) -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def found(root: Path, **environ: str) -> list[str]:
    homes = [str(root / "home"), str(root / "root")]
    for home in homes:
        Path(home).mkdir(exist_ok=True)
    script = credentials.script(homes, [str(root / "etc"), str(root / "usr/local")])
    done = subprocess.run(
        ["sh", "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_credential_is_found_by_the_name_of_its_file(what: str, tmp_path: Path) -> None:
    file = plant(tmp_path, *PLANTED[what])
    assert str(file) in found(tmp_path)


def test_what_is_no_credential_is_left_alone(tmp_path: Path) -> None:
    for path, text in HARMLESS.items():
        plant(tmp_path, path, text)
    assert found(tmp_path) == []


def test_only_a_changed_file_of_a_package_counts(tmp_path: Path) -> None:
    shipped = "KEY=AIza" + "a1B2C" * 7 + "\n"
    file = plant(tmp_path, "etc/chromium.d/apikeys", shipped)
    plant(
        tmp_path,
        "bin/dpkg-query",
        "#!/bin/sh\n"
        f'case $1 in -S) [ "$2" = {file} ] && echo "chromium:amd64: $2" ;;\n'
        f'*) [ "$3" = chromium ] && echo " {file} {hashlib.md5(shipped.encode()).hexdigest()}" ;;\n'
        "esac\n",
    ).chmod(0o755)
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    assert found(tmp_path, PATH=path) == []
    file.write_text(shipped + shipped.replace("a1B2C", "own01"))
    assert found(tmp_path, PATH=path) == [str(file)]


@pytest.mark.parametrize("script", [credentials.script(), anonymise.script()])
def test_the_scripts_are_sound_shell(script: str) -> None:
    done = subprocess.run(
        ["shellcheck", "--shell=sh", "-"], input=script, capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
