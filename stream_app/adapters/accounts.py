"""Which platform accounts are ours, and the brand that each belongs to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from stream_app.domain.brand_policy import Accounts as PolicyAccounts

OWNER = "*"
"""The account of deliveries that name none: the one that the topic is for."""
_SLUG_MAX = 64
_OTHER = re.compile(r"[^a-z0-9._-]+")


class Accounts:
    """Our accounts, as the policy lists them. Immutable; made once per policy.

    `brands`: platform to account id to brand slug. With `derive`, any other account is a brand of
    its own; without, it is unknown. The account id `*` is that of deliveries which name none (a
    shop's own webhooks).
    """

    __slots__ = ("_brands", "_listed", "derive")

    def __init__(
        self, brands: Mapping[str, Mapping[str, str]] | None = None, *, derive: bool = True
    ) -> None:
        self._brands = {platform: dict(ids) for platform, ids in (brands or {}).items()}
        self._listed = {name: frozenset(ids) - {OWNER} for name, ids in self._brands.items()}
        self.derive = derive

    @classmethod
    def of_policy(cls, accounts: PolicyAccounts) -> Accounts:
        """Those of a policy."""
        return cls(accounts.brands, derive=accounts.derive)

    def of(self, platform: str) -> frozenset[str]:
        """The listed account ids of a platform."""
        return self._listed.get(platform, frozenset())

    def ours(self, platform: str, account: str) -> bool:
        """True if that account is listed."""
        return account in self._listed.get(platform, ())

    def brand(self, platform: str, account: str) -> str | None:
        """The brand of an account (`*`: the platform's own); None if it is not known."""
        known = self._brands.get(platform, {}).get(account)
        if known is not None or not self.derive:
            return known
        return derived_brand(platform, account)


NO_ACCOUNTS = Accounts()


def derived_brand(platform: str, account: str) -> str:
    """The slug `<platform>-<account>`, the same for the same account, another for another one.

    Lower case; `:` becomes `-`. Where anything else is changed or cut, eight digits of a hash of
    the exact id are added, so that two ids that look alike stay two brands.
    """
    if account == OWNER:
        return platform
    plain = account.removeprefix("https://").replace(":", "-")
    slug = f"{platform}-{_OTHER.sub('-', plain.lower()).strip('-')}"
    if slug == f"{platform}-{plain}" and len(slug) <= _SLUG_MAX:
        return slug
    digest = hashlib.sha256(account.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{slug[: _SLUG_MAX - 9].rstrip('-')}-{digest}"
