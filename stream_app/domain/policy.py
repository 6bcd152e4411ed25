"""The whole policy as the TOML file says it (`stream_app.contracts.policy` reads it)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from stream_app.domain.brand_policy import Accounts, BrandPolicy
from stream_app.domain.clock import DAY_MS
from stream_app.domain.rules import Rules


class Policy(msgspec.Struct, frozen=True, dict=True):
    """The whole policy: one default, overrides per brand, and its version.

    `version` is a hash of all but `accounts`; `lateness_ms` is how far the watermark stays behind.
    """

    default: BrandPolicy
    version: str
    lateness_ms: int = DAY_MS
    brands: Mapping[str, BrandPolicy] = {}
    accounts: Accounts = Accounts()

    @cached_property
    def _compiled(self) -> dict[str, Rules]:
        return {name: Rules(brand, self.version) for name, brand in self.brands.items()}

    @cached_property
    def _default_rules(self) -> Rules:
        return Rules(self.default, self.version)

    def rules_for(self, brand: str) -> Rules:
        """The compiled rules of `brand`: its own, or the default ones."""
        return self._compiled.get(brand) or self._default_rules
