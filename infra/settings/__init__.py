"""What a stack asks for: its configuration as one frozen, validated model.

Pure: a mapping in, `Settings` or one error that lists every problem out. Secrets are never part of it, so the
model can be printed.
"""

from infra.settings.loading import InvalidSettings, Settings, load
from infra.settings.vocabulary import NAMESPACE, BackendName, Only

__all__ = ["NAMESPACE", "BackendName", "InvalidSettings", "Only", "Settings", "load"]
