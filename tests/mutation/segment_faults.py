"""Faults in the order and number of segments, the hierarchy and the totals."""

from __future__ import annotations

from tests.mutation import facts
from tests.mutation.facts import Node
from tests.mutation.field import COUNTED, FRAME, TOTALS, Expected, Fault, Field
from tests.mutation.wire import Seg

STRANGER = "ZZX"  # no message has it
LONGEST = 15  # segments of a group that is looked at as a whole
BESIDE, AROUND = 4, 12  # how far from a planted fault a segment is looked for that explains another by being moved, and where to


def _tags(segments: list[Seg]) -> list[str]:
    return [segment.tag for segment in segments]


def _legal(field: Field, segments: list[Seg]) -> bool:
    return facts.legal(field.base.root, _tags(segments))


def _movable(field: Field) -> list[int]:
    """Segments that stand alone: no trigger of a group that holds something else, none that others count or hang on."""
    found = []
    for index, (segment, place) in enumerate(zip(field.clean, field.base.places, strict=True)):
        if segment.tag in FRAME or not field.free(index) or index in (0, len(field.clean) - 1):
            continue
        if _heads(field, index) and len(_instance(field, index)) > 1:
            continue
        if place.node.tag == segment.tag:
            found.append(index)
    return found


def _heads(field: Field, index: int) -> bool:
    """Whether the segment is the trigger of a group."""
    groups = field.base.places[index].groups
    return bool(groups) and groups[-1][1] == index


def _instance(field: Field, index: int) -> list[int]:
    """The numbers of the segments of the group that the segment at `index` begins."""
    group = field.base.places[index].groups[-1]
    return [number for number, place in enumerate(field.base.places) if group in place.groups]


def _one_missing(field: Field, segments: list[Seg], tags: set[str] | None = None) -> tuple[Expected, ...]:
    """Every reading of an order that is legal as soon as one segment more stands in it: that segment is missing there."""
    known = sorted(tags or {node.trigger for node in _nodes(field.base.root, True) if node.least or node.children})
    found = []
    order = _tags(segments)
    fits = facts.expression(field.base.root).fullmatch
    for at in range(1, len(order)):
        before, behind = facts.text(order[:at]), facts.text(order[at:])
        found += [Expected(frozenset({"missing_segment"}), (segments[at],), tag=tag) for tag in known if fits(f"{before}{tag} {behind}")]
    return tuple(found)


def _one_out_of_order(field: Field, segments: list[Seg]) -> tuple[Seg, ...]:
    """Every segment, or trigger of a group, without which (the group as a whole) the order is legal."""
    order = _tags(segments)
    groups = [node for node in _nodes(field.base.root, True) if node.children]
    found = []
    for at in range(1, len(order) - 1):
        ends = {at + 1}
        for group in groups:
            if group.trigger == order[at]:
                ends |= {end for end in range(at + 2, min(at + LONGEST, len(order))) if facts.legal(group, order[at:end])}
        if any(facts.legal(field.base.root, order[:at] + order[end:]) for end in ends):
            found.append(segments[at])
    return tuple(found)


def _one_moved(field: Field, segments: list[Seg], near: int) -> tuple[Expected, ...]:
    """Every segment near a place that makes the order legal when it is put somewhere else near it."""
    found = []
    first, last = max(near - 4, 1), min(near + 10, len(segments) - 1)
    for one in segments[first:last]:
        others = [other for other in segments if other is not one]
        if any(_legal(field, others[:at] + [one] + others[at:]) for at in range(first, last)):
            found.append(one)
    return (Expected(frozenset({"segment_out_of_order"}), tuple(found)),) if found else ()


def _one_too_many(segments: list[Seg], explains: tuple[Seg, ...]) -> tuple[Expected, ...]:
    """Where one of the same tag stands just before, a segment at a wrong place may as well be one too many."""
    found = []
    for one in explains:
        at = segments.index(one)
        if one.tag in _tags(segments[max(at - 4, 0):at]):
            found.append(Expected(frozenset({"segment_repeats", "group_repeats"}), (one,)))
    return tuple(found)


def _nodes(node: Node, whole: bool = False) -> list[Node]:
    """The segments of a group and of those inside it; `whole`: the groups as well."""
    inside = [below for child in node.children for below in _nodes(child, whole)]
    return inside + [node] if whole or not node.children else inside


