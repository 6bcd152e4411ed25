"""All adapters by platform, and the one function that reads a delivery."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Protocol, cast

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.base import (
    MAX_DELIVERY_BYTES,
    Delivery,
    Event,
    Finding,
    Outcome,
    Refusal,
    oriented,
)
from stream_app.adapters.fields import Malformed
from stream_app.domain.rejects import Reason

PLATFORMS = (
    "activitypub",
    "bluesky",
    "discourse",
    "email",
    "facebook",
    "friendfeed",
    "github",
    "instagram",
    "intercom",
    "linkedin",
    "mastodon",
    "messenger",
    "reddit",
    "segment",
    "shopify",
    "stackexchange",
    "stripe",
    "stumbleupon",
    "twitter",
    "wordpress",
    "x",
)
ALIASES = {"twitter_v1": "twitter", "x_activity": "x"}


class UnknownPlatform(Exception):  # noqa: N818 - named for what happened, as the others are
    """There is no adapter of that name. Do: see `docs/platforms.md` for those that there are."""


def canonical(platform: str) -> str:
    """The platform's own name. Raises `UnknownPlatform`."""
    name = ALIASES.get(platform, platform)
    if name not in PLATFORMS:
        raise UnknownPlatform(platform)
    return name


@cache
def _reader(platform: str) -> Callable[[Delivery], Iterator[Outcome]]:
    module = importlib.import_module(f"stream_app.adapters.{platform}")
    return cast("Callable[[Delivery], Iterator[Outcome]]", module.read)


def events(platform: str) -> tuple[Event, ...]:
    """The events that an adapter knows, with what becomes of each."""
    module = importlib.import_module(f"stream_app.adapters.{canonical(platform)}")
    return cast("tuple[Event, ...]", module.EVENTS)


class Glance(Protocol):
    """What a look at the bytes tells."""

    def look(self, payload: bytes) -> str | None:
        """The key of the act that a delivery takes back, and nothing else; empty: nothing comes of
        it; None: it has to be read."""


def glance(platform: str, accounts: Accounts) -> Glance | None:
    """A quick look at deliveries of a platform of which most are not ours; None: read them all."""
    module = importlib.import_module(f"stream_app.adapters.{canonical(platform)}")
    made = getattr(module, "Glance", None)
    return None if made is None else cast("Glance", made(accounts.of(platform)))


def read(
    platform: str,
    payload: bytes,
    headers: Mapping[str, str] | None = None,
    accounts: Accounts = NO_ACCOUNTS,
) -> list[Outcome]:
    """What a delivery says, in its order. Never raises for what is in the delivery.

    A delivery that cannot be read at all is one refusal; in one that holds several events, each
    malformed one is a refusal in its place. Raises `UnknownPlatform`.
    """
    platform = canonical(platform)
    if len(payload) > MAX_DELIVERY_BYTES:
        return [
            Refusal(reason=Reason.TOO_LARGE, path="$", expected=f"at most {MAX_DELIVERY_BYTES} B")
        ]
    lowered = {name.lower(): value for name, value in headers.items()} if headers else {}
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(_reader(platform)(Delivery(payload, lowered, accounts)))
    except Malformed as fault:
        outcomes.append(Refusal.of(fault))
    if not accounts.of(platform):
        return outcomes
    return [oriented(o, platform, accounts) if isinstance(o, Finding) else o for o in outcomes]
