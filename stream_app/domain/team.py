"""Who has no relationship with a brand: its own people, and its own accounts."""

from __future__ import annotations

from stream_app.domain.brand_policy import Accounts

EVERY_BRAND = "*"


class Team:
    """The company's own, as the policy lists them: by brand, or for every brand.

    A listed account of a brand is that brand itself, as the person `<platform>:<account>`.
    """

    def __init__(self, accounts: Accounts) -> None:
        own: dict[str, set[str]] = {}
        for brand, people in accounts.team.items():
            own.setdefault(brand, set()).update(people)
        for platform, ids in accounts.brands.items():
            for account, brand in ids.items():
                if account != EVERY_BRAND:
                    own.setdefault(brand, set()).add(f"{platform}:{account}")
        self._everywhere = frozenset(own.pop(EVERY_BRAND, ()))
        self._own = {brand: frozenset(people) for brand, people in own.items()}
        self.is_empty = not (self._own or self._everywhere)

    def has(self, brand: str, person: str) -> bool:
        """Whether that person belongs to the brand."""
        own = self._own.get(brand)
        return (own is not None and person in own) or person in self._everywhere
