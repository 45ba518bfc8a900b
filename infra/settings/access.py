"""The settings of the application's rights, for the backends whose server has users."""

from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator

from infra.settings.base import Refusal, Strings, Wrong
from infra.settings.delivery import Settings
from verify import access
from verify.access import PROBE_PREFIX, Preset

LONGEST_PREFIX: Final = 64


class AccessSettings(Settings):
    """What the application's user may do, and where the verification writes."""

    access: Annotated[
        Preset,
        Field(
            examples=["data", "cache"],
            description="Rights of the application's user; cache: strings, counters, expiry and transactions; "
            "data: every kind of value, scripts and channels; full: administration as well",
        ),
    ] = "data"
    probe_prefix: Annotated[
        str,
        Field(examples=["hotel:verify:"], description="Prefix of the keys that the verification and `health` write"),
    ] = PROBE_PREFIX
    access_rules: Annotated[
        Strings,
        Field(
            examples=["+flushdb"],
            description="ACL rules beside those of cache:access, like +flushdb or -@scripting; key patterns (~hotel:*) "
            "and channels (&news:*) replace the right to all of them",
        ),
    ] = ()

    @field_validator("probe_prefix")
    @classmethod
    def _prefix_is_plain(cls, prefix: str) -> str:
        if not prefix or len(prefix) > LONGEST_PREFIX or not access.is_plain(prefix):
            raise Wrong(f"it is not 1 to {LONGEST_PREFIX} letters, digits, and any of : . _ - / {{ }}")
        return prefix

    @field_validator("access_rules")
    @classmethod
    def _rules_change_a_preset(cls, rules: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        problems = [f"item {place} {words}" for place, rule in enumerate(rules, 1) if (words := access.problem(rule))]
        if problems:
            raise Refusal("{access_rules}", example="", access_rules="; ".join(problems))
        prefix = info.data.get("probe_prefix")
        if prefix is not None and access.leaves_out_probes(rules, prefix):
            raise Refusal(
                "leaves out the keys that the verification reads and writes: add ~{probe_prefix}*",
                example=",".join([*rules, f"~{prefix}*"]),
                made_of="access_rules",
            )
        return rules

    @property
    def acl(self) -> tuple[str, ...]:
        """The rules of the application's user, without its state and its passwords."""
        return access.rules(self.access, self.access_rules)

    @property
    def own_variables(self) -> tuple[str, ...]:
        """What a connection always has beside the guide's six variables."""
        return ("REDIS_PROBE_PREFIX",) if self.probe_prefix != PROBE_PREFIX else ()
