"""Where packages come from, as the user's settings of pip and uv say: index, proxy, certificates and cache.

The system's Python reads this file, with environment.py, before anything is installed.
"""

from __future__ import annotations

import ast
import json
import os
import re
from pathlib import Path
from typing import Any, Mapping

# The settings of pip and of uv that say where packages come from and how they are fetched. Every other one is kept from
# them: PIP_USER, `target`, `prefix` and the like move what is installed, and `dry-run` installs nothing.
SOURCES_OF_PIP = (
    *("index-url", "extra-index-url", "no-index", "find-links", "trusted-host", "proxy", "cert", "client-cert"),
    *("cache-dir", "no-cache-dir", "timeout", "default-timeout", "retries", "resume-retries", "keyring-provider"),
)
SOURCES_OF_UV = (
    *("index", "default-index", "index-url", "extra-index-url", "find-links", "no-index", "index-strategy"),
    *("keyring-provider", "allow-insecure-host", "native-tls", "system-certs", "offline", "cache-dir", "no-cache"),
    *("http-proxy", "https-proxy", "no-proxy", "concurrent-downloads"),
)
# The same as variables, with those that a configuration file does not have.
VARIABLES_OF_UV = re.compile(
    f"UV_({'|'.join(SOURCES_OF_UV).replace('-', '_').upper()}|"
    "INSECURE_HOST|INDEX_.+|HTTP_.+|REQUEST_TIMEOUT|CREDENTIALS_DIR)"
)

NO_HOME = Path("/nonexistent")


class SettingsUnreadable(Exception):
    """A configuration file cannot be read; the message names it."""


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that reach an installer: none that decides where it installs to."""
    pip = {f"PIP_{key.replace('-', '_').upper()}" for key in SOURCES_OF_PIP}
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV"))
        or name in pip
        or VARIABLES_OF_UV.fullmatch(name)
    }


def listing_of_pip(python: str) -> dict[str, str]:
    """Return the variables with which `pip config list` lists everything, whatever the files that it lists say."""
    given = {"PIP_CONFIG_FILE": os.environ["PIP_CONFIG_FILE"]} if "PIP_CONFIG_FILE" in os.environ else {}
    # The first three choose one file, the next two what is printed, and the last another Python.
    neutral = dict.fromkeys(("PIP_USER", "PIP_GLOBAL", "PIP_SITE", "PIP_QUIET", "PIP_VERBOSE"), "0")
    return {**given, **neutral, "PIP_PYTHON": python}


def sources_of_pip(listing: str) -> dict[str, str]:
    """Return what `pip config list` says of sources, as `pip install` would read it."""
    found: dict[str, str] = {}
    # A variable decides over the command's own section, and that over the global one.
    for section in ("global", "install", ":env:"):
        for key, value in re.findall(rf"^{section}\.([\w-]+)=(['\"].*['\"])$", listing, re.MULTILINE):
            text = " ".join(str(ast.literal_eval(value)).split())
            if key in SOURCES_OF_PIP and text:
                found[key] = text
    return found


def settings_for_uv(sources: dict[str, str]) -> dict[str, str]:
    """Return pip's sources as the variables of uv that are not yet set.

    uv reads neither pip.conf nor PIP_* (https://docs.astral.sh/uv/pip/compatibility/), so on a machine whose
    pip is sent to a mirror it would ask the public index.
    """
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "no-index": "UV_NO_INDEX",
        "find-links": "UV_FIND_LINKS",
        "trusted-host": "UV_INSECURE_HOST",
        "proxy": "ALL_PROXY",
        "cert": "SSL_CERT_FILE",
        "client-cert": "SSL_CLIENT_CERT",
    }
    settings = {name: sources[key] for key, name in names.items() if key in sources and name not in os.environ}
    if "UV_FIND_LINKS" in settings:
        settings["UV_FIND_LINKS"] = settings["UV_FIND_LINKS"].replace(" ", ",")
    return settings


def configuration_of_uv(project: Path) -> str:
    """Return what uv's configuration files say of sources. Raises SettingsUnreadable for one that is not TOML."""
    # A Python that is too old has none, and has to read this file.
    import tomllib

    merged: dict[str, Any] = {}
    for file in files_of_uv(project):
        try:
            content = tomllib.loads(text_of(file))
        except ValueError as error:
            raise SettingsUnreadable(f"{file} is not TOML: {error}") from None
        own = content.get("tool", {}).get("uv", {}) if file.name == "pyproject.toml" else content
        for key, value in [*own.items(), *own.get("pip", {}).items()]:
            if key in SOURCES_OF_UV:
                merged[key] = [*value, *merged.get(key, [])] if isinstance(value, list) else value
    return "".join(f"{key} = {toml(value)}\n" for key, value in merged.items())


def files_of_uv(project: Path) -> list[Path]:
    """Return where uv looks for its configuration (https://docs.astral.sh/uv/concepts/configuration-files/).

    The last one decides.
    """
    if os.environ.get("UV_NO_CONFIG"):
        return []
    if os.environ.get("UV_CONFIG_FILE"):
        return [Path(os.environ["UV_CONFIG_FILE"])]
    above = [folder / name for folder in (project, *project.parents) for name in ("uv.toml", "pyproject.toml")]
    nearest = [file for file in above if file.is_file() and (file.name == "uv.toml" or "[tool.uv" in text_of(file))]
    user = Path(os.environ.get("XDG_CONFIG_HOME") or home() / ".config")
    return [Path("/etc/uv/uv.toml"), user / "uv" / "uv.toml", *nearest[:1]]


def text_of(file: Path) -> str:
    """Return what a file has; nothing for one that is not there, or not the user's to read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def toml(value: Any) -> str:
    """Write a value as TOML, which is JSON but for the tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def cache_of_uv(project: Path) -> dict[str, str]:
    """Return where uv keeps its cache on a machine whose home cannot be written, as in many a pipeline."""
    if "UV_CACHE_DIR" in os.environ or is_writable(Path(os.environ.get("XDG_CACHE_HOME") or home() / ".cache")):
        return {}
    return {"UV_CACHE_DIR": str(project / ".local" / "uv-cache")}


def is_writable(folder: Path) -> bool:
    """Tell whether a folder can be written, or made."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    return folder != NO_HOME / ".cache" and os.access(nearest, os.W_OK | os.X_OK)


def home() -> Path:
    """Return the user's home, or NO_HOME where neither HOME nor the list of users names one."""
    try:
        return Path.home()
    except RuntimeError:
        return NO_HOME
