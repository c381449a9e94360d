"""The text of a scenario as steps. README.md says what the lines mean."""
import re
import shlex
from dataclasses import dataclass, field


@dataclass
class Step:
    line: int
    word: str  # one of WORDS
    text: str
    limit: float = 0.0  # seconds to repeat it until it is as expected; 0: once
    expect: list = field(default_factory=list)  # patterns, "!"-patterns as ("!", pattern)
    exit: int = 0

    @property
    def arguments(self):
        return shlex.split(self.text)


WORDS = {"$", "push", "get", "api", "let", "as", "kill", "start", "stop", "open", "probe", "copies", "reset", "shut",
         "needs", "authority"}
DEFAULT_LIMIT = 40.0


def parse(text, name):
    steps = []
    for number, raw in enumerate(text.splitlines(), 1):
        if not raw.strip() or raw.startswith("#"):
            continue
        if raw[0] in " \t":
            if not steps:
                raise SyntaxError(f"{name}:{number}: an expectation before the first step")
            expect(steps[-1], raw.strip())
            continue
        steps.append(step(raw, number, name))
    return steps


def expect(last, text):
    status = re.fullmatch(r"\(exit (\d+)\)", text)
    if status:
        last.exit = int(status.group(1))
    elif text.startswith("! "):
        last.expect.append(("!", text[2:]))
    else:
        last.expect.append(("", text))


def step(raw, number, name):
    limit = 0.0
    rest = raw.strip()
    found = re.match(r"until (?:(\d+)s )?(.*)", rest)
    if found:
        limit = float(found.group(1) or DEFAULT_LIMIT)
        rest = found.group(2)
    word, _, text = rest.partition(" ")
    if word not in WORDS:
        raise SyntaxError(f"{name}:{number}: unknown word {word!r}; there are: {' '.join(sorted(WORDS))}")
    return Step(number, word, text.strip(), limit)


def matches(pattern, line):
    """`*` stands for anything, blanks for any blanks; the whole line must fit."""
    squeezed = " ".join(line.split())
    parts = [re.escape(part) for part in " ".join(pattern.split()).split("*")]
    return re.fullmatch(".*".join(parts), squeezed) is not None


def complaint(wanted, output):
    """Why this output is not as expected, or None. Patterns must be met in order; `!` ones by no line at all."""
    lines = output.splitlines()
    at = 0
    for kind, pattern in wanted:
        if kind == "!":
            for line in lines:
                if matches(pattern, line):
                    return f"must not be there: {pattern}"
            continue
        while at < len(lines) and not matches(pattern, lines[at]):
            at += 1
        if at == len(lines):
            return f"not seen: {pattern}"
        at += 1
    return None
