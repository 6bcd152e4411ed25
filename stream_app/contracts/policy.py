"""The policy file: TOML to a `Policy`, with errors that name the line.

What a file does not say stays as the default policy has it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, cast

import orjson

from stream_app.contracts.interaction import NO_CONTROL, SLUG
from stream_app.contracts.times import parse_rfc3339
from stream_app.domain.brand_policy import (
    PANE_LIFE_DAYS,
    POINT_MEASURES,
    WINDOWED_MEASURES,
    Accounts,
    BrandPolicy,
    Clause,
    Points,
    StagePolicy,
    Term,
)
from stream_app.domain.clock import DAY_MS, HOUR_MS
from stream_app.domain.credit import MODELS, Model
from stream_app.domain.money import Rates
from stream_app.domain.policy import Policy

Tree = dict[str, Any]
STAGES: Final = ("attention", "attraction", "affinity", "audience")
_PER_BRAND: Final = ("points", "caps", "sentiment", "offers", "stages", "brand", "money", "credit")
_UNVERSIONED: Final = ("accounts", "team")
_VERSIONED: Final = ("time", *_PER_BRAND)
CONTENT_BYTES: Final = 1 << 20
"""A policy is a record of the log: its content may not be longer."""
NOT_A_BRAND: Final = "a brand is a slug: a-z 0-9 . _ -, at most 64"


class PolicyError(ValueError):
    """The policy file is not valid. Do: correct the line that the message names."""


class _WrongError(Exception):
    """A value at `path` (keys of the tree) is wrong; becomes a PolicyError with its line."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


@cache
def default_policy() -> Policy:
    """The policy that ships with the package."""
    return _build(_default_tree())


def load_policy(path: Path | None) -> Policy:
    """The policy of a file, or the default one. Raises PolicyError, or OSError if unreadable."""
    if path is None:
        return default_policy()
    return parse_policy(path.read_text("utf-8"), str(path))


