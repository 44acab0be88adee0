"""A profile: a function that yields steps, made an Invoke collection.

    @profile(requires=["docker"])
    def postgres(options: Options, guest: Guest) -> Iterator[Step]:
        \"\"\"PostgreSQL client, and a server in Docker.\"\"\"
        yield Apt("postgresql-client")

The function may take `options`, `guest`, both or nothing. Declaring does no I/O: what a profile
does to a machine is in its steps. The collection's tasks do not know how a machine is reached;
nopal leaves that in Invoke's configuration (`nopal.run_profile`).

A listing makes all profiles, so what only steps and errors need is imported with those.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, get_type_hints, overload

from invoke import Argument, Collection, Context, Exit, Task

if TYPE_CHECKING:
    from provision.step import Step

    from .agent import Agent
    from .errors import WrongOption
    from .guest import Guest
    from .login import Login
    from .pin import Pin

Declare: TypeAlias = "Callable[..., Iterable[Step]]"
"""What `@profile` stands on."""

_VERBS = {
    "install": "{summary}",
    "plan": "Show what `{name}.install` would change.",
    "verify": "Check that `{name}` works; change nothing.",
}
"""What `inv --list` says of each task."""


class Profile(Collection):
    """A named set of steps, with the tasks `install`, `plan` and `verify`."""

    summary: str
    """The first line of the function's docstring."""
    requires: tuple[str, ...]
    """Profiles whose steps come before this one's."""
    golden: bool
    """Whether it may be in a golden machine, which every project's new machine can begin from."""

    def __init__(
        self,
        declare: Declare,
        *,
        name: str = "",
        requires: Sequence[str] = (),
        doc: str = "",
        golden: bool = False,
        agent: Agent | None = None,
    ) -> None:
        # Invoke would show `a_b` as `a-b` anyway: one name everywhere.
        own_name = (name or declare.__name__).replace("_", "-")
        super().__init__(own_name)
        self.declare = declare
        self.requires = tuple(requires)
        self.golden = golden
        self._agent = agent
        self.__doc__ = doc or inspect.getdoc(declare) or ""
        self.summary = self.__doc__.partition("\n")[0]
        self._takes_options, self._takes_guest = _arguments(own_name, declare)
        for verb, says in _VERBS.items():
            doc = says.format(name=own_name, summary=self.summary)
            self.add_task(_task(self, verb, doc))

    def __deepcopy__(self, memo: dict[int, object]) -> Profile:
        """Return itself: Invoke copies all that a `tasks.py` adds, and this never changes."""
        return self

    @property
    def agent(self) -> Agent | None:
        """The coding agent that it installs, if it is one's profile."""
        return self._agent

    @property
    def options_type(self) -> type | None:
        """The msgspec struct that options are checked against; None: they stay a mapping."""
        return _options_type(self.label, self.declare, self._takes_options)

    def steps(self, options: Mapping[str, object], guest: Guest) -> tuple[Step, ...]:
        """Return the steps for `options` on `guest`, each tagged with the profile's name.

        Raises:
            UnknownOption, WrongOption: see `read_options`.
            NotAProfile: the function yields something else than steps.
            StepRefused: a step cannot be made with these options.
        """
        from provision.step import Step  # noqa: PLC0415

        from .errors import NotAProfile, StepRefused  # noqa: PLC0415

        values = self.read_options(options)
        arguments = {}
        if self._takes_options:
            arguments[self._takes_options] = values
        if self._takes_guest:
            arguments["guest"] = guest
        try:
            declared = tuple(self.declare(**arguments) or ())
        except ValueError as error:
            raise StepRefused(self.label, str(error)) from error
        for step in declared:
            if not isinstance(step, Step):
                raise NotAProfile(self.label, f"it yields {step!r}, which is no step")
        return tuple(_tagged(step, self.label) for step in declared)

    def read_options(self, mapping: Mapping[str, object]) -> Any:
        """Return `mapping` as the options type, or as a plain dict where the profile names none.

        Raises:
            UnknownOption: a key that the profile does not have.
            WrongOption: a value of the wrong type, or one that the options refuse.
        """
        from .errors import UnknownOption  # noqa: PLC0415

        options_type = self.options_type
        if options_type is None:
            if mapping and not self._takes_options:
                raise UnknownOption(self.label, next(iter(mapping)), ())
            return dict(mapping)
        import msgspec  # noqa: PLC0415

        allowed = self.option_names
        for key in mapping:
            if key not in allowed:
                raise UnknownOption(self.label, str(key), allowed)
        try:
            return msgspec.convert(dict(mapping), options_type)
        except msgspec.ValidationError as error:
            raise self._wrong_option(mapping, str(error)) from None

    @property
    def option_names(self) -> tuple[str, ...]:
        """The options, in the order in which they are declared."""
        return getattr(self.options_type, "__struct_encode_fields__", ())

    @property
    def pins(self) -> tuple[Pin, ...]:
        """The versions that its module chose, in `PINS`."""
        return tuple(getattr(self.declare, "__globals__", {}).get("PINS", ()))

    @property
    def logins(self) -> tuple[Login, ...]:
        """What logs its program in, in the `LOGINS` of its module."""
        return tuple(getattr(self.declare, "__globals__", {}).get("LOGINS", ()))

    @property
    def label(self) -> str:
        """The profile's name; Invoke types `name` as one that may be absent."""
        return self.name or ""

    def _wrong_option(self, mapping: Mapping[str, object], message: str) -> WrongOption:
        from .errors import WrongOption  # noqa: PLC0415

        # msgspec says: "Expected `str`, got `int` - at `$.version`".
        reason, _, place = message.partition(" - at `$")
        key = re.sub(r"[.\[].*", "", place.strip("`").lstrip("."))
        found: object = mapping.get(key) if key else dict(mapping)
        return WrongOption(self.label, key, found, reason[:1].lower() + reason[1:])


