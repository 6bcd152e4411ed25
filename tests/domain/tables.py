"""The scenarios. Points: reply 4/3/4, share 4/3/5, click 3/1/2, like 3/2/1, view 2/1/0,
impression 1/0/0, purchase 5/4/8, follow 5/3/2, complain 2/0/0, reinforced 2/2/2.
"""

from __future__ import annotations

from typing import Final

from tests.domain.tables_of_undos import REFUNDS, UNDOS

MEMBERSHIPS: Final = {
    "a follow makes an audience of who has affinity, its undo ends it": """
        day  | event               | stage                                   | why
        0..3 | reply               | attention 0, attraction 2, affinity 3   | evidence
        4    | follow id=f         | audience                                | membership
        5    | undo follow of=f    | affinity                                | membership
        6    | follow              | audience                                | membership
        7    | undo follow         | affinity                                | membership
    """,
    "one membership per platform, verb and object: the last to go ends the audience": """
        day  | event                   | stage                                 | why
        0..3 | reply                   | attention 0, attraction 2, affinity 3 | evidence
        4    | follow                  | audience                              | membership
        4    | follow via=mastodon     |                                       |
        4    | join on=club            |                                       |
        5    | undo follow             |                                       |
        6    | undo join on=club       |                                       |
        7    | undo follow via=mastodon| affinity                              | membership
    """,
    "the newest event time wins, not the last record": """
        day  | event               | stage                                   | why
        0..3 | reply               | attention 0, attraction 2, affinity 3   | evidence
        10   | follow              | audience                                | membership
        9    | undo follow         |                                         |
        10   | undo follow         | affinity                                | membership
        9    | follow              |                                         |
        10   | follow              | audience                                | membership
    """,
    "an undo that names an act ends only the membership that this act holds": """
        day  | event               | stage                                   | why
        0..3 | reply               | attention 0, attraction 2, affinity 3   | evidence
        10   | follow id=f         | audience                                | membership
        11   | follow id=g         |                                         |
        12   | undo follow of=f    |                                         |
        13   | undo follow of=g    | affinity                                | membership
    """,
    "a membership needs no evidence to be held, and never expires": """
        day  | event               | stage                                   | why
        0    | follow              | attention                               | membership
        700  | (silence)           |                                         |
    """,
    "an automated follow opens a membership all the same": """
        day  | event               | stage                                   | why
        0..3 | reply               | attention 0, attraction 2, affinity 3   | evidence
        4    | follow automated    | audience                                | membership
    """,
}

BLOCKS: Final = {
    "a block by either side; when the last is lifted it starts from none": """
        day  | event               | stage                                   | why
        0..3 | reply               | attention 0, attraction 2, affinity 3   | evidence
        4    | block               | none                                    | blocked
        5    | brand block         |                                         |
        6    | reply               |                                         |
        7    | undo block          |                                         |
        8    | undo brand block    | affinity                                | blocked
    """,
    "after a block it takes what it takes to enter, not to hold": """
        day  | event               | stage                                   | why
        0..3 | reply               | attention 0, attraction 2, affinity 3   | evidence
        40   | block               | none                                    | blocked
        41   | undo block          |                                         |
        42   | reply               | affinity                                | evidence
    """,
    "blocks on two platforms": """
        day  | event                | stage                                  | why
        0    | reply                | attention                              | evidence
        1    | block                | none                                   | blocked
        1    | block via=mastodon   |                                        |
        2    | undo block           |                                        |
        3    | undo block via=mastodon | attention                           | blocked
    """,
    "while a block is on nothing expires, since there is nothing to lose": """
        day  | event                | stage                                  | why
        0    | reply                | attention                              | evidence
        1    | brand block          | none                                   | blocked
        400  | (silence)            |                                        |
    """,
}