def remove_mandatory(field: Field) -> Fault | None:
    """A mandatory segment is taken away that begins no group with something in it."""
    choices = []
    for index, place in enumerate(field.base.places):
        alone = not _heads(field, index) or len(_instance(field, index)) == 1
        if index in (0, len(field.clean) - 1) or not field.free(index) or field.clean[index].tag in ("HL", "CPS", "LS", "LE"):
            continue
        if place.node.least >= 1 and alone and not _legal(field, _without(field, index)):
            choices.append(index)
    if not choices:
        return None
    return _removed(field, field.random.choice(choices), "remove_mandatory")


def _removed(field: Field, index: int, name: str) -> Fault:
    gone, after = field.clean[index], field.clean[index + 1]
    ways = _one_missing(field, _without(field, index), {gone.tag})
    field.take(index, *(field.clean.index(way.at[0]) for way in ways))
    field.wire.segments.remove(gone)
    return Fault(name, [Expected(frozenset({"missing_segment"}), (after,), tag=gone.tag, ways=ways)])


def remove_trigger(field: Field) -> Fault | None:
    """The trigger of a group is taken away, what belongs to it stays: it has no place without it. Where it then only lengthens
    the run of its tag by two or more (TAX MOA MOA, TAX MOA MOA), each of them may be told as one too many: such are left out."""
    choices = []
    for index in range(1, len(field.clean) - 1):
        if not _heads(field, index) or field.clean[index].tag in FRAME - {"LX"} or len(_instance(field, index)) < 2:
            continue
        whole = _instance(field, index)
        before, first, second = (field.clean[one].tag for one in (index - 1, index + 1, min(index + 2, len(field.clean) - 1)))
        if before == first == second:
            continue
        if field.free(*whole) and not {field.clean[one].tag for one in whole} & FRAME and not _legal(field, _without(field, index)):
            choices.append(index)
    if not choices:
        return None
    index = field.random.choice(choices)
    rest, orphan = _without(field, index), field.clean[index + 1]
    ways = _one_missing(field, rest)
    alone = _one_out_of_order(field, rest)
    if alone:
        ways += (Expected(frozenset({"segment_out_of_order"}), alone),)
    ways += _one_too_many(rest, alone) + _one_moved(field, rest, index)
    field.take(*_instance(field, index))
    field.wire.segments.remove(field.clean[index])
    return Fault("remove_trigger", [Expected(frozenset({"missing_segment"}), (orphan,), tag=field.clean[index].tag, ways=ways)])


def _without(field: Field, index: int) -> list[Seg]:
    return field.clean[:index] + field.clean[index + 1:]


def insert_stranger(field: Field) -> Fault | None:
    """A segment that the message does not have."""
    index = field.random.randrange(1, len(field.clean))
    if not field.free(index - 1, index):
        return None
    other = Seg(STRANGER, [[["1"]]])
    field.take(index - 1, index)
    field.wire.segments.insert(field.wire.segments.index(field.clean[index]), other)
    return Fault("insert_stranger", [Expected(frozenset({"unknown_segment"}), (other,))])


def move(field: Field) -> Fault | None:
    """A segment stands where it cannot. Whatever single segment explains it may be named; a legal move is none."""
    movable = _movable(field)
    for _ in range(40):
        if not movable:
            return None
        index = field.random.choice(movable)
        gone = field.clean[index]
        rest = _without(field, index)
        at = field.random.randrange(1, len(rest))
        if abs(at - index) < 2 or not _legal(field, rest) or gone.tag in (rest[at - 1].tag, rest[at].tag):
            continue
        moved = rest[:at] + [gone] + rest[at:]
        if _legal(field, moved):
            continue
        explains = _one_out_of_order(field, moved)
        numbers = [field.clean.index(one) for one in explains]
        neighbours = [field.clean.index(rest[at - 1]), field.clean.index(rest[at])]
        if not field.free(*numbers, *neighbours):
            continue
        field.take(*numbers, *neighbours)
        field.wire.segments.remove(gone)
        field.wire.segments.insert(field.wire.segments.index(rest[at]), gone)
        ways = _one_missing(field, moved) + _one_too_many(moved, explains)
        return Fault("move", [Expected(frozenset({"segment_out_of_order"}), explains, ways=ways)],
                     field.totals() if gone.tag in COUNTED else [])
    return None


