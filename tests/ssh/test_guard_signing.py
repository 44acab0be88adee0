"""Signatures made with what guard chose: real agent, real git, no private key in reach."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from guard_fixtures import make_key, run, ssh_agent

from guard.allowed_signers import allowed_signers_text, parse_allowed_signer
from guard.git_identity import GitIdentity, read_git_identity
from guard.signing_key import SigningKey, SigningKeyNotInAgent, choose_signing_key
from guard.ssh_agent import list_keys
from guard.ssh_config import keys_in_order_of_offer, read_ssh_config


def test_a_commit_signed_with_the_public_line_alone_verifies(tmp_path: Path) -> None:
    mine = make_key(tmp_path / "keys", "id", comment="laptop of ada")
    mate = make_key(tmp_path / "keys", "mate")
    home = tmp_path / "guest"
    home.mkdir()
    with ssh_agent(tmp_path / "keys/id") as agent:
        chosen = choose_signing_key("", GitIdentity(), list_keys(agent), home=home)
        assert isinstance(chosen, SigningKey)
        signers = [
            parse_allowed_signer(f"ada@example.org {mine.line}"),
            parse_allowed_signer(f"mate@example.org {mate.line} mate@desk"),
        ]
        (home / "signers").write_text(allowed_signers_text(signers))
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Ada\n\temail = ada@example.org\n"
            f'\tsigningkey = "key::{chosen.public_line}"\n[gpg]\n\tformat = ssh\n'
            f'[gpg "ssh"]\n\tallowedSignersFile = {home}/signers\n'
        )
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "SSH_AUTH_SOCK": str(agent)}
        run("git", "init", "-q", home / "repo", env=env)
        run("git", "-C", home / "repo", "commit", "-qS", "--allow-empty", "-m", "x", env=env)
        run("git", "-C", home / "repo", "verify-commit", "HEAD", env=env)
        shown = run("git", "-C", home / "repo", "log", "--show-signature", env=env)
    assert f'Good "git" signature for ada@example.org with ED25519 key {mine.fingerprint}' in shown
    sent = "".join(path.read_text() for path in home.glob("*") if path.is_file())
    assert "laptop of ada" not in sent


def test_gits_setting_with_a_tilde_names_the_key_even_when_it_names_the_private_file(
    tmp_path: Path,
) -> None:
    wanted = make_key(tmp_path / ".ssh", "work")
    make_key(tmp_path / ".ssh", "other")
    (tmp_path / ".gitconfig").write_text(
        "[user]\n\tsigningkey = ~/.ssh/work\n[gpg]\n\tformat = ssh\n"
    )
    (tmp_path / ".ssh/work").chmod(0)  # nothing may open it
    identity = read_git_identity({"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    (tmp_path / ".ssh/work").chmod(0o600)
    with ssh_agent(tmp_path / ".ssh/other", tmp_path / ".ssh/work") as agent:
        chosen = choose_signing_key("", identity, list_keys(agent), home=tmp_path)
    assert isinstance(chosen, SigningKey)
    assert chosen.key == wanted


def test_a_key_that_the_agent_lacks_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    make_key(tmp_path, "absent")
    with ssh_agent() as agent, pytest.raises(SigningKeyNotInAgent) as caught:
        choose_signing_key(
            str(tmp_path / "absent.pub"), GitIdentity(), list_keys(agent), home=tmp_path
        )
    assert "ssh-add" in str(caught.value)
    assert "signing = false" in str(caught.value)


def test_ssh_g_tells_which_key_a_forge_would_be_offered(tmp_path: Path) -> None:
    make_key(tmp_path / ".ssh", "first")
    forge_key = make_key(tmp_path / ".ssh", "forge")
    # ssh takes `~` from passwd, not from HOME: a stand-in on PATH names the file in full.
    config = tmp_path / ".ssh/config"
    config.write_text(
        f"Host forge.example\n  IdentityFile {tmp_path}/.ssh/forge\n  IdentityAgent none\n"
    )
    shim = tmp_path / "bin"
    shim.mkdir()
    real = run("sh", "-c", "command -v ssh").strip()
    (shim / "ssh").write_text(f'#!/bin/sh\nexec {real} -F {config} "$@"\n')
    (shim / "ssh").chmod(0o755)
    environ = {"PATH": f"{shim}:{os.environ['PATH']}"}
    read = read_ssh_config("forge.example", environ, tmp_path)
    assert read.identity_agent == "none"
    with ssh_agent(tmp_path / ".ssh/first", tmp_path / ".ssh/forge") as agent:
        offered = keys_in_order_of_offer(read, list_keys(agent))
    assert offered[0] == forge_key


def test_a_host_that_looks_like_an_option_is_never_given_to_ssh(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    host = f"-oProxyCommand=touch {marker}"
    assert read_ssh_config(host, dict(os.environ), tmp_path).identity_files == ()
    assert not marker.exists()
