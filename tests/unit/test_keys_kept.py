"""What the broker keeps on disk: policies, pauses, own keys, and where."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from agent_messages import key
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from keyring.backends.fail import Keyring as FailingKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.backends.SecretService import Keyring as SecretService

from guard.keys.kept import ALL, Kept
from guard.keys.keyring_program import real_backend
from guard.keys.own_keys import OwnAndUpstream, OwnKeys
from guard.keys.places import LONGEST_SOCKET_PATH, Places, places
from guard.keys.policy import KeyPolicy
from guard.keys.protocol import SignRequest
from guard.keys.upstream import UpstreamFailed
from guard.wire import Reader


@pytest.fixture
def here(tmp_path: Path) -> Places:
    there = places(tmp_path)
    there.projects.mkdir()
    there.own_keys.mkdir()
    return there


@dataclass
class FakeVault:
    """A keyring, or the lack of one."""

    is_there: bool = True
    secrets: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, secret: str) -> bool:
        if self.is_there:
            self.secrets[name] = secret
        return self.is_there

    def get(self, name: str) -> str:
        return self.secrets.get(name, "")

    def remove(self, name: str) -> None:
        self.secrets.pop(name, None)


def test_policies_are_read_as_they_were_given(here: Places) -> None:
    kept = Kept(here)
    policies = [KeyPolicy(project=name, exposed=("k",), sign={"git": "ask"}) for name in "ab"]
    for policy in policies:
        kept.keep(policy)
    assert kept.policies() == (policies, [])
    assert stat.S_IMODE(here.policy("a").stat().st_mode) == 0o600
    kept.drop("a")
    assert kept.policies() == (policies[1:], [])


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"project":"b"}', b'{"project":"a","more":1}', b'{"project":"../a"}'],
    ids=["empty", "cut", "another's", "unknown field", "no name"],
)
def test_a_policy_that_is_not_understood_gives_nothing_and_is_told(
    here: Places, text: bytes
) -> None:
    here.policy("a").write_bytes(text)
    policies, faults = Kept(here).policies()
    assert policies == []
    assert len(faults) == 1


def test_a_pause_is_kept_and_one_that_cannot_be_read_is_for_all(here: Places) -> None:
    kept = Kept(here)
    assert kept.paused() == frozenset()
    kept.keep_paused(frozenset({"blog"}))
    assert kept.paused() == {"blog"}
    here.paused.write_text("nonsense")
    assert kept.paused() == {ALL}


def test_a_socket_s_path_is_the_same_every_time_and_short() -> None:
    there = places(Path("/home/a-person-with-a-name/.nopal/keys"))
    assert there.socket("blog") == there.socket("blog") != there.socket("shop")
    assert len(bytes(there.socket("x" * 64))) <= LONGEST_SOCKET_PATH
    assert there.is_short_enough
    assert not places(Path("/" + "x" * 90)).is_short_enough


@pytest.mark.parametrize("has_keyring", [True, False])
def test_an_own_key_signs_and_its_private_half_is_where_it_says(
    here: Places, has_keyring: bool
) -> None:
    async def work() -> None:
        vault = FakeVault(has_keyring)
        made = await OwnKeys(here, vault).make("blog", "sign", anew=False)
        file = here.own_key("blog", "sign")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert made.at_rest == ("keyring" if has_keyring else "file")
        assert ('"seed":""' in file.read_text()) == has_keyring
        # Another broker, as after a crash:
        again = OwnKeys(here, vault)
        (own,) = again.of("blog")
        assert own.fingerprint == made.fingerprint
        agent = OwnAndUpstream("blog", again, None)
        signature = await agent.sign(SignRequest(own.blob, b"data", 0))
        assert signature is not None
        reader = Reader(signature)
        assert reader.string() == b"ssh-ed25519"
        public = load_ssh_public_key(made.line.encode())
        public.verify(reader.string(), b"data")  # type: ignore[call-arg, union-attr, arg-type]

    asyncio.run(work())


def test_an_own_key_is_made_once_and_anew_on_request(here: Places) -> None:
    async def work() -> None:
        own = OwnKeys(here, FakeVault())
        first = await own.make("blog", "login", anew=False)
        assert await own.make("blog", "login", anew=False) == first
        assert await own.make("shop", "login", anew=False) != first
        second = await own.make("blog", "login", anew=True)
        assert second != first
        assert [one.fingerprint for one in own.of("blog")] == [second.fingerprint]

    asyncio.run(work())


def test_keys_that_are_dropped_are_gone_everywhere(here: Places) -> None:
    async def work() -> None:
        vault = FakeVault()
        own = OwnKeys(here, vault)
        await own.make("blog", "login", anew=False)
        await own.make("blog", "sign", anew=False)
        await own.drop("blog")
        assert own.of("blog") == ()
        assert vault.secrets == {}
        assert list(here.own_keys.iterdir()) == []

    asyncio.run(work())


def test_a_keyring_that_lost_a_key_is_told(here: Places) -> None:
    async def work() -> None:
        vault = FakeVault()
        await OwnKeys(here, vault).make("blog", "sign", anew=False)
        vault.secrets.clear()
        agent = OwnAndUpstream("blog", OwnKeys(here, vault), None)
        (one,) = await agent.keys()
        with pytest.raises(UpstreamFailed, match="keyring"):
            await agent.sign(SignRequest(one.blob, b"data", 0))
        with pytest.raises(UpstreamFailed):
            await agent.sign(SignRequest(key("user").blob, b"data", 0))

    asyncio.run(work())


def test_only_a_keyring_of_an_operating_system_is_one() -> None:
    assert real_backend(FailingKeyring()) is None
    assert real_backend(NullKeyring()) is None

    class File(NullKeyring):
        """One in a plain file, as keyrings.alt has them."""

    assert real_backend(File()) is None
    real = SecretService()
    assert real_backend(real) is real