def _run(field: Field, index: int) -> list[int]:
    """The neighbouring segments that stand at the same node in the same group."""
    here = field.base.places[index]
    return [number for number, place in enumerate(field.base.places) if place.node is here.node and place.groups == here.groups]


def repeat_segment(field: Field) -> Fault | None:
    """A segment stands once more than it may."""
    choices = []
    for index in range(1, len(field.clean) - 1):
        place, tag = field.base.places[index], field.clean[index].tag
        if _heads(field, index) or tag in FRAME or place.node.most > 12 or not field.free(*_run(field, index)):
            continue
        run = _run(field, index)
        copies = [field.clean[run[-1]].copy() for _ in range(place.node.most + 1 - len(run))]
        if not _legal(field, field.clean[:run[-1] + 1] + copies + field.clean[run[-1] + 1:]):
            choices.append((run, copies))
    if not choices:
        return None
    run, copies = field.random.choice(choices)
    field.take(*run)
    at = field.wire.segments.index(field.clean[run[-1]]) + 1
    field.wire.segments[at:at] = copies
    return Fault("repeat_segment", [Expected(frozenset({"segment_repeats"}), (copies[-1],))],
                 field.totals() if copies[0].tag in COUNTED else [])


def repeat_group(field: Field) -> Fault | None:
    """A group stands once more than it may."""
    choices = []
    for index in range(1, len(field.clean) - 1):
        if not _heads(field, index):
            continue
        place = field.base.places[index]
        group = place.groups[-1][0]
        whole = _instance(field, index)
        if group.most > 25 or {field.clean[one].tag for one in whole} & FRAME or not field.free(*whole):
            continue
        times = sum(1 for number, other in enumerate(field.base.places)
                    if other.groups and other.groups[-1] == (group, number) and other.groups[:-1] == place.groups[:-1])
        last = max(number for number, other in enumerate(field.base.places)
                   if other.groups[:-1] == place.groups[:-1] and other.groups and other.groups[-1] == (group, number))
        if last == index:
            choices.append((whole, group.most + 1 - times))
    field.random.shuffle(choices)
    for whole, more in choices:
        copies = [[field.clean[one].copy() for one in whole] for _ in range(more)]
        flat = [one for instance in copies for one in instance]
        if _legal(field, field.clean[:whole[-1] + 1] + flat + field.clean[whole[-1] + 1:]):
            continue
        field.take(*whole)
        at = field.wire.segments.index(field.clean[whole[-1]]) + 1
        field.wire.segments[at:at] = flat
        kinds = {"group_repeats"} if len(whole) > 1 else {"group_repeats", "segment_repeats"}
        return Fault("repeat_group", [Expected(frozenset(kinds), (copies[-1][0],))])
    return None


def section_missing(field: Field) -> Fault | None:
    """UNS between the sections is not there."""
    index = next((number for number, one in enumerate(field.clean) if one.tag == "UNS"), None)
    if index is None or not field.free(index):
        return None
    return _removed(field, index, "section_missing")


def section_twice(field: Field) -> Fault | None:
    """UNS stands twice."""
    index = next((number for number, one in enumerate(field.clean) if one.tag == "UNS"), None)
    if index is None or not field.free(index):
        return None
    field.take(index)
    again = field.clean[index].copy()
    field.wire.segments.insert(field.wire.segments.index(field.clean[index]) + 1, again)
    return Fault("section_twice", [Expected(frozenset({"segment_repeats", "segment_out_of_order"}), (field.clean[index], again))])


def wrong_count(field: Field) -> Fault | None:
    """The trailer counts one segment too many."""
    if field.miscount:
        return None
    field.miscount = 1
    trailer = field.clean[-1]
    return Fault("wrong_count", [Expected(frozenset({"segment_count_mismatch"}), (trailer,), elements=frozenset({1}))])


