"""What happened where a segment cannot stand: the explanation that needs the fewest faults.

At such a segment several things may be true: it is one too many of its place; a mandatory segment, or the trigger of a
group, is missing before it; it stands at a wrong place; or one of the last `LOOK_BACK` segments came too early, and those behind
it were taken for its group's. Each of them is tried, the walk goes on from there over the next `AHEAD` segments, and the way with
the least cost wins (uniform-cost search, at most `MOST_TRIED` steps); of ways that cost nearly the same the one that goes on
farthest (`FAR_AHEAD`) without another fault, and where none accounts for all, the one that comes farthest. Of that way only the
first fault is taken; the next one is judged again with its own view ahead. All of this is bounded for one fault.

A segment of an unknown tag is unknown, whatever follows; it also accounts for a mandatory segment that is missing just
there (a misspelt tag is one fault, not two). A segment at a wrong place accounts for the one of that tag that is missing
elsewhere (two segments that changed places are one fault).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from edi_bridge.guide.walk import Fault, Move, Tables, Walked, follow
from edi_bridge.structure import Node

AHEAD = 12  # segments behind the fault that an explanation must account for
REPLACED = AHEAD + 2  # segments before a fault that may be placed otherwise once it is explained
MOST_TRIED = 48
HURRIED, BREATHLESS = 200, 2000  # faults in one message after which the view ahead is short, and after which there is none
HURRIED_AHEAD, HURRIED_TRIED = 4, 8
LOOK_BACK = 8  # segments before the fault of which one may have come too early
NEARLY, COMPARED, FAR_AHEAD = 0.25, 4, 48  # explanations that cost nearly the same, how many are compared, and over how many segments more
REMEMBERED = 16  # missing and misplaced tags that still look for their counterpart

# What an explanation costs. Nearly equal: the differences only break ties.
MISSING, SWAPPED, EARLY, TRIGGER, ORDER, FAR_TRIGGER, FAR_EARLY, PAIRED = 1.0, 1.02, 1.04, 1.05, 1.1, 1.15, 1.2, 0.1
RUN_TRIGGER = 2.5  # a trigger missing within a run of one tag: two too many of a run are rather told as such, more are not


class State(NamedTuple):
    """Where the walk is. `counts[d]` is how often the current node at depth d has stood in its group; `back` is where it
    goes on after a group that stands at a wrong place (`outer`); `unknown` counts the unknown segments just before; `owed` are
    tags that were missing, `spare` tags that stood at a wrong place."""

    node: Node
    counts: tuple[int, ...]
    back: State | None = None
    outer: Node | None = None
    unknown: int = 0
    owed: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()


class Option(NamedTuple):
    """One explanation of a segment: its cost, the state behind it, where segments were placed (from the one `first` away
    on), and what is wrong at the one `about` away."""

    cost: float
    state: State
    placed: tuple[Node, ...]
    wrong: tuple[tuple[str, Node], ...]
    paired: str = ""  # the tag of a missing segment that was found here
    first: int = 0
    about: int = 0


def walk(tables: Tables, tags: Sequence[str], most: int | None = None) -> Walked:
    """The place of every segment and the faults of their order. The first tag is the header's, wherever it stands; where the
    trailer is absent, the message was cut off, and what it lacks behind is no fault of its own. Behind `most` faults it stops."""
    nodes: list[Node | None] = [tables.root.children[0]]
    faults: list[Fault] = []
    state = State(tables.root.children[0], (1,))
    past: list[State] = []  # where the walk was before each of the last segments, as long as they stood well
    unknown: tuple[int, State] | None = None  # the last unknown segment, and where the walk was before it
    missed: list[tuple[str, int]] = []  # (tag, index into faults) of what `owed` holds
    while len(nodes) < len(tags) and (most is None or len(faults) <= most):
        if state.back is None and not state.unknown:
            past, state = _followed(tables, past, state, tags, nodes)
            if len(nodes) == len(tags):
                break
        number = len(nodes)
        tag = tags[number]
        after = _clean(tables, state, tag)
        if after is not None:
            nodes.append(after.node)
            past, state = [*past[1 - LOOK_BACK:], state], after
            continue
        if tag not in tables.tags:
            nodes.append(None)
            faults.append(Fault("unknown_segment", number, None))
            unknown = number, state
            past, state = [], state._replace(unknown=state.unknown + 1)
            continue
        taken = _respelt(tables, state, unknown, tags, number) or _best(tables, state, past, tags, number, len(faults))
        if taken.paired:
            at = next(index for index in range(len(missed) - 1, -1, -1) if missed[index][0] == taken.paired)
            faults[missed.pop(at)[1]] = Fault("", number, None)
        for kind, node in taken.wrong:
            if kind == "missing_segment":
                missed.append((_tag(node), len(faults)))
            faults.append(Fault(kind, number + taken.about, node))
        nodes[number + taken.first:] = taken.placed
        past, state, unknown = [], taken.state, None
    return Walked(nodes, [one for one in faults if one.kind])


def _followed(tables: Tables, past: list[State], state: State, tags: Sequence[str], nodes: list[Node | None]) -> tuple[list[State], State]:
    """The states before the last segments that stand well from here on, and the one behind them, found by the tables alone."""
    first = len(nodes)
    counts = [*state.counts, *(1,) * (tables.deepest - len(state.counts))]
    number = follow(tables.lane(state.node), counts, tags, first, nodes).number
    if number == len(tags):
        return past, state
    if number - first > LOOK_BACK:  # a second time to where the look back begins: still linear, and only where something is wrong
        counts = [*state.counts, *(1,) * (tables.deepest - len(state.counts))]
        lane = follow(tables.lane(state.node), counts, tags[first:number - LOOK_BACK], 0, []).lane
        first = number - LOOK_BACK
        past, state = [], state._replace(node=lane.node, counts=tuple(counts[:lane.node.depth]))
    for tag in tags[first:number]:
        after = _clean(tables, state, tag)
        assert after is not None, tag
        past, state = [*past[1 - LOOK_BACK:], state], after
    return past, state


def _lost(missing: tuple[Node, ...], state: State) -> list[tuple[str, Node]]:
    """The missing nodes that neither an unknown segment before nor a misplaced one accounts for."""
    if not missing:
        return []
    spare = list(state.spare)
    told = []
    for node in missing[state.unknown:]:
        if _tag(node) in spare:
            spare.remove(_tag(node))
        else:
            told.append(("missing_segment", node))
    return told


def _few(tables: Tables, state: State, outer: Node | None) -> list[tuple[str, Node]]:
    return [(_too_few(node), node) for node, depth in tables.few(state.node)
            if state.counts[depth] < tables.guide.places[node].least and (outer is None or node.depth > outer.depth)]


def _too_few(node: Node) -> str:
    return "too_few_group_repeats" if node.is_group else "too_few_repeats"


def _clean(tables: Tables, state: State, tag: str) -> State | None:
    """The state behind a segment where nothing is wrong with it; None otherwise."""
    for move in tables.moves(state.node, tag):
        if _leaves(state, move):
            break
        if move.again and state.counts[move.depth] >= move.most:
            continue
        if move.missing or any(state.counts[depth] < tables.guide.places[node].least for node, depth in move.left):
            return None
        return _moved(state, move)
    if state.back is not None and not tables.rest(state.node, state.outer):
        return _clean(tables, _home(state), tag)
    return None


def _leaves(state: State, move: Move) -> bool:
    """Whether a move goes out of the group at a wrong place that the walk is in."""
    return state.outer is not None and move.unit is not state.outer and move.unit.depth <= state.outer.depth


def _home(state: State) -> State:
    """Back from a group at a wrong place to where the walk was."""
    assert state.back is not None
    return state.back._replace(unknown=state.unknown, owed=state.owed, spare=state.spare)


def _moved(state: State, move: Move) -> State:
    count = state.counts[move.depth] + 1 if move.again else 1
    counts = (*state.counts[:move.depth], count)
    short = move.node.depth - len(counts)
    return state._replace(node=move.node, counts=counts + (1,) * short if short else counts, unknown=0)


def _options(tables: Tables, state: State, tag: str) -> Iterator[Option]:
    """Everything that may be wrong at a segment of the structure that cannot stand here just so."""
    yield from _forward(tables, state, tag, ())
    if state.back is not None:
        lost = (*_few(tables, state, state.outer), *_lost(tables.rest(state.node, state.outer), state))
        yield from _forward(tables, _home(state), tag, lost)
    if tag == tables.root.children[-1].name:
        return  # the trailer ends the message wherever it stands: what is missing is missing before it
    paired = tag in state.owed
    cost = PAIRED if paired else ORDER
    owed, spare = state.owed, state.spare
    if paired:
        owed = _without(owed, tag)
    else:
        spare = (*spare, tag)[-REMEMBERED:]
    node = _enclosing(tables, state.node, tag) or tables.tags[tag][0]
    group = node.parent
    wrong = (("segment_out_of_order", node),)
    yield Option(cost, state._replace(owed=owed, spare=spare), (node,), wrong, tag if paired else "")
    opens = group is not None and group.parent is not None and node is group.children[0] and len(group.children) > 1
    if opens and group is not None and not _is_inside(state.node, group):
        # what follows may belong to the group that it opens: a whole group at a wrong place
        inside = State(node, (1,) * node.depth, state if state.back is None else state.back, group, 0, owed, state.spare)
        yield Option(cost, inside, (node,), wrong, tag if paired else "")


def _forward(tables: Tables, state: State, tag: str, lost: tuple[tuple[str, Node], ...]) -> Iterator[Option]:
    """The ways on from a state: too many of a place, something mandatory missing, the trigger of a group missing."""
    tried = 0
    for move in tables.moves(state.node, tag):
        if _leaves(state, move):
            break
        surplus = move.again and state.counts[move.depth] >= move.most
        if surplus and not move.unit.slot and not move.unit.is_group:
            continue  # a trigger again is its group again
        wrong = [*lost, *_lost(move.missing, state)]
        wrong += [(_too_few(node), node) for node, depth in move.left if state.counts[depth] < tables.guide.places[node].least]
        if surplus:
            wrong.append(("group_repeats" if move.unit.is_group else "segment_repeats", move.unit))
        yield _option(_moved(state, move), tuple(wrong), MISSING * len(wrong), state, move.missing)
        tried += 1
        if tried == 4:
            break
    stands = _enclosing(tables, state.node, tag) is not None
    for node, missing, group, again in tables.inserts(state.node, tag):
        if state.outer is not None and (not _is_inside(group, state.outer) or state.outer.children[0] in missing):
            continue  # nothing outside the group at a wrong place, nor that group once more: its trigger has stood
        deep = group.depth - 1
        count = state.counts[deep] + 1 if again else 1
        if count > max(tables.guide.places[group].most, 1):
            continue  # that group once more would be one too many
        wrong = [*lost, *_lost(missing, state)]
        after = state._replace(node=node, counts=(*state.counts[:deep], count, *(1,) * (node.depth - group.depth)), unknown=0)
        each = RUN_TRIGGER if again and state.node.name == tag else FAR_TRIGGER if stands and not again else TRIGGER
        yield _option(after, tuple(wrong), each * max(len(wrong), 0.1), state, missing)


def _option(after: State, wrong: tuple[tuple[str, Node], ...], cost: float, before: State, missing: tuple[Node, ...]) -> Option:
    """An option that takes a segment at its place, what is missing noted among the tags that may turn up elsewhere."""
    lost = tuple(_tag(node) for kind, node in wrong if kind == "missing_segment")
    spare = before.spare
    for node in missing[before.unknown:]:
        if _tag(node) in spare:
            spare = _without(spare, _tag(node))
    owed = (*before.owed, *lost)[-REMEMBERED:] if lost else before.owed
    return Option(cost, after._replace(owed=owed, spare=spare), (after.node,), wrong)


def _respelt(tables: Tables, state: State, unknown: tuple[int, State] | None, tags: Sequence[str], number: int) -> Option | None:
    """Nothing is wrong here if the unknown segment a little before was the one that is missing now, its tag misspelt: from
    there on all segments stand well."""
    if unknown is None or not number - AHEAD <= unknown[0] < number - 1:
        return None
    moves = tables.moves(state.node, tags[number])
    lost = [node for move in moves for node in move.missing] + [node for one in tables.inserts(state.node, tags[number]) for node in one.missing]
    for tag in dict.fromkeys(map(_tag, lost)):
        here = _clean(tables, unknown[1], tag)
        placed = []
        for at in range(unknown[0] + 1, number + 1):
            here = _clean(tables, here, tags[at]) if here is not None else None
            if here is None:
                break
            placed.append(here.node)
        if here is not None:
            return Option(PAIRED, here, tuple(placed), (), first=unknown[0] + 1 - number)
    return None


def _turned(tables: Tables, state: State, past: list[State], tags: Sequence[str], number: int) -> Iterator[Option]:
    """Two neighbours may have changed places: this one and the next, or this one and the one before."""
    tag = tags[number]
    follows = tags[number + 1] if number + 1 < len(tags) else ""
    first = _clean(tables, state, follows) if follows and follows != tag else None
    second = _clean(tables, first, tag) if first is not None else None
    if first is not None and second is not None:
        yield Option(SWAPPED, second, (second.node, first.node), (("segment_out_of_order", second.node),))
    last = tags[number - 1]
    first = _clean(tables, past[-1], tag) if past and last != tag else None
    second = _clean(tables, first, last) if first is not None else None
    if first is not None and second is not None:
        yield Option(SWAPPED, second, (second.node, first.node), (("segment_out_of_order", first.node),), first=-1)


def _early(tables: Tables, state: State, past: list[State], tags: Sequence[str], number: int) -> Iterator[Option]:
    """One of the segments before may have come too early: without it all up to this one stand well."""
    stood = state.node
    for back, before in enumerate(reversed(past), 1):
        early, placed = tags[number - back], [stood]
        here: State | None = before if early != tags[number - back + 1] else None
        for other in tags[number - back + 1:number + 1]:
            here = _clean(tables, here, other) if here is not None else None
            if here is None:
                break
            placed.append(here.node)
        if here is not None:
            cost = FAR_EARLY if back > 1 or _comes_again(tables, stood, early, tags, number) else EARLY
            after = here._replace(spare=(*here.spare, early)[-REMEMBERED:])
            yield Option(cost, after, tuple(placed), (("segment_out_of_order", stood),), first=-back, about=-back)
        stood = before.node


def _comes_again(tables: Tables, node: Node, tag: str, tags: Sequence[str], number: int) -> bool:
    """Whether a tag comes again in the same instance of its group, as far as one looks ahead."""
    group = node.parent
    trigger = group.children[0].name if group is not None and group.parent is not None else ""
    for other in tags[number + 1:number + AHEAD]:
        if other == tag:
            return True
        if other == trigger:
            return False
    return False


def _best(tables: Tables, state: State, past: list[State], tags: Sequence[str], number: int, faults: int) -> Option:
    """The first step of the cheapest explanation of the segments from `number` on; of those that cost nearly the same, the one
    that carries farthest."""
    if faults > BREATHLESS:
        return min(_options(tables, state, tags[number]), key=lambda option: option.cost)
    hurried = faults > HURRIED
    end = min(len(tags), number + 1 + (HURRIED_AHEAD if hurried else AHEAD))
    heap: list[tuple[float, int, int, State, Option]] = []  # cost, minus the next segment, order of entry, where, how it began
    options = [*_options(tables, state, tags[number]), *_turned(tables, state, past, tags, number)]
    if not hurried:
        options += _early(tables, state, past, tags, number)
    for option in options:
        heappush(heap, (option.cost, -(number + option.first + len(option.placed)), len(heap), option.state, option))
    if len(heap) == 1:
        return heap[0][4]
    seen: set[tuple[int, State]] = set()
    order = len(heap)
    reached, otherwise = 0, heap[0][4]  # where too much is wrong for the number of steps: what comes farthest
    good: list[tuple[float, int, State, Option]] = []  # explanations that account for all: cost, the next segment, where, how it began
    for _ in range(HURRIED_TRIED if hurried else MOST_TRIED):
        if not heap or len(good) == COMPARED or (good and (hurried or heap[0][0] > good[0][0] + NEARLY)):
            break
        cost, at, _, here, first = heappop(heap)
        at, here = _carried(tables, here, tags, -at, end)
        if at >= end:
            if all(first is not other for *_, other in good):
                good.append((cost, at, here, first))
            continue
        if at > reached:
            reached, otherwise = at, first
        if (at, here) in seen:
            continue
        seen.add((at, here))
        order += 1
        if tags[at] not in tables.tags:
            heappush(heap, (cost + 1, -at - 1, order, here._replace(unknown=here.unknown + 1), first))
        else:
            for option in _options(tables, here, tags[at]):
                order += 1
                heappush(heap, (cost + option.cost, -at - 1, order, option.state, first))
    return _farthest(tables, tags, good) if good else otherwise


def _farthest(tables: Tables, tags: Sequence[str], good: list[tuple[float, int, State, Option]]) -> Option:
    """The explanation with which most segments stand well, up to `FAR_AHEAD`; the cheapest (the first) of several."""
    if len(good) == 1:
        return good[0][3]
    end = min(len(tags), good[0][1] + FAR_AHEAD)
    return max(good, key=lambda one: _carried(tables, one[2], tags, one[1], end)[0])[3]


def _carried(tables: Tables, state: State, tags: Sequence[str], at: int, end: int) -> tuple[int, State]:
    """How far the walk comes from segment `at` on with nothing wrong."""
    while at < end:
        after = _clean(tables, state, tags[at])
        if after is None:
            break
        state = after
        at += 1
    return at, state


def _is_inside(node: Node, group: Node) -> bool:
    here: Node | None = node
    while here is not None and here is not group:
        here = here.parent
    return here is group


def _enclosing(tables: Tables, node: Node, tag: str) -> Node | None:
    """The place of a tag in the nearest group around a place."""
    here = node
    while here.parent is not None:
        for child in here.parent.children:
            if _tag(child) == tag:
                return child if not child.is_group else child.children[0]
        here = here.parent
    return None


def _tag(node: Node) -> str:
    while node.children:
        node = node.children[0]
    return node.name


def _without(tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    at = tags.index(tag)
    return tags[:at] + tags[at + 1:]