@overload
def profile(declare: Declare, /) -> Profile: ...
@overload
def profile(
    *,
    requires: Sequence[str] = (),
    name: str = "",
    golden: bool = False,
    agent: Agent | None = None,
) -> Callable[[Declare], Profile]: ...
def profile(
    declare: Declare | None = None,
    /,
    *,
    requires: Sequence[str] = (),
    name: str = "",
    golden: bool = False,
    agent: Agent | None = None,
) -> Profile | Callable[[Declare], Profile]:
    """Make a profile of a generator function; with or without parentheses.

    `requires` names the profiles that come before; `name` replaces the function's own. `golden`
    says that the steps are for any project alike, so that they may be in a golden machine. `agent`
    describes the coding agent that they install.
    """
    if declare is not None:
        return Profile(declare)
    return lambda function: Profile(
        function, name=name, requires=requires, golden=golden, agent=agent
    )


def _tagged(step: Step, tag: str) -> Step:
    # Not dataclasses.replace: a kind may have a constructor of its own.
    tagged = copy.copy(step)
    object.__setattr__(tagged, "tags", (*step.tags, tag))
    return tagged


def _arguments(name: str, declare: Declare) -> tuple[str, bool]:
    """Return the name of the options' parameter, or "", and whether the guest is wanted."""
    parameters = list(inspect.signature(declare).parameters)
    options = [parameter for parameter in parameters if parameter != "guest"]
    if len(options) > 1:
        from .errors import NotAProfile  # noqa: PLC0415

        raise NotAProfile(name, f"it takes {', '.join(parameters)}, not `options` and `guest`")
    return (options[0] if options else ""), "guest" in parameters


def _options_type(name: str, declare: Declare, parameter: str) -> type | None:
    annotation = getattr(declare, "__annotations__", {}).get(parameter)
    if annotation is None:
        return None
    # Only this one annotation is looked up: the others may name what is imported for types alone.
    holder = SimpleNamespace(__annotations__={"options": annotation})
    try:
        found = get_type_hints(holder, globalns=getattr(declare, "__globals__", {}))["options"]
    except NameError as error:
        from .errors import NotAProfile  # noqa: PLC0415

        raise NotAProfile(name, f"the type of its options cannot be found ({error})") from None
    return found if hasattr(found, "__struct_encode_fields__") else None


class _ProfileTask(Task[Any]):
    """A task of a profile. There are many, so they share what Invoke would find out of each."""

    _ARGUMENT = Argument(
        names=("project", "p"), default="", help="The project; default: the one of this folder."
    )

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return what the body takes after its context."""
        del ignore_unknown_help
        return [self._ARGUMENT]


def _task(profile: Profile, verb: str, doc: str) -> Task[Any]:
    def body(c: Context, project: str = "") -> None:
        run_profile = c.config.get("nopal", {}).get("run_profile")
        if run_profile is None:
            message = (
                f"`{profile.name}.{verb}` does not know how to reach a machine.\n"
                "Begin tasks.py with `from nopal import ns` and add the profile to that `ns`."
            )
            raise Exit(message, 1)
        run_profile(c, profile, verb, project)

    body.__name__ = verb
    body.__doc__ = doc
    return _ProfileTask(body, name=verb, positional=())