REINFORCEMENT: Final = {
    "an answer within 7 days counts 2/2/2 more: three views with two of them bring attraction": """
        day      | event        | stage                        | why
        0        | offer        |                              |
        1        | view         | attention                    | evidence
        1        | offer        |                              |
        8        | view         |                              |
        15+1ms   | view         | attraction                   | evidence
    """,
    "to the millisecond: exactly 7 days is an answer": """
        day      | event        | stage                        | why
        0        | offer        |                              |
        7        | view         | attention                    | evidence
    """,
    "a millisecond more is none": """
        day      | event        | stage                        | why
        0        | offer        |                              |
        7+1ms    | view         |                              |
    """,
    "nor is an act before the offer, even if it comes later": """
        day      | event        | stage                        | why
        1        | offer        |                              |
        1-1ms    | view         |                              |
        1        | view         | attention                    | evidence
    """,
    "one act answers one offer, the oldest": """
        day      | event        | stage                        | why
        0        | offer id=o   |                              |
        1        | offer id=p   |                              |
        2        | undo offer of=p |                           |
        2        | view         | attention                    | evidence
        3        | view         |                              |
    """,
    "a withdrawn offer has no answer": """
        day      | event           | stage                     | why
        0        | offer id=o      |                           |
        1        | undo offer of=o |                           |
        2        | view            |                           |
    """,
    "withdrawn after the answer: what it gave stays": """
        day      | event           | stage                     | why
        0        | offer id=o      |                           |
        1        | view            | attention                 | evidence
        2        | undo offer of=o |                           |
        3        | (silence)       |                           |
    """,
    "an answer taken back opens the offer again": """
        day      | event           | stage                     | why
        0        | offer id=o      |                           |
        1        | view id=v       | attention                 | evidence
        2        | undo view of=v  | none                      | undo
        3        | view            | attention                 | evidence
    """,
    "unless the offer is withdrawn by then": """
        day      | event           | stage                     | why
        0        | offer id=o      |                           |
        1        | view id=v       | attention                 | evidence
        2        | undo offer of=o |                           |
        3        | undo view of=v  | none                      | undo
        4        | view            |                           |
    """,
    "an act without attraction points answers nothing": """
        day      | event           | stage                     | why
        0        | offer           |                           |
        1        | impression x2   |                           |
        1        | view automated  |                           |
        1        | view            | attention                 | evidence
    """,
}

STAGE_RULES: Final = {
    "hysteresis: entering affinity takes 16 points, staying 6": """
        day   | event       | stage                                  | why
        0..3  | reply       | attention 0, attraction 2, affinity 3  | evidence
        90    | (silence)   |                                        |
        91    | (silence)   |                                        |
        92    | (silence)   | attraction                             | expiry
        93    | reply x2    |                                        |
        122   | (silence)   |                                        |
    """,
    "attention is entered over 30 days and held over 180": """
        day   | event       | stage                                  | why
        0     | view        |                                        |
        30    | view        |                                        |
        59    | view        | attention                              | evidence
        239   | (silence)   | none                                   | expiry
    """,
    "attraction takes three active days, however many acts": """
        day   | event       | stage                                  | why
        0     | reply x9    | attention                              | evidence
        1     | reply x9    |                                        |
        2     | like        | affinity                               | evidence
    """,
    "two objections keep out of affinity, and it comes when one has aged": """
        day   | event       | stage                                  | why
        0     | complain    |                                        |
        1     | complain    | attention                              | evidence
        2     | reply       |                                        |
        3     | reply       |                                        |
        4     | reply       | attraction                             | evidence
        5     | reply       |                                        |
        30    | (silence)   | affinity                               | expiry
    """,
    "five objections within 30 days end affinity (three of a verb count on one day)": """
        day   | event       | stage                                  | why
        0..3  | reply       | attention 0, attraction 2, affinity 3  | evidence
        4     | dislike x4  |                                        |
        5     | report      |                                        |
        6     | report      | attraction                             | evidence
    """,
    "a long silence goes down rung by rung, each on its day": """
        day   | event       | stage                                       | why
        0..3  | reply       | attention 0, attraction 2, affinity 3       | evidence
        400   | (silence)   | attraction 92, attention 123, none 183      | expiry
    """,
}

