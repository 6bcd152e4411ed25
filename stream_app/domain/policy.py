"""The whole policy as the TOML file says it (`stream_app.contracts.policy` reads it)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from stream_app.domain.brand_policy import Accounts, BrandPolicy
from stream_app.domain.clock import DAY_MS
from stream_app.domain.money import Rates
from stream_app.domain.rules import Rules


class Policy(msgspec.Struct, frozen=True, dict=True):
    """The whole policy: one default, overrides per brand, and its version.

    `version` is a hash of `content`, all that the file says but `accounts` and `team`; `edition` is
    empty, or how often a partition had changed its policy when it took this one (see `revision`).
    `lateness_ms` is how far the watermark stays behind.
    """

    default: BrandPolicy
    version: str
    lateness_ms: int = DAY_MS
    brands: Mapping[str, BrandPolicy] = {}
    accounts: Accounts = Accounts()
    content: bytes = b""
    edition: str = ""

    @cached_property
    def _compiled(self) -> dict[str, Rules]:
        return {
            name: Rules(brand, self.version, self.edition) for name, brand in self.brands.items()
        }

    @cached_property
    def _default_rules(self) -> Rules:
        return Rules(self.default, self.version, self.edition)

    def rules_for(self, brand: str) -> Rules:
        """The compiled rules of `brand`: its own, or the default ones."""
        return self._compiled.get(brand) or self._default_rules


def decide_alike(one: Policy, other: Policy) -> bool:
    """Whether two policies decide stages alike: the rest (money, models, topics) may differ."""
    return (
        one.lateness_ms == other.lateness_ms
        and one.brands.keys() == other.brands.keys()
        and _stages_part(one.default) == _stages_part(other.default)
        and all(
            _stages_part(brand) == _stages_part(other.brands[name])
            for name, brand in one.brands.items()
        )
    )


def _stages_part(brand: BrandPolicy) -> BrandPolicy:
    return msgspec.structs.replace(brand, topics=(), rates=Rates(), model="time_decay")