def wrong_total(field: Field) -> Fault | None:
    """A control total is not what the message adds up to."""
    indexes = [number for number, one in enumerate(field.clean) if one.tag in TOTALS and number not in field.taken]
    if not indexes or not any(one.tag in ("LIN", "PO1", "POC", "IT1", "HL") for one in field.clean):
        return None
    index = field.random.choice(indexes)
    field.taken.add(index)
    total = field.clean[index]
    element, component = (1, 1) if field.x12 else (1, 2)
    total.put(element, component, str(int(total.value(element, component)) + 1))
    return Fault("wrong_total", [Expected(frozenset({"control_total_mismatch"}), (total,), elements=frozenset({element}),
                                          components=frozenset({None} if field.x12 else {component}))])


def hierarchy(field: Field) -> Fault | None:
    """A node names a parent that is not there, itself, or one of its own children; or a node's number stands twice."""
    nodes = [one for one in field.clean if one.tag in ("HL", "CPS")]
    children = [one for one in nodes if one.value(2)]
    if not children or any(field.clean.index(one) in field.taken for one in nodes):
        return None
    field.taken |= {field.clean.index(one) for one in nodes}
    child = field.random.choice(children)
    way = field.random.choice(("orphan", "itself", "circle", "twice"))
    where: tuple[Seg, ...] = (child,)
    if way == "orphan":
        child.put(2, 1, "9877")
    elif way == "itself":
        child.put(2, 1, child.value(1))
    elif way == "circle":
        parent = next(one for one in nodes if one.value(1) == child.value(2))
        parent.put(2, 1, child.value(1))
        where = (child, parent)
    else:
        leaves = [one for one in children if not any(other.value(2) == one.value(1) for other in nodes)]
        child = field.random.choice(leaves)
        others = [one.value(1) for one in nodes if one is not child and one.value(1) != child.value(2)]
        if not others:
            return None
        child.put(1, 1, field.random.choice(others))
        where = tuple(one for one in nodes if one.value(1) == child.value(1))
    said = [Expected(frozenset({"bad_hierarchy"}), where, elements=frozenset({4}))] if way != "orphan" else []  # HL04 and new children
    return Fault(f"hierarchy {way}", [Expected(frozenset({"bad_hierarchy"}), where, elements=frozenset({1 if way == "twice" else 2}))], said)


def loop_bound(field: Field) -> Fault | None:
    """LE names another loop than LS, or is not there."""
    bounds = [number for number, one in enumerate(field.clean) if one.tag == "LE" and field.free(number)]
    if not bounds:
        return None
    index = field.random.choice(bounds)
    if field.random.random() < 0.5:
        return _removed(field, index, "loop_bound")
    field.taken.add(index)
    field.clean[index].put(1, 1, "SLN")
    return Fault("loop_bound", [Expected(frozenset({"loop_bound_mismatch"}), (field.clean[index],), elements=frozenset({None, 1}))])


def one_change_explains(field: Field, faults: list[Fault]) -> bool:
    """Whether the order of the segments as it is now needs one change only to be legal: one segment more, one less, one elsewhere,
    or another tag for the stranger (a misspelt tag is one fault)."""
    now = field.wire.segments
    if any(one.tag == STRANGER for one in now):
        tags = {node.tag for node in _nodes(field.base.root)}
        return any(facts.legal(field.base.root, [tag if one.tag == STRANGER else one.tag for one in now]) for tag in tags)
    return _legal(field, now) or bool(_one_out_of_order(field, now)) or bool(_one_missing(field, now)) or _move_explains(field, faults, now)


def _move_explains(field: Field, faults: list[Fault], now: list[Seg]) -> bool:
    """Whether the order is legal once a segment near a fault stands near one: what is missing there, too many here."""
    planted = {now.index(segment) for fault in faults for one in fault.expected for segment in one.at if segment in now}
    order = _tags(now)

    def near(width: int) -> list[int]:
        return sorted({at for one in planted for at in range(max(one - width, 1), min(one + width + 1, len(order) - 1))})

    for one in near(BESIDE):
        rest = order[:one] + order[one + 1:]
        if any(facts.legal(field.base.root, rest[:at] + [order[one]] + rest[at:]) for at in near(AROUND)):
            return True
    return False


ORDER = (remove_mandatory, remove_trigger, insert_stranger, move, repeat_segment, repeat_group, section_missing, section_twice)
OTHERS = (wrong_count, wrong_total, hierarchy, loop_bound)
PLANTERS = (*ORDER, *OTHERS)
