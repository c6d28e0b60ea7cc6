"""The program's own mailbox transport against the network in a box, with the channel that the network prints."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lab_case import Lab, edifact, x12

from edi_bridge.channel import Channel, load
from edi_bridge.fault import TransientFault
from edi_bridge.network_report import read_report
from edi_bridge.report_layout import Status
from edi_bridge.secret import Secrets
from edi_bridge.transport import open_transport
from edi_bridge.transport.contract import Presence, Transport
from edi_bridge.transport.van import reports_channel
from edi_bridge.yamltext import parse

Way = Callable[..., Transport]


def channel_of(lab: Lab, name: str, **more: Any) -> Channel:
    block = parse(lab.van.channels(lab.account(name)), "partners/_channels.yaml")["channels"]
    block["lab"].update(parse(json.dumps(more), "more"))
    return load(block, "", "partners/_channels.yaml")["lab"]


@pytest.fixture
def way(lab: Lab) -> Iterator[Way]:
    made: list[Transport] = []
    secrets = Secrets(environ={f"EDI_BRIDGE_SECRET_LAB_{one.name.upper()}": one.password for one in lab.van.accounts})

    def way(name: str, reports: bool = False, **more: Any) -> Transport:
        channel = channel_of(lab, name, **more)
        made.append(open_transport((reports_channel(channel) or channel) if reports else channel, secrets))
        return made[-1]

    yield way
    for one in made:
        one.close()


def put(transport: Transport, content: bytes, name: str = "order.edi") -> None:
    transport.put(name, io.BytesIO(content), len(content))


def fetched(transport: Transport) -> list[bytes]:
    found = []
    for file in list(transport.listing()):
        into = io.BytesIO()
        transport.fetch(file, into)
        transport.confirm(file)
        found.append(into.getvalue())
    return found


@pytest.mark.parametrize("form", ["delimited", "fixed", "ta3"])
def test_there_and_told(start: Callable[..., Lab], form: str) -> None:
    lab = start(form=form)
    secrets = Secrets(environ={f"EDI_BRIDGE_SECRET_LAB_{one.name.upper()}": one.password for one in lab.van.accounts})
    ours, theirs = (open_transport(channel_of(lab, name), secrets) for name in ("we", "acme"))
    put(ours, x12(17))
    lab.arrived("acme", 1)
    assert fetched(theirs) == [x12(17)] and lab.box("acme") == {}
    lab.until(lambda: any(status == "picked_up" for status, _, _ in lab.said("we")))
    channel = reports_channel(channel_of(lab, "we"))
    assert channel is not None
    reports = open_transport(channel, secrets)
    said = [one for raw in fetched(reports) for one in read_report(raw, channel.options["report"]).statements]
    assert said[-1].status is Status.PICKED_UP and {one.control for one in said} == {"000000017"}
    assert {(one.sender_qualifier, one.sender, one.receiver_qualifier, one.receiver) for one in said} == {("ZZ", "NORDWINDUS", "ZZ", "ACMEHARDWARE")}
    for one in (ours, theirs, reports):
        one.close()


def test_a_put_that_was_cut_is_not_taken_and_comes_once(lab: Lab, way: Way) -> None:
    lab.set(we__disconnect="1")
    transport = way("we")
    with pytest.raises(TransientFault):
        put(transport, edifact("1"))
    assert transport.look("order.edi", len(edifact("1"))) in (Presence.PARTIAL, Presence.UNKNOWN)
    put(transport, edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")]


def test_a_rename_that_is_refused_leaves_nothing_taken(lab: Lab, way: Way) -> None:
    lab.set(rename_fails="always")
    with pytest.raises(TransientFault):
        put(way("we"), edifact("1"))
    lab.van.network.sweep()
    assert lab.box("acme") == {}
    lab.set(rename_fails="off")
    put(way("we"), edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")]


def test_a_mailbox_without_room_is_transient(lab: Lab, way: Way) -> None:
    lab.set(full="always")
    with pytest.raises(TransientFault):
        put(way("we"), edifact("1"))
    lab.set(full="off")
    put(way("we"), edifact("1"))
    assert lab.arrived("acme", 1) == [edifact("1")]


def test_a_fetch_that_was_cut_loses_nothing_also_where_reading_takes_away(lab: Lab, way: Way) -> None:
    content = edifact("1", text="x" * 300_000)
    put(way("we"), content)
    lab.arrived("acme", 1)
    lab.set(acme__delete_on_read="on", acme__disconnect="1")
    transport = way("acme")
    (file,) = transport.listing()
    into = io.BytesIO()
    try:
        transport.fetch(file, into)
    except TransientFault:
        into = io.BytesIO()
        way("acme").fetch(file, into)
    assert into.getvalue() == content
    lab.until(lambda: lab.box("acme") == {})
    transport.confirm(file)


def test_the_printed_channel_knows_a_mailbox_that_deletes_on_reading(lab: Lab) -> None:
    assert channel_of(lab, "acme").options["reads_once"] is False
    lab.set(acme__delete_on_read="on")
    assert channel_of(lab, "acme").options["reads_once"] is True
