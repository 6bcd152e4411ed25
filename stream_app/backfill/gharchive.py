"""An event of the GH Archive as the webhook that GitHub would have sent for it.

The archive has the events API's shape: type, actor, repo and time around a payload that is nearly
the webhook's. A star is a `WatchEvent` there and nothing else, so it is read as `star.created`. The
archive tells a repository's owner by name, and by id only if it is an organization, acts itself, or
stands in the payload: else the name is the account (list it in the policy beside the id).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from stream_app.adapters import times
from stream_app.adapters.accounts import Accounts
from stream_app.adapters.base import Finding, Outcome, Refusal
from stream_app.adapters.fields import Malformed, Node, decode
from stream_app.adapters.registry import read

_WEBHOOKS: Final = {
    "CommitCommentEvent": "commit_comment",
    "DiscussionCommentEvent": "discussion_comment",
    "DiscussionEvent": "discussion",
    "ForkEvent": "fork",
    "GollumEvent": "gollum",
    "IssueCommentEvent": "issue_comment",
    "IssuesEvent": "issues",
    "MemberEvent": "member",
    "PullRequestEvent": "pull_request",
    "PullRequestReviewCommentEvent": "pull_request_review_comment",
    "PullRequestReviewEvent": "pull_request_review",
    "PushEvent": "push",
    "ReleaseEvent": "release",
    "SponsorshipEvent": "sponsorship",
    "WatchEvent": "star",
}
# Where the archive's payload leaves out what the webhook says, the type implies it.
_ACTIONS: Final = {
    "CommitCommentEvent": "created",
    "DiscussionCommentEvent": "created",
    "WatchEvent": "created",
}
_REVIEWED: Final = "PullRequestReviewEvent"  # the archive's action is `created`
_OTHER: Final = Finding(native="other", op="ignore", direction="none", reason="no_act")


def read_event(line: bytes, accounts: Accounts) -> Iterator[Outcome]:
    """What an event says; of a malformed one a refusal."""
    try:
        root = Node.of(decode(line))
        kind, at = root.id("type"), times.iso(root, "created_at")
        if at is None or "repo" not in root:
            raise Malformed("$.created_at, $.repo", "an event of the year 2015 or later")
        webhook = _WEBHOOKS.get(kind)
        payload = None if webhook is None else msgspec.json.encode(_payload(root, kind))
        delivery = root.text("id")
    except Malformed as fault:
        yield Refusal.of(fault)
        return
    if webhook is None or payload is None:
        yield _OTHER
        return
    headers = {"x-github-event": webhook, "x-github-delivery": delivery}
    for outcome in read("github", payload, headers, accounts):
        if isinstance(outcome, Finding) and outcome.at_us is None:
            outcome = msgspec.structs.replace(outcome, at_us=at)
        yield outcome


def _payload(root: Node, kind: str) -> dict[str, Any]:
    """The payload of the webhook. Raises `Malformed`."""
    actor, repo = root.need("actor"), root.need("repo")
    body = dict(root.child("payload").value)
    login = actor.text("login")
    body["sender"] = {
        "id": actor.id("id"),
        "login": login,
        "type": "Bot" if login.endswith("[bot]") else "User",
    }
    body["repository"] = {"id": repo.id("id"), "owner": {"id": _owner(root, repo, body)}}
    if kind in _ACTIONS:
        body["action"] = _ACTIONS[kind]
    elif kind == _REVIEWED and body.get("action") == "created":
        body["action"] = "submitted"
    if kind == "WatchEvent":
        body["starred_at"] = root.raw("created_at")
    elif kind == "PushEvent":
        body["head_commit"] = {
            "id": root.child("payload").id("head"),
            "timestamp": root.raw("created_at"),
        }
    return body


def _owner(root: Node, repo: Node, body: dict[str, Any]) -> str:
    """The owner's id, or else name."""
    name = repo.id("name").partition("/")[0]
    for party in (root.child("org"), root.child("actor")):
        if party.text("login").lower() == name.lower() and "id" in party:
            return party.text("id")
    base = Node(body, "$.payload").child("pull_request").child("base").child("repo")
    return base.child("owner").text("id") or name
