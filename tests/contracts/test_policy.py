"""The policy file: what it means, where it is wrong, and what its version depends on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stream_app.contracts.policy import PolicyError, default_policy, load_policy, parse_policy
from stream_app.domain import policy as domain_policy
from stream_app.domain.brand_policy import Term
from stream_app.domain.verbs import COUNTED_VERBS

DEFAULT_TEXT = (Path(domain_policy.__file__).parent / "policy.toml").read_text("utf-8")

# text of the file, the line that must be named, part of what must be said
WRONG: list[tuple[str, int, str]] = [
    ("[caps]\nper_verb = 3\nper_vreb = 3\n", 3, "caps.per_vreb: unknown; known here: per_verb"),
    ("[time]\n\n[brand_s.tea.caps]\nper_verb = 3\n", 3, "brand_s: unknown; known here: "),
    ("[brand_s]\n", 1, "team, brands"),
    ("[cups]\n", 1, "cups: unknown"),
    ("\n# caps\n[caps]\nper_verb = 0\n", 4, "from 1 to 1000"),
    ("[caps]\nper_verb = 2.5\n", 2, "a whole number from 1"),
    ("[caps]\nper_verb = true\n", 2, "a whole number from 1"),
    ("[caps]\nper_day = '8'\n", 2, "a whole number from 1"),
    ("caps = 3\n", 1, "caps: expected a table"),
    ("caps.per_day = -1\n", 1, "from 1 to"),
    ("[time]\nlateness_hours = -1\n", 2, "from 0 to"),
    ("[time]\nlateness_hours = nan\n", 2, "expected a number"),
    ("[points]\nlike = [1, 2]\n", 2, "expected [attention, attraction, affinity]"),
    ("[points]\nlike = [1, 2, -3]\n", 2, "expected [attention, attraction, affinity]"),
    ("[points]\nlike = [1, 2, 3.5]\n", 2, "expected [attention, attraction, affinity]"),
    ("[points]\nlike = 5\n", 2, "expected [attention, attraction, affinity]"),
    ("[points]\npoke = [1, 2, 3]\n", 2, "points.poke: unknown"),
    ("[sentiment]\nnegative_below = 2\n", 2, "from -1 to 1"),
    ("[offers]\nanswer_days = 31\n", 2, "from 0 to 30"),
    ("[offers]\nopen = 65\n", 2, "from 1 to 64"),
    ("[stages.attention]\nenter = []\n", 2, "expected a list of conditions"),
    ("[stages.attention]\nenter = 'attention over 3 days >= 1'\n", 2, "expected a list"),
    ("[stages.attention]\nenter = [1]\n", 2, "each a string"),
    ("[stages.attention]\nhold = [\n  'attention > 1',\n]\n", 2, "is not `measure [over N days]"),
    ("[stages.affinity]\nhold = ['affinity over 90 days']\n", 2, "is not `measure"),
    ("[stages.affinity]\nhold = ['affinity >= 3']\n", 2, "affinity needs `over N days`"),
    ("[stages.affinity]\nhold = ['affinity over 181 days >= 3']\n", 2, "N from 1 to 180"),
    ("[stages.affinity]\nhold = ['affinity over 0 days >= 3']\n", 2, "N from 1 to 180"),
    ("[stages.affinity]\nhold = ['members over 3 days >= 3']\n", 2, "members has no window"),
    ("[stages.affinity]\nhold = ['love over 3 days >= 3']\n", 2, "'love' is no measure"),
    ("[stages.affinity]\nhold = ['members >= 1 or nothing']\n", 2, "'nothing' is not"),
    ("[stages.fans]\nenter = []\n", 1, "stages.fans: unknown"),
    ("[stages]\naffinity = 3\n", 2, "expected a table"),
    ("[brand]\ntopics = ['News']\n", 2, "expected a list of slugs"),
    ("[brand]\ntopics = 'news'\n", 2, "expected a list of slugs"),
    ("brands = 5\n", 1, "expected a table of brands"),
    ("[brands.Acme]\n", 1, "a brand is a slug"),
    ("[brands]\nacme = 5\n", 2, "expected a table"),
    ("[brands.acme.time]\nlateness_hours = 3\n", 1, "brands.acme.time: unknown"),
    ("[caps]\nper_day = 8\n[brands.acme.caps]\nper_day = 0\n", 4, "brands.acme.caps.per_day"),
    ('[brands."b.co".caps]\nper_day = 0\n', 2, "brands.b.co.caps.per_day"),
    ("[brands.a.stages.affinity]\nenter = ['x']\n", 2, "brands.a.stages.affinity.enter"),
    ("[accounts]\nmode = 'guess'\n", 2, '"derive" or "listed"'),
    ("[accounts]\ntwitter = 5\n", 2, "expected a table of"),
    ("[accounts.twitter]\n1 = 'acme'\n2 = 'Acme Inc'\n", 3, "a brand is a slug"),
    ("[team]\nacme = 'ann'\n", 2, "expected a list of persons"),
    ("[team]\n'*' = ['ann']\nacme = [\n 'ann',\n 7]\n", 3, "number 2: a person is text"),
    ("[team]\nacme = ['ann', '']\n", 2, "number 2: a person is text"),
    ('[team]\nacme = ["a\\u0000"]\n', 2, "number 1: a person has no control characters"),
    ("[team]\n'No Slug' = ['ann']\n", 2, "a brand is a slug"),
    # not TOML at all: the reader of TOML tells the line
    ("[caps]\nper_verb = \n", 2, "Invalid value"),
    ("[caps]\nper_day = 1\nper_day = 2\n", 3, "overwrite"),
    ("[caps\n", 1, "Expected"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_an_error_names_the_file_the_line_and_what_was_expected(
    text: str, line: int, said: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, "my-policy.toml")
    message = str(caught.value)
    assert message.startswith("my-policy.toml")
    assert re.search(rf"\bline {line}\b", message), message
    assert said in message


def test_the_default_policy_is_what_an_empty_file_and_its_own_text_mean() -> None:
    default = default_policy()
    assert parse_policy("") == default
    assert parse_policy(DEFAULT_TEXT) == default
    assert load_policy(None) == default
    assert set(default.default.points) == set(COUNTED_VERBS)
    assert default.lateness_ms == 24 * 3_600_000


def test_conditions_are_read_as_they_are_written() -> None:
    attention = default_policy().default.stages[0]
    assert attention.enter == ((Term("attention", 30, "at_least", 3.0),),)
    assert attention.hold == (
        (Term("attention", 180, "at_least", 1.0), Term("members", None, "at_least", 1.0)),
    )
    text = "[stages.affinity]\nenter = ['  topic_fit>=0.25', 'objections over 1 day <= 0']\n"
    assert parse_policy(text).default.stages[2].enter == (
        (Term("topic_fit", None, "at_least", 0.25),),
        (Term("objections", 1, "at_most", 0.0),),
    )


# The version


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n",
        "[caps]\nper_verb = 3\nper_day = 8\n",
        "[caps]\nper_day = 8\nper_verb = 3\n",
        "[accounts]\nmode = 'listed'\n[accounts.twitter]\n1 = 'acme'\n",
        "[team]\nacme = ['twitter:4711']\n",
    ],
)
def test_the_version_does_not_depend_on(text: str) -> None:
    assert parse_policy(text).version == default_policy().version


Keys = tuple[str, ...]


def _settings(tree: dict[str, Any], path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _settings(value, (*path, key))
        elif path[:1] not in (("accounts",), ("team",)):
            yield (*path, key), value


def _changed(value: Any) -> str:
    """Another value of the same kind, as TOML."""
    if isinstance(value, list) and value and isinstance(value[0], str):
        return repr([*value[1:], re.sub(r"\d+$", lambda m: str(int(m[0]) + 1), value[0])])
    if isinstance(value, list):
        return repr([value[0] + 1, *value[1:]]) if value else "['news']"
    if isinstance(value, str):
        return repr({"EUR": "USD", "0": "1", "time_decay": "linear"}[value])
    return str(value - 0.5) if isinstance(value, float) else str(value - 1)


SETTINGS = dict(_settings(tomllib.loads(DEFAULT_TEXT)))


@pytest.mark.parametrize("path", SETTINGS, ids=".".join)
def test_the_version_changes_with(path: Keys) -> None:
    text = f"[{'.'.join(path[:-1])}]\n{path[-1]} = {_changed(SETTINGS[path])}\n"
    changed = parse_policy(text)
    assert changed.version != default_policy().version
    assert re.fullmatch("[0-9a-f]{12}", changed.version)
    if path[0] != "time":
        for_brand = parse_policy(f"[brands.acme.{text[1:]}")
        assert for_brand.version not in (changed.version, default_policy().version)


def test_a_brand_has_its_own_numbers_and_the_rest_from_the_default() -> None:
    policy = parse_policy(
        "[caps]\nper_day = 20\n[points]\nlike = [9, 9, 9]\n"
        "[brands.acme.points]\nlike = [1, 1, 1]\n"
        "[brands.acme.stages.audience]\nhold = ['members >= 2']\n"
    )
    acme, other = policy.brands["acme"], policy.default
    assert (acme.points["like"], other.points["like"]) == ((1, 1, 1), (9, 9, 9))
    assert (acme.per_pane_cap, other.per_pane_cap) == (20, 20)
    assert acme.points["share"] == other.points["share"] == (4, 3, 5)
    assert acme.stages[3].hold != other.stages[3].hold
    assert acme.stages[3].enter == other.stages[3].enter
    assert policy.rules_for("acme").version == policy.rules_for("globex").version == policy.version
    assert policy.rules_for("acme") is not policy.rules_for("globex")
    assert policy.rules_for("globex") is policy.rules_for("other")


def test_accounts_and_team() -> None:
    policy = parse_policy(
        "[accounts]\nmode = 'listed'\n[accounts.twitter]\n\"282326505\" = 'acme'\n"
        "[team]\nacme = ['twitter:1']\n'*' = ['x:2']\n"
    )
    assert not policy.accounts.derive
    assert policy.accounts.brands == {"twitter": {"282326505": "acme"}}
    assert policy.accounts.team == {"acme": ("twitter:1",), "*": ("x:2",)}


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[caps]\nper_day = 9\n", "utf-8")
    assert load_policy(path).default.per_pane_cap == 9
    path.write_text("[caps]\nper_day = 0\n", "utf-8")
    with pytest.raises(PolicyError, match=re.escape(f"{path}, line 2: caps.per_day:")):
        load_policy(path)
    with pytest.raises(FileNotFoundError):
        load_policy(tmp_path / "none.toml")
