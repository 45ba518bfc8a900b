"""From a stack's configuration to its settings, or to one message with every problem and its cure."""

import difflib
import itertools
import shlex
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from string import Formatter
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from infra.backends import BACKENDS, settings_of
from infra.naming import NAME_PREFIX
from infra.settings.base import NAMESPACE, NotSet, Refusal, Wrong
from infra.settings.delivery import Settings

PREFIX: Final = f"{NAMESPACE}:"
BACKEND_KEY: Final = f"{PREFIX}backend"

# Stands for a value that is not shown, as in Pulumi's own messages.
HIDDEN: Final = "[secret]"

# How much of a value, and how many problems, a message has at most: nobody reads more.
LONGEST: Final = 300
MOST_PROBLEMS: Final = 40

# What pydantic's own types say; anything else is a Refusal of ours.
REASONS: Final[Mapping[str, str]] = {
    "int_parsing": "it is not a whole number",
    "int_parsing_size": "it is not a whole number",
    "float_parsing": "it is not a number",
    "finite_number": "it is not a finite number",
    "bool_parsing": "it is neither true nor false",
    "greater_than": "it is not greater than {gt:g}",
    "greater_than_equal": "it is less than {ge:g}",
    "less_than_equal": "it is greater than {le}",
    "string_too_short": "it is empty",
}


class InvalidSettings(Exception):
    """The stack's configuration has problems; the message lists each with the command that cures it."""


def model_of(backend: str) -> type[Settings]:
    """Return the model of a backend's settings; of no known backend, what all have."""
    return settings_of(backend) if backend in BACKENDS else Settings


def load(config: Mapping[str, str], *, stack: str, secret_keys: Collection[str] = ()) -> Settings:
    """Return the settings of `stack`, by its configuration.

    `config` maps full keys ("cache:tier") to their text, as Pulumi hands them over; keys of other namespaces are left
    alone, but for those that the backend's model names. `secret_keys` are the full keys whose values are not shown.
    Raises `InvalidSettings` with all problems at once; no error of pydantic's, which has the values, is in its chain.
    """
    model = model_of(config.get(BACKEND_KEY, ""))
    settings, refusals = read(model, config)
    report = _Report(model, config, stack, secret_keys)
    cures = report.cures(refusals)
    problems = [
        report.problem(key, refusal, cure=cures.get(key, f"config rm {shlex.quote(shown(key))}"))
        for key, refusal in itertools.islice(refusals.items(), MOST_PROBLEMS)
    ]
    count = len(refusals)
    instead = dict.fromkeys(refusal.instead for refusal in refusals.values() if isinstance(refusal, NotSet))
    problems += [report.alternative(field) for field in instead if field]
    try:
        key = model.keys()["name_prefix"]
        # One that is refused is reported already.
        prefix = NAME_PREFIX if key in refusals else config.get(key, NAME_PREFIX)
        model.physical_name(prefix, stack)
    except ValueError as error:
        problems.append(report.lines(str(error), cure="stack rename prod"))
        count += 1
    if settings is not None and not problems:
        return settings
    more = [f"  and {count - MOST_PROBLEMS} more"] if count > MOST_PROBLEMS else []
    header = (
        f"the configuration of stack {stack} has {count} problem{'s' * (count > 1)}; edit Pulumi.{stack}.yaml, or (in "
        "a Pulumi backend of your own) run:"
    )
    raise InvalidSettings("\n".join([header, *problems, *more]))


def unanswered(config: Mapping[str, str]) -> dict[str, str]:
    """Return what only the user can know and has not set: full keys, with values that would do."""
    model = model_of(config.get(BACKEND_KEY, ""))
    examples = {key: (model.model_fields[name].examples or [""])[0] for name, key in model.keys().items()}
    return {key: examples[key] for key, refusal in read(model, config)[1].items() if isinstance(refusal, NotSet)}


def read(model: type[Settings], config: Mapping[str, str]) -> tuple[Settings | None, Mapping[str, Refusal]]:
    """Return the settings, or why not: a refusal for each key that is refused, and None."""
    keys = model.keys()
    own = {key: string for key, string in config.items() if key.startswith(PREFIX) or key in keys.values()}
    try:
        return model.model_validate(own), {}
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    refusals: dict[str, Refusal] = {}
    for problem in found:
        # A default that is refused is at its field's name.
        key = keys.get(str(problem["loc"][0]), str(problem["loc"][0]))
        if refusal := _refusal(problem["type"], problem.get("ctx", {}), key, config.get(BACKEND_KEY, "")):
            refusals.setdefault(keys.get(refusal.field, key), refusal)
    return None, refusals


def _refusal(kind: str, context: Mapping[str, Any], key: str, backend: str) -> Refusal | None:
    """Return a problem of pydantic's in our words; None where it follows from another."""
    match kind:
        case "value_error" if isinstance(context["error"], Refusal):
            return context["error"]
        case "missing" if key == BACKEND_KEY:
            return Refusal(f"is not set; it is one of {', '.join(BACKENDS)}", example="")
        case "missing":
            return NotSet()
        case "literal_error":
            return Refusal("{value} is not one of {expected}", example="", expected=context["expected"])
        case "extra_forbidden":
            return _misplaced(key, backend)
        case _:
            return Wrong(REASONS.get(kind, "it is of another type").format_map(context))