CAPS_AND_KINDS: Final = {
    "three acts of a verb count on one day": """
        day | event                            | stage     | why
        0   | impression x2                    |           |
        0   | impression                       | attention | evidence
    """,
    "at most 8 points of a measure on one day": """
        day | event                            | stage                     | why
        0   | share x3, endorse x3, purchase   | attention                 | evidence
        1   | view                             |                           |
        2   | view                             | attraction                | evidence
        3   | share x3, endorse x3             | affinity                  | evidence
    """,
    "an automated act gives nothing": """
        day | event                            | stage     | why
        0   | purchase x3 automated            |           |
    """,
    "an incentivised one gives no affinity": """
        day  | event                           | stage                     | why
        0..9 | share x3 incentivised           | attention 0, attraction 2 | evidence
    """,
    "a negative one gives attention only, and is an objection": """
        day  | event                           | stage       | why
        0..9 | reply sentiment=-0.26           | attention 0 | evidence
    """,
    "a sentiment of -0.25 is not negative": """
        day  | event                           | stage                                 | why
        0..3 | reply sentiment=-0.25           | attention 0, attraction 2, affinity 3 | evidence
    """,
    "each kind has a cap of its own": """
        day | event                            | stage     | why
        0   | view                             |           |
        0   | view incentivised                | attention | evidence
    """,
    "an automated complaint is no objection": """
        day  | event                           | stage                                 | why
        0..3 | reply                           | attention 0, attraction 2, affinity 3 | evidence
        4    | complain x9 automated           |                                       |
    """,
}

TIME: Final = {
    "a late event corrects the state, and not the history": """
        day  | event              | stage      | why
        0    | reply              | attention  | evidence
        31.5 | view who=zed       |            |
        1    | reply              |            |
        2    | reply              | attraction 30 | evidence
    """,
    "a first event that is late begins at the last midnight before the watermark": """
        day  | event              | stage        | why
        11.5 | view who=zed       |              |
        2    | reply              | attention 10 | evidence
    """,
    #      pane 0                            pane 180
    #   |--reply--|------- 179 panes -------|--W------
    #   the watermark is a day behind: day 180 is in the past when an event of 181.0 was accepted
    "180 days before the watermark's day is too old, 179 are not": """
        day     | event              | stage      | why
        181-1ms | view who=zed       |            |
        0       | reply              |            |
        181     | view who=zed       |            |
        1-1ms   | reply              |            | too_old
        1       | reply              |            |
    """,
    "too old is measured from the relationship's own as_of too": """
        day     | event              | stage      | why
        180     | reply              | attention  | evidence
        1-1ms   | reply              |            | too_old
        1       | reply              |            |
    """,
    "an accepted event takes the watermark, for others, to a day before it": """
        day     | event              | stage      | why
        0       | reply              | attention  | evidence
        300     | view who=zed       |            |
        1       | reply              |            | too_old
    """,
    "duplicates change nothing, not even the watermark": """
        day     | event              | stage      | why
        0       | reply id=a         | attention  | evidence
        300     | reply id=a         |            | duplicate
        0       | share id=a         |            | duplicate
        1       | reply who=zed      |            |
        300     | (silence)          | none 180   | expiry
    """,
    "the same id on another platform, or with another op, is another act": """
        day     | event                  | stage      | why
        0       | view id=a              |            |
        0       | view id=a via=mastodon | attention  | evidence
        0       | undo view id=a         |            |
        0       | undo view id=a         |            | duplicate
    """,
    # record        +5 min          +6 min
    #   |----accepted--|---refused------>
    "five minutes after its record is a clock, six are the future": """
        day     | event              | stage           | why
        0+5min  | reply record=0     | attention       | evidence
        0+6min  | reply record=0     |                 | from_the_future
        1       | reply record=9     |                 |
    """,
    "what is refused moves no watermark": """
        day     | event                     | stage      | why
        0       | reply                     | attention  | evidence
        400     | reply who=zed record=0    |            | from_the_future
        1       | reply                     |            |
    """,
}

SCENARIOS: Final = {
    **MEMBERSHIPS,
    **BLOCKS,
    **UNDOS,
    **REFUNDS,
    **REINFORCEMENT,
    **STAGE_RULES,
    **CAPS_AND_KINDS,
    **TIME,
}
