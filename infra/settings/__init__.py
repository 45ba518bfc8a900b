"""What a stack asks for: its configuration as one frozen, validated model, of which each backend has its own.

Pure: a mapping in, `Settings` or one error that lists every problem out. Secrets are never part of it, so the
model can be printed.
"""

from infra.settings.base import NAMESPACE
from infra.settings.delivery import Settings
from infra.settings.loading import InvalidSettings, load

__all__ = ["NAMESPACE", "InvalidSettings", "Settings", "load"]
