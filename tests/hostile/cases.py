"""How a case says what it is."""
from dataclasses import dataclass
from typing import Callable


class Options:
    long = False
    sluice = None


@dataclass
class Told:
    name: str
    act: Callable
    alone: bool = False  # takes all of the machine for a moment
    own_server: bool = False  # acts by itself, not on a Case
    starts_bare: bool = False  # makes its stack itself
    slow: int = 0  # the slowest begin first


ALL = []


def case(name, **how):
    def add(act):
        ALL.append(Told(name, act, **how))
        return act
    return add
