"""The scenarios of undos and refunds; points and words as in `tables`."""

from __future__ import annotations

from typing import Final

UNDOS: Final = {
    "by id: takes that act out of its own day": """
        day | event                 | stage                                   | why
        0   | reply id=a            | attention                               | evidence
        1   | undo reply of=a       | none                                    | undo
        2   | undo reply of=a       |                                         |
    """,
    "without id: the newest of the same make that is not later": """
        day | event                 | stage                                   | why
        0   | reply                 | attention                               | evidence
        5   | reply                 |                                         |
        9   | reply                 | attraction                              | evidence
        4   | undo reply            |                                         |
        9   | undo reply            |                                         |
        9   | undo reply            | none                                    | undo
    """,
    "platform, object, verb and direction must be the same": """
        day | event                 | stage                                   | why
        0   | reply on=post         | attention                               | evidence
        1   | undo reply            |                                         |
        1   | undo reply on=page    |                                         |
        1   | undo share on=post    |                                         |
        1   | undo brand reply on=post |                                      |
        1   | undo reply on=post via=mastodon |                               |
        1   | undo reply on=post    | none                                    | undo
    """,
    "before its act: the act is without effect, and walks all the same": """
        day | event                 | stage                                   | why
        0   | reply id=a            | attention                               | evidence
        100 | undo reply of=b       |                                         |
        190 | reply id=b            | none 180                                | expiry
    """,
    "it is remembered as long as its pane, 180 days": """
        day | event                 | stage                                   | why
        0   | undo reply of=a       |                                         |
        1   | undo reply of=b       |                                         |
        180 | reply id=b            |                                         |
        180 | reply id=a            | attention                               | evidence
    """,
    "an early undo takes back one act: its id used again after 180 days is another": """
        day | event                 | stage                                   | why
        100 | undo reply of=a       |                                         |
        0   | reply id=a            |                                         |
        190 | impression            |                                         |
        191 | reply id=a            | attention                               | evidence
    """,
    "before its act, but of another verb: no undo of it": """
        day | event                 | stage                                   | why
        0   | undo like of=b        |                                         |
        1   | reply id=b            | attention                               | evidence
    """,
    "an undo may have its act's id": """
        day | event                 | stage                                   | why
        0   | reply id=a            | attention                               | evidence
        1   | undo reply id=a of=a  | none                                    | undo
    """,
    "of an act beyond the cap of its day: the counted ones remain": """
        day | event                 | stage                                   | why
        0   | click x4              | attention                               | evidence
        0   | undo click            |                                         |
        0   | undo click, undo click|                                         |
        0   | undo click            | none                                    | undo
    """,
}

REFUNDS: Final = {
    "in parts: the purchase stays until all is paid back": """
        day | event                               | stage     | why
        0   | purchase id=p value=10.00EUR        | attention | evidence
        1   | undo purchase of=p value=4.00EUR    |           |
        2   | undo purchase of=p value=5.99EUR    |           |
        3   | undo purchase of=p value=0.01EUR    | none      | undo
    """,
    "more than is left counts as all that is left": """
        day | event                               | stage     | why
        0   | purchase id=p value=10.00EUR        | attention | evidence
        1   | undo purchase of=p value=99EUR      | none      | undo
    """,
    "without a value: all": """
        day | event                               | stage     | why
        0   | purchase id=p value=10.00EUR        | attention | evidence
        1   | undo purchase of=p                  | none      | undo
    """,
    "in another currency: not comparable, so as without a value": """
        day | event                               | stage     | why
        0   | purchase id=p value=10.00EUR        | attention | evidence
        1   | undo purchase of=p value=1.00USD    | none      | undo
    """,
    "of a purchase without a value: any refund is all": """
        day | event                               | stage     | why
        0   | purchase id=p                       | attention | evidence
        1   | undo purchase of=p value=1.00EUR    | none      | undo
    """,
    "without id: the newest purchase with something left": """
        day | event                               | stage     | why
        0   | purchase id=p value=10.00EUR        | attention | evidence
        1   | purchase id=q value=5.00EUR         |           |
        2   | undo purchase value=5.00EUR         |           |
        3   | undo purchase value=9.00EUR         |           |
        4   | undo purchase value=1.00EUR         | none      | undo
    """,
    "early, in parts: what is left of the purchase counts": """
        day | event                               | stage     | why
        0   | undo purchase of=p value=4.00EUR    |           |
        0   | undo purchase of=q value=4.00EUR    |           |
        0   | undo purchase of=q value=6.00EUR    |           |
        1   | purchase id=q value=10.00EUR        |           |
        2   | purchase id=p value=10.00EUR        | attention | evidence
        3   | undo purchase of=p value=6.00EUR    | none      | undo
    """,
    "after its pane is gone: money only, and no move": """
        day | event                               | stage     | why
        0   | purchase id=p value=10.00EUR        | attention | evidence
        180 | (silence)                           | none      | expiry
        300 | undo purchase of=p value=4.00EUR    |           |
        300 | reply                               | attention | evidence
    """,
}
