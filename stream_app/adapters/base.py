"""What every adapter gives: findings, refusals, and the words that they may use.

An adapter is pure and synchronous: one delivery of a platform in, outcomes out. It does no I/O and
reads no clock. A finding says what the delivery says, in the platform's own ids; what that means
for a relationship is decided in `interactions.py`, in one place for all platforms.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from stream_app.adapters.accounts import NO_ACCOUNTS, Accounts
from stream_app.adapters.fields import Malformed, Node, Part, decode
from stream_app.adapters.texts import bounded
from stream_app.domain.rejects import Reason

MAX_DELIVERY_BYTES = 256 * 1024
"""A larger delivery is refused as `too_large` (the limit of every record)."""

_FORM = b"payload="
LONGEST_TEXT = 4_096
"""Characters; of a longer id a hash stands for the rest."""

OPS = (
    "create",
    "undo",
    "delete",
    "update",
    "restore",
    "erase",
    "revoke",
    "moderate",
    "aggregate",
    "ignore",
)
DIRECTIONS = ("inbound", "outbound", "self", "peer", "none")


class Money(msgspec.Struct, frozen=True):
    """An amount as the platform states it: decimal string in major units, ISO 4217 currency."""

    amount: str
    currency: str


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a delivery says.

    All ids are the platform's own, as text; `""` means: not in this delivery.
    """

    native: str
    """The platform's name of the event, from a closed list per adapter (`EVENTS`)."""
    verb: str = ""
    """A verb of the domain, `""` for none."""
    op: str = "create"
    actor: str = ""
    target: str = ""
    object: str = ""
    at_us: int | None = None
    """Event time, microseconds since the epoch; None: the delivery has no time of that event."""
    direction: str = "inbound"
    account: str = ""
    """The brand's account where it is neither the target nor the actor; see `OWNER`."""
    id: str = ""
    """Identity of the act: the same each time the act is sent, another for each act."""
    key: str = ""
    """How a later removal or answer will name this act; such acts are remembered."""
    undoes: str = ""
    """The id of the act that a removal takes back, where the delivery itself tells."""
    in_reply_to: str = ""
    """The `key` of the act that this one answers."""
    whose: str = ""
    """The `key` of an act of the person that did this one, where the delivery names nobody."""
    value: Money | None = None
    method: str = ""
    topics: tuple[str, ...] = ()
    sentiment: float | None = None
    automated: bool = False
    incentivised: bool = False
    elsewhere: bool = False
    """The same act is delivered under another event too, and counted there."""
    reason: str = ""
    """Why nothing comes of it, for `ignore`; a closed list per adapter."""

    @property
    def time_source(self) -> str:
        """`platform`, or `receipt` when the receipt time has to stand in."""
        return "receipt" if self.at_us is None else "platform"

    @property
    def brand_account(self) -> str:
        """The account on the brand's side, `""` if there is none or it is not known."""
        if self.account:
            return self.account
        return {"inbound": self.target, "outbound": self.actor}.get(self.direction, "")


