"""What people type: Invoke tasks over nopal.machine.

`ns` is the collection of all verbs; a repo's own `tasks.py` imports it and adds to it.
"""

# ruff: noqa: E402 - what is said to Python comes before what it is said for

from __future__ import annotations

import atexit
import gc
import sys

# Invoke has it compile anew each time, so as to leave nothing beside a tasks.py: in a checkout that
# is a quarter of a short verb.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from profiles.catalogue import load

from . import (
    adopt,
    agents,
    checkpoints,
    completion,
    config,
    convert,
    doctor,
    edit,
    editors,
    files,
    headless,
    init,
    inspect,
    keys,
    lifecycle,
    local,
    logins,
    logs,
    manual,
    pins,
    ports,
    secrets,
    sessions,
    setup,
    shell,
    status,
    storage,
    transcripts,
    update,
)
from .own import add_own_profiles
from .profiles import run_profile

ns = agents.Verbs(
    lifecycle.up,
    lifecycle.down,
    lifecycle.restart,
    lifecycle.destroy,
    checkpoints.checkpoint,
    checkpoints.checkpoints,
    checkpoints.rewind,
    checkpoints.fork,
    adopt.adopt,
    lifecycle.provision,
    lifecycle.plan,
    update.update,
    inspect.ls,
    inspect.list_profiles,
    logs.logs,
    status.status,
    doctor.doctor,
    ports.list_ports,
    ports.open_port,
    pins.list_pins,
    secrets.secrets,
    shell.ssh,
    shell.run,
    shell.stand,
    shell.shellenv,
    files.cp,
    files.fetch,
    agents.agent,
    sessions.ps,
    sessions.wait,
    headless.task,
    transcripts.transcripts,
    logins.login,
    logins.logout,
    logins.logins,
    config.config,
    edit.add,
    edit.edit,
    editors.ssh_config,
    *editors.VERBS,
    init.init,
    convert.convert,
    local.nmlocal,
    local.nmstatus,
    storage.bake,
    storage.df,
    storage.prune,
    setup.setup,
    completion.completion,
    manual.help_task(sys.argv[1:]),
)
ns.add_collection(keys.ns)
ns.add_collection(headless.tasks)
for _profile in load().values():
    ns.add_collection(_profile)
completion.make_quick()
completion.make_complete()
add_own_profiles(ns, sys.argv[1:])
ns.configure({"nopal": {"run_profile": run_profile}, "profiles": {}})
# Python would look through all objects once more before it ends: a tenth of a short verb.
atexit.register(gc.freeze)
