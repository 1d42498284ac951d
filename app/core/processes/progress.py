"""What reports, sweeps and probes show about a living process, and whether it is stuck.

Pure.  A quiet process is first probed (`Probe`).  If what it is blocked on is suspicious, it is stuck, and its line of
Python is asked for (`FindFrame`).
"""

from collections.abc import Iterator
from typing import assert_never

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger, possible
from app.core.fleet.member import Member
from app.protocol import reports as r
from app.records import primitives as p
from app.records.event import EventDraft
from app.records.masking import masked_text
from app.records.process import LIVE, Descendant, Progress, Sample, Sentinel, State, Stuck

_STOPPED = ("T", "t")
#: An observed child that has not said hello by then will not.
_SILENT_S = 5.0


def reported(fleet: Fleet, member: Member, report: r.AnyReport, now: p.Now, out: a.Out) -> None:
    """Take a report of the process or of a fork of it."""
    match report:
        case r.Booted():
            _booted(fleet, member, report, now, out)
        case r.Progressed(done=done, total=total, note=note):
            member.watch.reported(done, total, now.mono)
            member.update(progress=Progress(done=done, total=total, note=note, at=now.wall))
            _unstuck(member, now, out)
        case r.Raised(error=error, traceback=traceback):
            member.error = masked_text(error)
            member.update(error=masked_text(traceback))
        case r.FailedToStart(error=error, traceback=traceback):
            member.error = masked_text(error)
            member.update(error=masked_text(traceback), failed_to_start=True)
        case r.Forked():
            return  # the inventory's business
        case _:
            assert_never(report)
    fleet.changed(member)


def _booted(fleet: Fleet, member: Member, report: r.Booted, now: p.Now, out: a.Out) -> None:
    if member.process.booted or report.pid != member.process.pid:
        return
    preloaded = report.preloaded if member.process.start_method == "forkserver" else None
    if possible(member.process.state, Trigger.BOOT):
        member.advance(Trigger.BOOT, booted=True, preloaded=preloaded)
        out.append(a.Note(member.draft(now, "booted", "target function started", "process")))
    member.watch.since = now.mono


def looked(fleet: Fleet, member: Member, os_state: str | None, now: p.Now, out: a.Out) -> None:
    """Take the state letter, the only sign of a SIGSTOP."""
    if os_state is None or member.key is None:
        return
    before = member.process
    member.update(os_state=os_state)
    if os_state in _STOPPED and before.state is State.RUNNING:
        member.advance(Trigger.SUSPEND, stuck=None)
        out.append(a.Note(member.draft(now, "suspended", "by SIGSTOP", _last_sender(member))))
    elif os_state not in _STOPPED and before.state is State.SUSPENDED:
        member.advance(Trigger.RESUME)
        member.watch.since = member.watch.busy_at = now.mono
        if member.watch.reported_at is not None:
            member.watch.reported_at = now.mono
        out.append(a.Note(member.draft(now, "resumed", "by SIGCONT", "process")))
    if member.process != before:
        fleet.changed(member)


def _last_sender(member: Member) -> str:
    return member.sent[-1].by if member.sent else "process"


def sampled(fleet: Fleet, event: e.Sampled, now: p.Now, out: a.Out) -> None:
    """Take the figures of a sweep, and judge which processes make no progress."""
    out += [a.Note(draft) for draft in _new_orphans(fleet, event.descendants, now)]
    counts = _take_descendants(fleet, event.descendants)
    for process_id, member in fleet.members.items():
        process = member.process
        count, log_bytes = counts.get(process_id, 0), event.log_bytes.get(process_id, process.log_bytes)
        if count != process.descendants or log_bytes != process.log_bytes:
            member.update(descendants=count, log_bytes=log_bytes)
            fleet.changed(member)
        if member.key is None or not (sample := event.samples.get(process_id)):
            continue
        # Most of a thousand processes are idle: their sample is the very same object, and says nothing new.
        if sample is not member.sample or sample.cpu_percent or process.os_state != sample.os_state or process.observed:
            _sampled_one(fleet, member, sample, now, out)
        _judge(fleet, member, now, out)


def _new_orphans(fleet: Fleet, descendants: tuple[Descendant, ...], now: p.Now) -> Iterator[EventDraft]:
    """Yield a line for each new orphan, but those being ended with their process."""
    for one in descendants:
        if not one.orphan or ((before := fleet.descendants.get(one.id)) and before.orphan):
            continue
        member = fleet.members.get(one.root or "")
        if member and member.stop:
            continue
        whose = f"of {one.root}" if one.root else "of unknown origin"
        text = f"orphan {whose}: {one.command[:200]}"
        yield EventDraft(
            at=now.wall, kind="orphan", text=text, by="process", process=one.root, pid=one.pid, name=one.name
        )


