"""Answers to the functions that a program asks of its cloud, given without asking anybody.

What they say of an account or a network is made up, and no rule is judged by it.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pulumi

from infra import backend
from infra.backend import NothingFound
from infra.backends import BACKENDS
from infra.settings.loading import BACKEND_KEY, unanswered
from runner.inprocess.engine import Invoke
from runner.inprocess.providers import ProviderError


def completed(configuration: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Complete a configuration that names no network yet with one that is made up, and say so.

    No rule is judged by which network it is, and nobody should need an account to see what a stack is worth.
    """
    asked = unanswered({BACKEND_KEY: configuration.get(BACKEND_KEY, "")})
    network = asked if asked.keys() <= unanswered(configuration).keys() else {}
    remark = "The stack names no network yet: judged with one that is made up." if network else ""
    return {**configuration, **network}, remark


def made_up(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return what the functions of the stack's backend make up, and the configuration has not said."""
    name = configuration.get(BACKEND_KEY, "")
    invented = backend.get(name).made_up if name in BACKENDS else {}
    return {key: value for key, value in invented.items() if not configuration.get(key)}


@contextmanager
def keys() -> Iterator[None]:
    """Have the keys without which a program declares nothing: made up, since nobody is asked anything with them."""
    needed = {name: value for each in backend.all_backends() for name, value in each.offline_environment.items()}
    missing = {name: value for name, value in needed.items() if not os.environ.get(name)}
    os.environ.update(missing)
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


def functions(configuration: Mapping[str, str]) -> Invoke:
    """Answer for a stack of this configuration. Raises `pulumi.RunError` for a function that is not known here."""
    known = {token: answer for each in backend.all_backends() for token, answer in each.functions.items()}

    def invoke(token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if token not in known:
            raise pulumi.RunError(f"{token} has no answer offline; give it one in its backend's offline.py")
        try:
            return known[token](arguments, configuration)
        except NothingFound as found:
            raise ProviderError(str(found)) from None

    return invoke
