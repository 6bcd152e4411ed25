"""Stack Exchange API: questions with their answers and comments (seconds since the epoch).

The site's tags belong to nobody: a question is towards the brand that the topic is for, an answer
and a comment towards the author of what they are on.
"""

from __future__ import annotations

from collections.abc import Iterator

from stream_app.adapters import times
from stream_app.adapters.accounts import OWNER
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, each
from stream_app.adapters.fields import Malformed, Node

PLATFORM = "stackexchange"

EVENTS = (
    Event("question", "message"),
    Event("answer", "reply", note="towards the asker"),
    Event("comment", "reply", note="towards the author of the post"),
    Event("other", "", "ignore", "timelines, inboxes, revisions, reputation, events"),
)
_OTHERS = (
    *("timeline_type", "item_type", "notification_type", "event_type"),
    *("reputation_history_type", "vote_type", "revision_guid", "suggested_edit_id"),
)
"""Of what tells of an act once more, or of what is none."""


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of one question, or of all items of a page."""
    root = delivery.json()
    if "items" in root:
        yield from each(root.parts("items"), _item)
    elif root.first("question_id", "answer_id", "comment_id", "post_id", *_OTHERS):
        yield from _item(root)
    else:
        raise Malformed("$.question_id", "a question, an answer, a comment or items")


def _item(item: Node) -> Iterator[Outcome]:
    if any(key in item for key in _OTHERS):
        yield Finding(native="other", op="ignore", direction="none", reason="no_act")
    elif "comment_id" in item:
        yield _comment(item, "", "question")
    elif "answer_id" in item:
        yield _answer(item, "")
        yield from _comments(item)
    elif "post_id" in item and "question_id" not in item:
        yield from _item(_as_posted(item))
    else:
        yield _question(item)
        asker = _user(item)
        yield from each(item.parts("answers"), lambda a: _answer(a, asker))
        yield from _comments(item)
        yield from each(item.parts("answers"), _comments)


def _as_posted(post: Node) -> Node:
    """A post, of which only `post_type` says what it is, as that."""
    answer = post.text("post_type") == "answer"
    known = {"answer_id" if answer else "question_id": post.id("post_id")}
    return Node({**post.value, **known}, post.path)


def _comments(post: Node) -> Iterator[Outcome]:
    author, kind = _user(post), "answer" if "answer_id" in post else "question"
    yield from each(post.parts("comments"), lambda c: _comment(c, author, kind))


def _user(node: Node) -> str:
    """The author; `""` for accounts that are gone."""
    owner = node.child("owner")
    return "" if owner.text("user_type") == "does_not_exist" else owner.text("user_id")


def _question(question: Node) -> Finding:
    own = question.id("question_id")
    tags = [tag for tag in question.list("tags") if isinstance(tag, str)]
    return Finding(
        native="question",
        verb="message",
        actor=_user(question),
        object=own,
        at_us=times.seconds(question, "creation_date"),
        account=OWNER,
        id=f"question:{own}",
        key=f"question:{own}",
        topics=tuple(tags),
    )


def _answer(answer: Node, asker: str) -> Finding:
    own, actor = answer.id("answer_id"), _user(answer)
    question = answer.text("question_id")
    parent = f"question:{question}" if question else ""
    return Finding(
        native="answer",
        verb="reply",
        actor=actor,
        target=asker,
        object=own,
        at_us=times.seconds(answer, "creation_date"),
        direction="self" if actor and actor == asker else "peer",
        id=f"answer:{own}",
        key=f"answer:{own}",
        in_reply_to=parent,
    )


def _comment(comment: Node, author: str, kind: str) -> Finding:
    own, actor = comment.id("comment_id"), _user(comment)
    addressed = _user(Node({"owner": comment.raw("reply_to_user")}, comment.path))
    target = addressed or author
    return Finding(
        native="comment",
        verb="reply",
        actor=actor,
        target=target,
        object=own,
        at_us=times.seconds(comment, "creation_date"),
        direction="self" if actor and actor == target else "peer",
        id=f"comment:{own}",
        key=f"comment:{own}",
        in_reply_to=f"{comment.text('post_type') or kind}:{comment.text('post_id')}",
    )
