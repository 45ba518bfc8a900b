"""What the runner must know of a stack's backend. It imports none: whoever calls it hands this over."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BackendFacts:
    """What a stack needs, where its state may be kept, and what its secrets may be encrypted with."""

    # The sets beside the base, in words; empty where the base is enough.
    packages: str = ""
    # It runs on this machine and costs nothing: its state may be kept in the project, without a login to Pulumi.
    is_on_this_machine: bool
    # Every resource is ours and on this machine, so the in-process engine serves it.
    is_served_in_process: bool
    # What a stack made is found on this machine without its state, so that a lost one is no end.
    is_found_without_state: bool = False
    # The address of a key in a cloud, as an example, for a prod stack's secrets.
    example_key: str | None = None
