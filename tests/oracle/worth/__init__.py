"""The independent, naive oracle of what relationships are worth (the contract, 8 and 9)."""

from .games import markov, shapley
from .policy import DEFAULT, WorthPolicy
from .run import Worth, worth
from .valued import WorthTransition

__all__ = ["DEFAULT", "Worth", "WorthPolicy", "WorthTransition", "markov", "shapley", "worth"]
