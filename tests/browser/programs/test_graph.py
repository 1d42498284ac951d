"""The graph of waits: how it is laid out, that it can be reached by the keyboard, and what of a large one is shown."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server
from tests.browser.programs.programming import LONG_S, drawing, fact, node, open_program, run, wait_finding, waits

LAY_OUT = """async ([edges, cycles]) => {
    const { graph } = await import('/static/js/waits/graph.js');
    const { layout, WIDTH, HEIGHT } = await import('/static/js/waits/layout.js');
    const shown = graph(edges, cycles, new Set(cycles.flat()), () => false);
    const { places, width, height } = layout(shown.nodes.keys(), shown.lines, shown.rings);
    const boxes = Object.fromEntries([...places].map(([key, { x, y }]) => [key, [x, y]]));
    return { boxes, width, height, size: [WIDTH, HEIGHT], hidden: shown.hidden,
             nodes: [...shown.nodes.values()], lines: shown.lines };
}"""

DRAW = """async ([edges, cycles]) => {
    const { graph } = await import('/static/js/waits/graph.js');
    const { Drawing } = await import('/static/js/waits/draw.js');
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    document.body.replaceChildren(svg);
    const words = () => ({ label: 'one', below: '', title: '', href: null, tone: null, icon: '' });
    new Drawing(svg, words).show(graph(edges, cycles, new Set(cycles.flat()), () => false), 7000);
    return [...svg.querySelectorAll('text.edge-label:not([visibility=hidden])')].map((text) => {
        const { x, y, width, height } = text.getBBox();
        return [text.textContent, x, y, x + width, y + height];
    });
}"""


def edge(
    pid: int, resource: str | None, *holders: int, of: int | None = None, since: float = 0.0, to: str = ""
) -> dict[str, Any]:
    to = to or ("acquire" if resource else "join")
    words = {"label": f"in {to}()", "ended_by": "held by", "unblockers": None}
    return {"pid": pid, "resource": resource, "holders": holders, "of": of, "to": to, "since": since, **words}


def lay_out(page: Page, edges: list[dict[str, Any]], cycles: list[list[Any]]) -> Any:
    return page.evaluate(LAY_OUT, [edges, cycles])


def overlaps(drawn: Any) -> list[tuple[str, str]]:
    (width, height), boxes = drawn["size"], sorted(drawn["boxes"].items())
    return [
        (one, other)
        for at, (one, (x, y)) in enumerate(boxes)
        for other, (left, top) in boxes[at + 1 :]
        if abs(x - left) < width and abs(y - top) < height
    ]


def inside(drawn: Any) -> bool:
    width, height = drawn["size"]
    return all(
        x >= 0 and y >= 0 and x + width <= drawn["width"] and y + height <= drawn["height"]
        for x, y in drawn["boxes"].values()
    )


def test_who_waits_stands_left_of_what_it_waits_for(page: Page) -> None:
    drawn = lay_out(page, [edge(1, "a", 2), edge(3, "a", 2), edge(2, "b", 4), edge(5, None, of=4)], [])
    x = {key: place[0] for key, place in drawn["boxes"].items()}
    assert x["p1"] == x["p3"] < x["ra"] < x["p2"] < x["rb"] < x["p4"]
    assert x["p5"] == x["rb"]
    assert not overlaps(drawn)
    assert inside(drawn)


def test_a_circle_is_laid_out_as_one(page: Page) -> None:
    cycle = [1, "a", 2, "b", 3, "c", 4, "d"]
    edges = [edge(1, "a", 2), edge(2, "b", 3), edge(3, "c", 4), edge(4, "d", 1), edge(9, "a", 2), edge(8, "c", 4)]
    drawn = lay_out(page, edges, [cycle])
    ring = [drawn["boxes"][f"{'p' if isinstance(one, int) else 'r'}{one}"] for one in cycle]
    assert [y for _, y in ring] == [ring[0][1]] * 4 + [ring[4][1]] * 4
    assert [x for x, _ in ring[:4]] == [x for x, _ in reversed(ring[4:])] == sorted(x for x, _ in ring[:4])
    assert all(line["blocked"] == (line["from"] not in ("p9", "p8")) for line in drawn["lines"])
    assert not overlaps(drawn)
    assert inside(drawn)


def test_who_waits_for_itself_and_who_join_each_other_are_circles_too(page: Page) -> None:
    for edges, cycle in (
        ([edge(1, "a", 1)], [1, "a"]),
        ([edge(1, None, of=2), edge(2, None, of=1)], [1, 2]),
        ([edge(1, None, of=2), edge(2, "a", 1)], [1, 2, "a"]),
    ):
        for cycles in ([cycle], []):  # it is found by the layout, too
            drawn = lay_out(page, edges, cycles)
            assert len(drawn["boxes"]) == len(cycle)
            assert not overlaps(drawn)
            assert inside(drawn)


def test_of_many_who_wait_for_the_same_the_longest_waiting_are_shown_and_the_rest_counted(page: Page) -> None:
    drawn = lay_out(page, [edge(pid, "a", 1, since=1000 - pid) for pid in range(100, 130)], [])
    more = next(one for one in drawn["nodes"] if one["kind"] == "more")
    shown = {one["id"] for one in drawn["nodes"] if one["kind"] == "process"}
    assert more["count"] == 24
    assert shown == {1, *range(124, 130)}
    assert drawn["hidden"] == 0


def test_of_many_who_could_fill_a_queue_only_those_in_a_circle_are_drawn_and_the_rest_counted(page: Page) -> None:
    """Whatever is forked could: a line to each of them says nothing, and hides what does."""
    everybody = range(1, 35)
    got = [edge(1, "jobs", *everybody[1:], to="get"), edge(2, "jobs", *everybody[:1], *everybody[2:], to="get")]
    drawn = lay_out(page, got, [])
    assert {(one["key"], one.get("count"), one.get("group")) for one in drawn["nodes"]} == {
        ("p1", None, None),
        ("p2", None, None),
        ("rjobs", None, None),
        ("wjobs", 33, "any"),
    }
    drawn = lay_out(page, got, [[1, "jobs", 2, "jobs"]])
    assert {(line["from"], line["to"]) for line in drawn["lines"]} == {
        ("p1", "rjobs"),
        ("p2", "rjobs"),
        ("rjobs", "p1"),
        ("rjobs", "p2"),
        ("rjobs", "wjobs"),
    }


def test_of_many_who_have_acquired_a_semaphore_the_first_are_drawn(page: Page) -> None:
    drawn = lay_out(page, [edge(1, "slots", *range(2, 12))], [])
    assert [one["key"] for one in drawn["nodes"]] == ["p1", "rslots", "p2", "p3", "p4", "wslots"]
    assert drawn["nodes"][-1]["count"] == 7


def test_too_many_are_told_and_those_in_a_circle_are_shown(page: Page) -> None:
    free = [edge(pid, f"r{pid}", pid + 1000) for pid in range(100, 140)]
    drawn = lay_out(page, [*free, edge(1, "a", 2), edge(2, "b", 1)], [[1, "a", 2, "b"]])
    assert len(drawn["nodes"]) == 40
    assert drawn["hidden"] == 3 * 40 + 4 - 40
    assert {"p1", "p2", "ra", "rb"} <= set(drawn["boxes"])
    assert not overlaps(drawn)


def test_a_large_circle_is_drawn_as_one_with_its_middle_counted(page: Page) -> None:
    """A ring of thirty has sixty nodes: a strip of them says nothing, and no circle would be seen in it."""
    philosophers = [edge(at, f"fork{at}", at % 30 + 1) for at in range(1, 31)]
    guests = [edge(100 + at, f"fork{at}", at % 30 + 1) for at in (1, 15)]
    cycle = [one for at in range(1, 31) for one in (at, f"fork{at}")]
    drawn = lay_out(page, philosophers + guests, [cycle])
    kept = [f"{kind}{at}" for at in (1, 2, 3, 28, 29, 30) for kind in ("p", "rfork")]
    assert sorted(drawn["boxes"]) == sorted([*kept, "p101", "cp4"])
    (middle,) = [one for one in drawn["nodes"] if one["kind"] == "more"]
    assert (middle["count"], middle["group"]) == (24, "cycle")
    assert {(line["from"], line["to"]) for line in drawn["lines"]} >= {("rfork3", "cp4"), ("cp4", "p28")}
    assert drawn["hidden"] == 48
    assert len({y for key, (_, y) in drawn["boxes"].items() if key != "p101"}) == 2  # two rows: a ring
    assert not overlaps(drawn)


def test_any_graph_can_be_laid_out(page: Page) -> None:
    for seed in range(60):
        numbers = [(seed * 7919 + at * 104729) % 997 for at in range(3 * 20)]
        edges = [
            edge(numbers[at] % 12, f"{numbers[at + 1] % 6}" if numbers[at] % 4 else None, numbers[at + 2] % 12,
                 of=numbers[at + 1] % 12)
            for at in range(0, 60, 3)
        ]  # fmt: skip
        drawn = lay_out(page, edges, [])
        assert not overlaps(drawn), json.dumps(edges)
        assert inside(drawn), json.dumps(edges)


def printed_over(words: list[tuple[str, float, float, float, float]]) -> list[tuple[str, str]]:
    tolerance = 3  # the box of a line of words has room above and below that no letter fills
    return [
        (one, other)
        for at, (one, left, top, right, bottom) in enumerate(words)
        for other, x, y, x_end, y_end in words[at + 1 :]
        if left < x_end and x < right and top + tolerance < y_end and y + tolerance < bottom
    ]


def test_no_words_are_printed_over_others(page: Page) -> None:
    words_of_flush = {"to": "flush", "label": "flushing", "ended_by": "read by"}
    flush = [edge(pid, "a", *({1, 2, 3, 4, 5} - {pid}), since=pid) | words_of_flush for pid in (2, 3, 4, 5)]
    words = page.evaluate(DRAW, [[edge(1, None, of=2), *flush], [[1, 2, "a"]]])
    assert not printed_over(words)
    said = [text for text, *_ in words]
    assert said.count("read by") == 5
    assert "in join() 1 h 56 m" in said
    assert sum(text.startswith("flushing") for text in said) == 4
    for seed in range(20):
        numbers = [(seed * 7919 + at * 104729) % 997 for at in range(36)]
        edges = [
            edge(numbers[at] % 9, f"{numbers[at + 1] % 4}" if numbers[at] % 4 else None, numbers[at + 2] % 9,
                 of=numbers[at + 1] % 9)
            for at in range(0, 36, 3)
        ]  # fmt: skip
        assert not printed_over(page.evaluate(DRAW, [edges, []])), json.dumps(edges)


@pytest.mark.parametrize("kind", ["process", "resource"])
@pytest.mark.parametrize("icon", ["", "▲"])
def test_no_name_is_wider_than_its_node(page: Page, kind: str, icon: str) -> None:
    """Some letters are twice as wide as others."""
    beyond = page.evaluate(
        """async ([kind, icon]) => {
        const { Drawing } = await import('/static/js/waits/draw.js');
        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
        document.body.replaceChildren(svg);
        const names = ['W'.repeat(60), '<img src=x onerror=alert(1)>', 'i'.repeat(60), '名'.repeat(40), 'short'];
        const nodes = new Map(names.map((id) => [id, { key: id, kind, id, blocked: false }]));
        const words = ({ id }) => ({ label: id, below: id, title: '', href: null, tone: null, icon });
        new Drawing(svg, words).show({ nodes, lines: [], rings: [] }, 0);
        return [...svg.querySelectorAll('.node')].flatMap((node) => {
            const { x, width } = node.querySelector('rect').getBBox();
            const end = icon ? node.querySelector('.icon').getBBox().x : x + width;
            const label = node.querySelector('.label').getBBox();
            const below = node.querySelector('.below').getBBox();
            return label.x + label.width > end || below.x + below.width > x + width ? [node.textContent] : [];
        });
    }""",
        [kind, icon],
    )
    assert beyond == []


def test_its_nodes_are_links_that_the_keyboard_reaches(server: Server, page: Page) -> None:
    program = run(server, "synchronisation-deadlock", seconds=LONG_S)
    wait_finding(server, program, "deadlock")
    open_program(page, program)
    expect(drawing(page).locator("a.node")).to_have_count(4)
    node(page, "fork").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#program-panel h2")).to_have_text("fork")
    expect(fact(page, "Holder")).to_contain_text("plato")
    node(page, "plato").focus()
    expect(page.get_by_role("link", name=re.compile(r"^plato, pid \d+, blocked$"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#detail h1")).to_have_text("plato")
    expect(page.locator("#detail")).to_contain_text("Deadlock.")


def test_where_there_is_no_room_the_words_take_its_place(server: Server, page: Page) -> None:
    program = run(server, "synchronisation-deadlock", seconds=LONG_S)
    wait_finding(server, program, "deadlock")
    page.set_viewport_size({"width": 400, "height": 900})
    open_program(page, program)
    expect(waits(page)).to_have_count(2)
    expect(drawing(page)).to_be_hidden()
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_message_that_comes_over_no_resource_is_waited_for_of_a_process(page: Page) -> None:
    """Of any of those that could send it; in a circle it leads from one to the other."""
    drawn = lay_out(page, [edge(1, None, 2, 3, to="recv"), edge(2, None, 1, to="recv")], [[1, 2]])
    assert {(line["from"], line["to"], line["label"]) for line in drawn["lines"]} == {
        ("p1", "p2", "in recv()"),
        ("p1", "p3", "in recv()"),
        ("p2", "p1", "in recv()"),
    }
    assert not overlaps(drawn)
    assert inside(drawn)


def test_at_a_barrier_lines_lead_to_those_that_have_not_arrived(page: Page) -> None:
    """Where all have arrived and one is missing, to each other, without words: nobody can end that."""
    waits = {"to": "wait", "ended_by": "needs 1 more of"}
    drawn = lay_out(page, [edge(1, "gate", 2, 3) | waits | {"unblockers": [3]}], [])
    assert [(line["to"], line["label"]) for line in drawn["lines"] if line["kind"] == "holds"] == [
        ("p3", "needs 1 more of")
    ]
    everybody = [edge(1, "gate", 2), edge(2, "gate", 1)]
    drawn = lay_out(page, [one | waits | {"unblockers": []} for one in everybody], [[1, "gate", 2, "gate"]])
    assert {(line["to"], line["label"]) for line in drawn["lines"] if line["kind"] == "holds"} == {
        ("p1", ""),
        ("p2", ""),
    }


def test_managed_locks_are_a_circle_and_said_to_be_managed(server: Server, page: Page) -> None:
    """Each is held by a client; and no button offers to break what lives in the manager."""
    program = run(server, "managers-deadlock", seconds=LONG_S)
    wait_finding(server, program, "deadlock")
    open_program(page, program)
    expect(drawing(page).locator("a.node[data-blocked]")).to_have_count(4)
    expect(node(page, "savings")).to_contain_text("Managed lock · held")
    expect(waits(page).filter(has_text=re.compile(r"^in \(\d+\) waits for current, held by out"))).to_be_visible()
    expect(page.locator("#program")).to_contain_text("A managed lock lives in its manager's process")


def test_a_silent_client_and_who_waits_behind_it(server: Server, page: Page) -> None:
    """The listener reads from the one, and the other waits to be accepted; each in words of its own."""
    program = run(server, "connection-silent-client", seconds=LONG_S)
    wait_finding(server, program, "silent-client")
    open_program(page, program)
    expect(waits(page).filter(has_text=re.compile(r"^honest \(\d+\) waits to be accepted by listener"))).to_be_visible()
    expect(drawing(page)).to_contain_text("in accept()")
    expect(drawing(page)).to_contain_text("in connect()")
    expect(page.locator("#program")).to_contain_text("has connected but not completed the handshake")