class Refusal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A delivery, or one item of it, that cannot be read; `reason` is from the closed list."""

    reason: Reason
    path: str = ""
    expected: str = ""

    @classmethod
    def of(cls, fault: Malformed) -> Refusal:
        """The refusal that a fault found while reading stands for."""
        return cls(reason=fault.reason, path=fault.path, expected=fault.expected)


Outcome = Finding | Refusal
Address = tuple[str, str, str]
"""(verb, person, object) of one of those whom a post is to; no person: it is not known who."""
ItemReader = Callable[[Node], Outcome | Iterable[Outcome]]


class Delivery(msgspec.Struct, frozen=True):
    """One delivery: the bytes as sent, the headers (names in lower case), the known accounts."""

    payload: bytes
    headers: Mapping[str, str] = {}
    accounts: Accounts = NO_ACCOUNTS

    def json(self) -> Node:
        """The payload as a JSON object, also one in the field `payload` of a form, as GitHub
        sends it where nothing else was chosen. Raises `Malformed` if it is none."""
        return Node.of(self._value())

    def parts(self) -> list[Part]:
        """The payload's object with its path, or those of an array that has some: some senders
        put several into one delivery. Raises `Malformed` if it is no JSON."""
        value = self._value()
        if isinstance(value, list) and value:
            return [(one, f"$[{n}]") for n, one in enumerate(value)]
        return [(value, "$")]

    def _value(self) -> Any:
        body = self.payload
        if body.startswith(_FORM):
            body = unquote_to_bytes(body[len(_FORM) :].partition(b"&")[0].replace(b"+", b" "))
        return decode(body)

    def header(self, name: str) -> str:
        """The header of that name (any case), `""` if absent."""
        return self.headers.get(name.lower(), "")


class Event(msgspec.Struct, frozen=True):
    """One line of an adapter's coverage: a native event and what becomes of it."""

    native: str
    verb: str = ""
    op: str = "create"
    note: str = ""


def oriented(finding: Finding, platform: str, accounts: Accounts) -> Finding:
    """The finding with its direction corrected by the accounts that are known to be ours."""
    if finding.direction in ("none", "self"):
        return finding
    actor_ours = accounts.ours(platform, finding.actor)
    if finding.account:
        # What we do in a place of ours is towards whom it answers (`interactions.py`), or nobody.
        ours = actor_ours and finding.direction == "inbound"
        return msgspec.structs.replace(finding, direction="self") if ours else finding
    target_ours = accounts.ours(platform, finding.target)
    if actor_ours and target_ours:
        direction = "self"
    elif actor_ours:
        direction = "outbound"
    elif target_ours:
        direction = "inbound"
    else:
        return finding
    if direction == finding.direction:
        return finding
    return msgspec.structs.replace(finding, direction=direction)


def side(actor: str, target: str, account: str) -> str:
    """Direction of an act between two parties, delivered on behalf of `account`.

    Where the account is neither of them the target is taken for the brand: platforms have been
    seen to deliver under an id of another kind.
    """
    if actor and actor == target:
        return "self"
    return "outbound" if actor and actor == account else "inbound"


def chosen(meant: list[Address], actor: str, ours: Container[str], own: str = "") -> Address:
    """The address that counts of those that a post has, the most direct first: one post is one
    act. One of ours comes before a stranger, anybody before the author; of none it is a `post`."""
    if actor not in ours:
        for address in meant:
            if address[1] in ours:
                return address
    others = [address for address in meant if address[1] not in ("", actor)]
    return (others or meant or [("post", "", own)])[0]


def renamed(finding: Finding, native: str) -> Finding:
    """The finding under the name that another product gives the same event."""
    return msgspec.structs.replace(finding, native=native)


def shortened(found: Outcome) -> Outcome:
    """With texts that are not endless: one that all items of a delivery share, each in its id,
    would be as many copies of it."""
    if isinstance(found, Refusal) or all(
        len(text) <= LONGEST_TEXT
        for text in (found.id, found.key, found.object, found.in_reply_to, found.whose)
    ):
        return found
    return msgspec.structs.replace(
        found,
        id=bounded(found.id, LONGEST_TEXT),
        key=bounded(found.key, LONGEST_TEXT),
        object=bounded(found.object, LONGEST_TEXT),
        undoes=bounded(found.undoes, LONGEST_TEXT),
        in_reply_to=bounded(found.in_reply_to, LONGEST_TEXT),
        whose=bounded(found.whose, LONGEST_TEXT),
    )


def each(parts: Iterable[Part], read: ItemReader) -> Iterator[Outcome]:
    """The outcomes of every item; a malformed item is refused and does not stop the others."""
    for value, path in parts:
        try:
            found = read(Node.of(value, path))
            if isinstance(found, Finding | Refusal):
                yield shortened(found)
            else:
                yield from map(shortened, found)
        except Malformed as fault:
            yield Refusal.of(fault)