def parse_policy(text: str, name: str = "policy") -> Policy:
    """The policy in `text`. Raises PolicyError naming `name`, the line, and what was expected."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: {error}") from None
    try:
        _check_names(said, _default_tree())
        tree = _merge(_default_tree(), said)
        return _build(tree)
    except _WrongError as wrong:
        line = _line_of(text, wrong.path)
        where = f"{name}, line {line}" if line else name
        raise PolicyError(f"{where}: {'.'.join(wrong.path)}: {wrong}") from None


def policy_of(content: bytes, *, filled: bool = True) -> Policy:
    """The policy of what another one's `content` says; accounts and team are nobody's.

    Its version is that of the content as it stands, also where this release knows more settings;
    if that is not `filled`, the version is that of the content with the defaults filled in.
    Raises PolicyError, naming the setting.
    """
    try:
        said = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise PolicyError("the policy is not JSON") from None
    if not isinstance(said, dict):
        raise PolicyError("the policy is not an object")
    default = _default_tree()
    try:
        _check_names(said, {key: value for key, value in default.items() if key in _VERSIONED})
        return _build(_merge(default, said), _canonical(said) if filled else None)
    except _WrongError as wrong:
        raise PolicyError(f"{'.'.join(wrong.path)}: {wrong}") from None


def _default_text() -> str:
    return files("stream_app.domain").joinpath("policy.toml").read_text("utf-8")


def _default_tree() -> Tree:
    return tomllib.loads(_default_text())


def _merge(base: Tree, over: Mapping[str, Any]) -> Tree:
    merged = deepcopy(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = (
            _merge(old, value) if isinstance(value, dict) and isinstance(old, dict) else value
        )
    return merged


def _check_names(said: Mapping[str, Any], known: Tree, path: tuple[str, ...] = ()) -> None:
    """Refuse names that mean nothing here: most often a typing error."""
    free = path[:1] in (("accounts",), ("team",)) or path[-2:] == ("money", "rates")
    for key, value in said.items():
        here = (*path, key)
        if path == () and key == "brands":
            _check_brands(value)
        elif free:
            continue
        elif key not in known:
            names = [*known, "brands"] if path == () and "accounts" in known else known
            raise _WrongError(here, f"unknown; known here: {', '.join(names)}")
        elif isinstance(known[key], dict) and not isinstance(value, dict):
            raise _WrongError(here, "expected a table")
        elif isinstance(known[key], dict):
            _check_names(value, known[key], here)


def _check_brands(brands: Any) -> None:
    if not isinstance(brands, dict):
        raise _WrongError(("brands",), "expected a table of brands")
    known = {key: value for key, value in _default_tree().items() if key in _PER_BRAND}
    for brand, said in brands.items():
        if not re.fullmatch(SLUG, brand):
            raise _WrongError(("brands", brand), NOT_A_BRAND)
        if not isinstance(said, dict):
            raise _WrongError(("brands", brand), "expected a table")
        _check_names(said, known, ("brands", brand))


def _build(tree: Tree, content: bytes | None = None) -> Policy:
    """The policy that a tree says; `content` is what its version is made of, if not the tree."""
    shared = {key: value for key, value in tree.items() if key in _PER_BRAND}
    default = _brand_policy(shared, ())
    brands = {
        brand: _brand_policy(_merge(shared, said), ("brands", brand))
        for brand, said in tree.get("brands", {}).items()
    }
    lateness_ms = int(_number(tree, ("time", "lateness_hours"), 0, 24 * 90) * HOUR_MS)
    if content is None:
        content = _canonical(tree)
    if len(content) > CONTENT_BYTES:
        raise _WrongError(("brands",), f"too much in all: {len(content)} of {CONTENT_BYTES} bytes")
    version = sha256(content).hexdigest()[:12]
    return Policy(default, version, lateness_ms, brands, _accounts(tree), content)


def _canonical(tree: Tree) -> bytes:
    """The effective policy but for accounts and team, as JSON; the same for the same policy."""
    told = {key: value for key, value in tree.items() if key not in _UNVERSIONED}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _brand_policy(tree: Tree, path: tuple[str, ...]) -> BrandPolicy:
    points = {
        verb: _points(value, (*path, "points", verb)) for verb, value in tree["points"].items()
    }
    stages = tuple(_stage(tree["stages"][name], (*path, "stages", name)) for name in STAGES)
    topics = tree["brand"]["topics"]
    if not isinstance(topics, list) or not all(
        isinstance(topic, str) and re.fullmatch(SLUG, topic) for topic in topics
    ):
        raise _WrongError((*path, "brand", "topics"), "expected a list of slugs")
    return BrandPolicy(
        points=points,
        per_verb_cap=_whole(tree, ("caps", "per_verb"), 1, 1_000, path),
        per_pane_cap=_whole(tree, ("caps", "per_day"), 1, 1_000_000, path),
        stages=cast("Any", stages),
        negative_below=_number(tree, ("sentiment", "negative_below"), -1, 1, path),
        answer_ms=int(_number(tree, ("offers", "answer_days"), 0, 30, path) * DAY_MS),
        open_offers=_whole(tree, ("offers", "open"), 1, 64, path),
        forget_offer_ms=int(_number(tree, ("offers", "forget_days"), 1, 90, path) * DAY_MS),
        topics=tuple(topics),
        rates=_rates(tree["money"], (*path, "money")),
        model=_model(tree["credit"]["model"], (*path, "credit", "model")),
    )


def _model(said: Any, path: tuple[str, ...]) -> Model:
    if said not in MODELS:
        raise _WrongError(path, f"expected one of {', '.join(MODELS)}")
    return cast("Model", said)


def _rates(tree: Tree, path: tuple[str, ...]) -> Rates:
    reporting, dated = tree["reporting"], tree["rates"]
    if not _is_currency(reporting):
        raise _WrongError((*path, "reporting"), "expected a currency of ISO 4217, such as EUR")
    rates: dict[str, tuple[tuple[int, Decimal], ...]] = {}
    for currency, by_day in dated.items():
        here = (*path, "rates", currency)
        if not _is_currency(currency) or not isinstance(by_day, dict):
            raise _WrongError(here, 'expected a table such as USD = { 2026-01-01 = "0.93" }')
        rates[currency] = tuple(
            sorted((_day(day, here), _decimal(rate, here)) for day, rate in by_day.items())
        )
    return Rates(reporting, rates, _decimal(tree["hourly_rate"], (*path, "hourly_rate")))


def _is_currency(said: Any) -> bool:
    return isinstance(said, str) and re.fullmatch(r"[A-Z]{3}", said, re.ASCII) is not None


def _day(said: str, path: tuple[str, ...]) -> int:
    try:
        return parse_rfc3339(f"{said}T00:00:00Z") // DAY_MS
    except ValueError:
        raise _WrongError(path, f"{said!r} is no day; say for example 2026-01-31") from None


def _decimal(said: Any, path: tuple[str, ...]) -> Decimal:
    if not isinstance(said, str) or not re.fullmatch(r"\d{1,12}(\.\d{1,12})?", said, re.ASCII):
        raise _WrongError(path, 'expected a decimal in a string, such as "0.93"')
    return Decimal(said)


def _number(
    tree: Tree, keys: tuple[str, str], low: float, high: float, path: tuple[str, ...] = ()
) -> float:
    value = tree[keys[0]][keys[1]]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _WrongError((*path, *keys), f"expected a number from {low} to {high}")
    return value


def _whole(tree: Tree, keys: tuple[str, str], low: int, high: int, path: tuple[str, ...]) -> int:
    if type(tree[keys[0]][keys[1]]) is not int:
        raise _WrongError((*path, *keys), f"expected a whole number from {low} to {high}")
    return int(_number(tree, keys, low, high, path))


def _points(value: Any, path: tuple[str, ...]) -> Points:
    ok = (
        isinstance(value, list)
        and len(value) == len(POINT_MEASURES)
        and all(type(points) is int and 0 <= points <= 1_000 for points in value)
    )
    if not ok:
        raise _WrongError(path, "expected [attention, attraction, affinity], each from 0 to 1000")
    return cast("Points", tuple(value))


def _stage(tree: Tree, path: tuple[str, ...]) -> StagePolicy:
    enter, hold = (_rule(tree[side], (*path, side)) for side in ("enter", "hold"))
    return StagePolicy(enter=enter, hold=hold)


def _rule(value: Any, path: tuple[str, ...]) -> tuple[Clause, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(text, str) for text in value):
        raise _WrongError(path, "expected a list of conditions, each a string")
    return tuple(tuple(_term(part, path) for part in text.split(" or ")) for text in value)


_TERM: Final = re.compile(
    r"\s*([a-z_]+)(?:\s+over\s+(\d+)\s+days?)?\s*(>=|<=)\s*(-?\d+(?:\.\d+)?)\s*"
)


def _term(text: str, path: tuple[str, ...]) -> Term:
    match = _TERM.fullmatch(text)
    if match is None:
        raise _WrongError(path, f"{text!r} is not `measure [over N days] >= number` (or <=)")
    measure, days, sign, threshold = match.groups()
    if measure in WINDOWED_MEASURES:
        if days is None or not 1 <= int(days) <= PANE_LIFE_DAYS:
            raise _WrongError(
                path, f"{measure} needs `over N days` with N from 1 to {PANE_LIFE_DAYS}"
            )
    elif measure not in ("members", "topic_fit"):
        known = ", ".join((*WINDOWED_MEASURES, "members", "topic_fit"))
        raise _WrongError(path, f"{measure!r} is no measure; there are {known}")
    elif days is not None:
        raise _WrongError(path, f"{measure} has no window")
    bound: Literal["at_least", "at_most"] = "at_least" if sign == ">=" else "at_most"
    return Term(measure, None if days is None else int(days), bound, float(threshold))


def _accounts(tree: Tree) -> Accounts:
    said: Mapping[str, Any] = tree["accounts"]
    if said["mode"] not in ("derive", "listed"):
        raise _WrongError(("accounts", "mode"), 'expected "derive" or "listed"')
    brands: dict[str, dict[str, str]] = {}
    for platform, listed in said.items():
        if platform == "mode":
            continue
        if not isinstance(listed, dict):
            raise _WrongError(
                ("accounts", platform), 'expected a table of `"account id" = "brand"`'
            )
        for account, brand in listed.items():
            if not isinstance(brand, str) or not re.fullmatch(SLUG, brand):
                raise _WrongError(("accounts", platform, account), NOT_A_BRAND)
        brands[platform] = dict(listed)
    return Accounts(derive=said["mode"] == "derive", brands=brands, team=_team(tree["team"]))


def _team(said: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    for brand, people in said.items():
        if brand != "*" and not re.fullmatch(SLUG, brand):
            raise _WrongError(("team", brand), f"{NOT_A_BRAND}; or * for all brands")
        if not isinstance(people, list):
            raise _WrongError(("team", brand), "expected a list of persons")
        for number, person in enumerate(people, start=1):
            if not isinstance(person, str) or not 1 <= len(person) <= 200:
                raise _WrongError(
                    ("team", brand), f"number {number}: a person is text of 1 to 200 characters"
                )
            if not re.match(NO_CONTROL, person):
                raise _WrongError(
                    ("team", brand), f"number {number}: a person has no control characters"
                )
    return {brand: tuple(people) for brand, people in said.items()}


def _line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line of the longest beginning of `path` that the text has; TOML readers do not tell.

    A table that only stands in front of others, as `a` in `[a.b]`, is where the first of them is.
    """
    places = dict(_places(text))
    for length in range(len(path), 0, -1):
        inside = (line for place, line in places.items() if place[:length] == path[:length])
        line = places.get(path[:length]) or next(inside, None)
        if line is not None:
            return line
    return None


_HEADER: Final = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$")
_KEY: Final = re.compile(
    r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART: Final = re.compile(r"""[\w-]+|"([^"]*)"|'([^']*)'""")


def _places(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header.group(1))
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_parts(key.group(1))), number


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.group(0).strip("\"'") for part in _PART.finditer(dotted))