def _take_descendants(fleet: Fleet, descendants: tuple[Descendant, ...]) -> dict[str, int]:
    fresh = {one.id: one for one in descendants}
    fleet.removed |= fleet.descendants.keys() - fresh.keys()
    fleet.dirty |= {key for key, one in fresh.items() if fleet.descendants.get(key) != one}
    fleet.descendants = fresh
    counts: dict[str, int] = {}
    for one in descendants:
        if one.root:
            counts[one.root] = counts.get(one.root, 0) + 1
            member = fleet.members.get(one.root)
            if member and member.stop:
                member.stop.remember(frozenset({one.key}))
    return counts


def _sampled_one(fleet: Fleet, member: Member, sample: Sample, now: p.Now, out: a.Out) -> None:
    before, member.sample = member.process, sample
    member.watch.sampled(sample.cpu_percent, now.mono)
    member.update(
        ppid=sample.ppid,
        cpu_percent=sample.cpu_percent,
        rss_bytes=sample.rss_bytes,
        threads=sample.threads,
        fds=sample.fds,
    )
    if before.observed and before.state is State.STARTING and now.mono - member.watch.since > _SILENT_S:
        member.advance(Trigger.BOOT)  # it runs, and cannot say so: its interpreter ignores its environment
    looked(fleet, member, sample.os_state, now, out)
    if member.process != before:
        fleet.changed(member)


def _judge(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    if member.process.observed:
        return
    limit = member.process.stuck_after_s
    if limit is None or not member.watch.quiet(member.process, limit, now.mono):
        _unstuck(member, now, out)
        return
    if member.key and member.watch.wants_probe(now.mono):
        out.append(a.Probe(member.id, member.key))
    if member.process.stuck:
        _diagnose(fleet, member, now)


def blocked_on(fleet: Fleet, member: Member, event: e.BlockedOn, now: p.Now, out: a.Out) -> None:
    """Judge a quiet process, now that it is known what it is blocked on."""
    limit, watch = member.process.stuck_after_s, member.watch
    if limit is None or not watch.quiet(member.process, limit, now.mono):
        return
    if not event.suspicious and watch.reported_at is None:
        _unstuck(member, now, out)
        return
    watch.blocked = event.words
    if member.process.stuck is None:
        _diagnose(fleet, member, now)
        if member.key:
            out.append(a.FindFrame(member.id, member.key))


def judged(fleet: Fleet, member: Member, stuck: Stuck | None) -> None:
    """Take the judgement of an observed process, about which findings have their own lines in the journal."""
    if member.process.observed and (stuck is None or member.process.state in LIVE):
        member.update(stuck=stuck)
        fleet.changed(member)


def frame_found(fleet: Fleet, member: Member, words: str, now: p.Now, out: a.Out) -> None:
    """Add the line of Python to the reason, empty if unknown, and journal that the process is stuck."""
    if member.process.stuck:
        member.watch.frame = words
        reason = _diagnose(fleet, member, now)
        out.append(a.Note(member.draft(now, "stuck", reason, "supervisor")))


def _diagnose(fleet: Fleet, member: Member, now: p.Now) -> str:
    stuck = member.watch.diagnosis(member.process, now.mono, now.wall)
    member.update(stuck=stuck)
    fleet.changed(member)
    return stuck.reason


def _unstuck(member: Member, now: p.Now, out: a.Out) -> None:
    member.watch.frame = member.watch.blocked = ""
    if member.process.stuck:
        member.update(stuck=None)
        out.append(a.Note(member.draft(now, "unstuck", "makes progress again", "process")))


def sentinel_seen(fleet: Fleet, member: Member, event: e.SentinelSeen) -> None:
    """Take what the sentinel of a dead process shows."""
    sentinel = member.process.sentinel
    if sentinel is None:
        return
    fresh = Sentinel(fd=sentinel.fd, ready=event.ready, held_by=event.held_by)
    if fresh != sentinel:
        member.update(sentinel=fresh)
        fleet.changed(member)


def forkserver_lost(pid: int, now: p.Now) -> EventDraft:
    """Return the journal line; its children are not shown as exited, they live on below the supervisor."""
    text = f"the forkserver (pid {pid}) died; its processes continue, and a new one is started"
    return EventDraft(at=now.wall, kind="forkserver", text=text, by="supervisor", pid=pid)