def _misplaced(key: str, backend: str) -> Refusal | None:
    """Return what is said of a key that the stack's backend does not have; of no backend, no other's is misplaced."""
    owners = [name for name in BACKENDS if key in model_of(name).keys().values()]
    if owners:
        message = f"is a setting of {' and '.join(owners)}, and this stack's backend is {{backend}}"
        return Refusal(message) if backend in BACKENDS else None
    known = {own.removeprefix(PREFIX): own for own in model_of(backend).keys().values() if own.startswith(PREFIX)}
    nearest = difflib.get_close_matches(key.removeprefix(PREFIX)[:LONGEST], known, n=1)
    message = f"did you mean {known[nearest[0]]}?" if nearest else f"there are {', '.join(known.values())}"
    return Refusal(f"is no setting; {message}")


def shown(value: object) -> str:
    """Return a value as a message has it: of bounded length, and with control characters escaped."""
    string = str(value)
    cut = string if len(string) <= LONGEST else f"{string[:LONGEST]}…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


def _quoted(value: str) -> str:
    """Return a value as a shell takes it; a ~ at its beginning stays the user's home."""
    home, rest = ("~/", value[2:]) if value.startswith("~/") else ("", value)
    return home + shlex.quote(shown(rest))


class _Trial(NamedTuple):
    """A configuration with one change, and the settings that are invalid in it."""

    value: str | None
    config: Mapping[str, str]
    invalid: AbstractSet[str]

    @property
    def broken(self) -> AbstractSet[str]:
        """The invalid ones that are set: what has to be set because of the change is asked for next."""
        return self.invalid & self.config.keys()


class _Report:
    """Puts the problems of one configuration into words, without the values of its secrets."""

    def __init__(
        self, model: type[Settings], config: Mapping[str, str], stack: str, secret_keys: Collection[str]
    ) -> None:
        self.model = model
        self.config = config
        self.stack = stack
        self.keys = model.keys()
        self.names = {key: name for name, key in self.keys.items()}
        self.secret = {self.names[key] for key in secret_keys if key in self.names}
        # What a proposal may be made of.
        self.shown = {key: string for key, string in config.items() if key not in secret_keys}
        self.values = {name: config.get(key, model.model_fields[name].default) for name, key in self.keys.items()}

    def problem(self, key: str, refusal: Refusal, *, cure: str) -> str:
        """Return what is wrong with a key, and the command that cures it."""
        field = self.names.get(key, "")
        used = {name for _, name, _, _ in Formatter().parse(refusal.message) if name}
        values = {**self.values, "description": self._description(field), **refusal.values}
        strings = {name: HIDDEN if name in self.secret else shown(values.get(name)) for name in used}
        strings["value"] = "the value" if field in self.secret else f'"{shown(self.values.get(field))}"'
        # Without the value the sentence begins at its verb.
        message = refusal.message.format_map(strings).replace(f'"{HIDDEN}" ', "")
        return self.lines(f"{shown(key)} {message}", cure=cure)

    def cures(self, refusals: Mapping[str, Refusal]) -> dict[str, str]:
        """Return for each refused setting a change that makes it valid, and at best no other setting invalid.

        Each is tried, after those before it: what suits most stacks may be refused beside other settings. Empty where
        none is found.
        """
        working: Mapping[str, str] = {key: string for key, string in self.config.items() if key in self.names}
        invalid: AbstractSet[str] = refusals.keys() & self.names.keys()
        found = {}
        for key in [key for key in refusals if key in self.names]:
            trials = [self._tried(working, key, value) for value in self._proposals(key, refusals[key])]
            # The first of the best.
            best = min(trials, key=lambda trial: (key in trial.invalid, len(trial.broken - invalid)))
            found[key] = ""
            if key not in best.invalid:
                found[key] = f"config rm {key}" if best.value is None else f"config set {key} {_quoted(best.value)}"
                working, invalid = best.config, best.invalid
        return found

    def _tried(self, config: Mapping[str, str], key: str, value: str | None) -> _Trial:
        strings = {**config, key: value}
        changed = {own: string for own, string in strings.items() if string is not None}
        # A proposal may name the backend, and so another model.
        model = model_of(changed.get(BACKEND_KEY, ""))
        return _Trial(value, changed, read(model, changed)[1].keys() & self.names.keys())

    def _proposals(self, key: str, refusal: Refusal) -> list[str | None]:
        """Return values to try in the place of a refused one, the likeliest first; None is for no value at all."""
        examples: list[str | None] = [*self.model.proposals(self.names[key], self.shown)]
        if refusal.example is None:
            return [None, *examples]
        own = [refusal.example] if refusal.example and refusal.made_of not in self.secret else []
        return [*own, *examples, None]

    def alternative(self, field: str) -> str:
        """Return the setting that would do in the place of those that are not set."""
        key = self.keys[field]
        example = self.model.proposals(field, self.shown)[0]
        return self.lines(f"or {key}: {self._description(field)}", cure=f"config set {key} {example}")

    def lines(self, message: str, *, cure: str) -> str:
        """Return the two lines of a problem: what it is, and the command of Pulumi's that cures it, where one does."""
        return f"  {message}\n      pulumi {cure} --stack {self.stack}" if cure else f"  {message}"

    def _description(self, field: str) -> str:
        message = (self.model.model_fields[field].description or "") if field else ""
        # An abbreviation keeps its capitals.
        return message if message[:2].isupper() else message[:1].lower() + message[1:]
