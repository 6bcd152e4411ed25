"""WordPress: comments of a WXR export (one `<item>` or a whole file) and of the REST API.

Only the `*_gmt` times are UTC, and in an export even those may be out of order. The site is the
brand, the post's author is whom a comment is to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit
from xml.etree import ElementTree

from stream_app.adapters import times
from stream_app.adapters.base import Delivery, Event, Finding, Outcome, Refusal, each, shortened
from stream_app.adapters.fields import Malformed, Node, decode
from stream_app.adapters.sentiments import of_stars
from stream_app.domain.rejects import Reason

PLATFORM = "wordpress"
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_PREFIX = re.compile(rb"<(/?)(?:wp|dc|content|excerpt|wfw):")
_NAMESPACES = re.compile(rb"\sxmlns(:\w+)?=(\"[^\"]*\"|'[^']*')")
_STARS = {str(stars): of_stars(stars) for stars in range(1, 6)}
_LINKS = frozenset(("pingback", "trackback"))

EVENTS = (
    Event("comment", "reply"),
    Event("pingback", "mention", note="another site links to the post; trackbacks too"),
    Event("review", "review", note="of a product of a shop; sentiment from its stars"),
    Event("comment(held)", "", "moderate", "spam, in the bin, or not yet approved"),
    Event("other", "", "ignore", "notes, also of orders, what is new"),
)


def read(delivery: Delivery) -> Iterator[Outcome]:
    """The findings of all comments."""
    start = delivery.payload.lstrip()[:1]
    if start == b"[":
        listed = decode(delivery.payload)
        parts = ((one, f"$[{n}]") for n, one in enumerate(listed))
        yield from each(parts, lambda comment: _finding(_of_rest(comment)))
        return
    if start == b"{":
        yield _finding(_of_rest(delivery.json()))
        return
    for item in _items(delivery.payload):
        post = _texts(item)
        for comment in item.iterfind("comment"):
            try:
                yield shortened(_finding(_of_export(post, _texts(comment))))
            except Malformed as fault:
                yield Refusal.of(fault)


def _items(payload: bytes) -> Iterator[ElementTree.Element]:
    """The items of an export. Names lose their prefixes: exports of any version read alike."""
    if not payload.strip():
        raise Malformed("$", "an export", Reason.EMPTY)
    if b"\0" in payload:  # in which a document type would hide
        raise Malformed("$", "XML in UTF-8", Reason.NOT_JSON)
    if _DOCTYPE.search(payload):
        raise Malformed("$", "XML without a document type", Reason.NOT_JSON)
    plain = _NAMESPACES.sub(b"", _PREFIX.sub(rb"<\1", payload))
    try:
        root = ElementTree.fromstring(plain)
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as fault:
        raise Malformed("$", "an export in XML", Reason.NOT_JSON) from fault
    if root.tag != "item" and root.find("channel") is None:
        raise Malformed("$", "an <item>, or <rss> with a <channel>")
    yield from root.iter("item")


def exported(fields: Mapping[str, str]) -> Outcome:
    """The finding of a comment of an export that was read elsewhere: texts by name of element."""
    try:
        return _finding(_of_fields(lambda name: fields.get(name, "").strip()))
    except Malformed as fault:
        return Refusal.of(fault)


def _texts(element: ElementTree.Element) -> dict[str, str]:
    """The texts of the parts of an element by name; of several parts of a name the first."""
    found: dict[str, str] = {}
    for part in element:
        if part.tag == "commentmeta" and part.findtext("meta_key", "").strip() == "rating":
            found["comment_rating"] = part.findtext("meta_value", "").strip()
        elif isinstance(part.tag, str):
            found.setdefault(part.tag, (part.text or "").strip())
    return found


def _of_export(post: Mapping[str, str], comment: Mapping[str, str]) -> Node:
    """A comment of an export as fields."""
    return _of_fields(lambda name: (comment if name.startswith("comment_") else post).get(name, ""))


def _of_fields(said: Callable[[str], str]) -> Node:
    return Node(
        {
            "id": said("comment_id"),
            "post": said("post_id"),
            "user": said("comment_user_id"),
            "email": said("comment_author_email"),
            "url": said("comment_author_url"),
            "gmt": said("comment_date_gmt"),
            "kind": said("comment_type"),
            "state": said("comment_approved"),
            "parent": said("comment_parent"),
            "rating": said("comment_rating"),
            "to": said("creator"),
            "site": _host(said("link")),
        },
        "item.comment",
    )


def _of_rest(root: Node) -> Node:
    """A comment of the REST API as the same fields."""
    state = root.text("status")
    return Node(
        {
            "id": root.id("id"),
            "post": root.text("post"),
            "user": root.text("author"),
            "email": root.text("author_email"),
            "url": root.text("author_url"),
            "gmt": root.text("date_gmt"),
            "kind": root.text("type"),
            "state": "1" if state in ("", "approved", "approve") else state,
            "parent": root.text("parent"),
            "to": "",
            "site": _host(root.text("link")),
        },
        root.path,
    )


def _host(link: str) -> str:
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""


def _finding(comment: Node) -> Finding:
    own, kind = comment.id("id"), comment.text("kind")
    address = f"{comment.text('post')}#comment-{own}"
    at = None
    if "gmt" in comment and comment.text("gmt") and not comment.text("gmt").startswith("0000"):
        at = times.rfc3339(comment.raw("gmt"), comment.at("comment_date_gmt"), assume_utc=True)
    if comment.text("state") not in ("1", ""):
        return Finding(
            native="comment(held)", op="moderate", object=address, at_us=at, direction="none"
        )
    link, review = kind in _LINKS, kind == "review"
    if kind not in ("", "comment") and not link and not review:
        return Finding(native="other", op="ignore", at_us=at, direction="none", reason="no_act")
    user = comment.text("user")
    logged_in = user if user not in ("", "0") else ""
    site, target = comment.text("site"), comment.text("to")
    parent = comment.text("parent")
    return Finding(
        native="review" if review else "pingback" if link else "comment",
        verb="review" if review else "mention" if link else "reply",
        actor=comment.text("url") if link else logged_in or comment.text("email"),
        target=target,
        object=address,
        at_us=at,
        account=site or target,
        id=address,
        key=address,
        in_reply_to=f"{comment.text('post')}#comment-{parent}" if parent not in ("", "0") else "",
        sentiment=_STARS.get(comment.text("rating")) if review else None,
    )
