from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest

from edgepi.clock import ScaledClock, TimeScale
from edgepi.compute.engine import Engine, owner_of
from edgepi.compute.leftovers import end_all, kill_all
from edgepi.compute.model import ExitReason, Network
from edgepi.compute.sandbox import Sandbox
from edgepi.errors import ImageError, SandboxError
from tests.compute.conftest import MIB, OWNER, Bench

pytestmark = pytest.mark.slow

# Only root may mount, and only a node that may mount gives jobs disks of their own.
MAY_MOUNT = os.geteuid() == 0
KINDS = {"own disk": True, "watched folder": False} if MAY_MOUNT else {"watched folder": False}
BOTH = pytest.mark.parametrize("mount", KINDS.values(), ids=KINDS)


@BOTH
async def test_an_app_reads_its_inputs_and_leaves_its_outputs(bench: Bench, mount: bool) -> None:
    inputs = bench.folder / "inputs"
    inputs.mkdir()
    (inputs / "word").write_text("solar")
    job = await bench.job(
        'cat /in/word > /out/copy; mkdir /out/sub; echo "$MORE" > /out/sub/more; echo said; echo shouted >&2;'
        "cd /tmp && echo x > scratch; chmod 000 /out/copy; touch /in/word || echo refused",
        inputs=inputs,
        environment={"MORE": "a=b c"},
    )
    sandbox = bench.sandbox(mount=mount)
    outcome = await bench.outcome(sandbox, job)
    assert outcome.ok, outcome
    assert job.outputs is not None
    assert (job.outputs / "copy").read_text() == "solar"
    assert (job.outputs / "copy").stat().st_mode & 0o777 == 0o644
    assert (job.outputs / "sub/more").read_text() == "a=b c\n"
    assert outcome.stdout == "said\nrefused\n"
    assert outcome.stderr.startswith("shouted\n")
    assert list((bench.folder / OWNER / "boxes").iterdir()) == []


async def test_an_exit_code_and_a_missing_program_are_failures_of_the_app(bench: Bench) -> None:
    sandbox = bench.sandbox()
    failed = await bench.outcome(sandbox, await bench.job("exit 3"))
    assert (failed.reason, failed.exit_code) == (ExitReason.FAILED, 3)
    missing = await bench.outcome(sandbox, await bench.job(job_id="b", command=("/nothing",)))
    assert (missing.reason, missing.exit_code) == (ExitReason.FAILED, 127)
    gone = await bench.job(job_id="c")
    await bench.ask(lambda client: client.api.remove_image(gone.image.reference))
    with pytest.raises(ImageError, match="not here"):
        await sandbox.run(gone)
    assert await sandbox.leftovers() == ()


async def test_an_app_that_needs_too_much_memory_is_told_from_one_that_fails(bench: Bench) -> None:
    sandbox = bench.sandbox()
    greedy = await bench.job("dd if=/dev/zero of=/dev/null bs=200M count=1", memory_bytes=32 * MIB)
    outcome = await bench.outcome(sandbox, greedy)
    assert outcome.reason is ExitReason.OUT_OF_MEMORY, outcome
    files = await bench.job(
        "dd if=/dev/zero of=/tmp/a bs=1M; dd if=/dev/zero of=/run/b bs=1M; exit 5", job_id="b"
    )
    assert (await bench.outcome(sandbox, files)).exit_code == 5  # memory files have an end of their own


async def test_a_fork_bomb_hurts_only_itself(bench: Bench) -> None:
    job = await bench.job("(while true; do sleep 100 & done) & while true; do :; done", pids=32, time_s=2)
    sandbox = bench.sandbox()
    box = await sandbox.run(job)
    seen = []

    def processes(client: Any) -> int:
        (found,) = client.api.containers(filters={"label": f"edgepi.owner={OWNER}"})
        return len(client.api.top(found["Id"])["Processes"])

    for _ in range(3):
        await asyncio.sleep(0.3)
        seen.append(await bench.ask(processes))
    assert 25 <= max(seen) <= 32
    assert (await box.wait()).reason is ExitReason.TIMED_OUT


@BOTH
async def test_what_fills_its_disk_is_stopped(bench: Bench, mount: bool) -> None:
    script = "i=0; while true; do dd if=/dev/zero of=/out/f$i bs=1M count=8 || exit 7; i=$((i+1)); done"
    job = await bench.job(script, disk_bytes=32 * MIB)
    outcome = await bench.outcome(bench.sandbox(mount=mount), job)
    assert outcome.reason is ExitReason.DISK_FULL, outcome


@BOTH
async def test_one_large_file_is_stopped_by_the_kernel(bench: Bench, mount: bool) -> None:
    job = await bench.job(command=("/bin/dd", "if=/dev/zero", "of=/out/f", "bs=1M"), disk_bytes=8 * MIB)
    outcome = await bench.outcome(bench.sandbox(mount=mount), job)
    assert outcome.reason is ExitReason.DISK_FULL, outcome
    assert job.outputs is not None
    assert sum(f.stat().st_size for f in job.outputs.iterdir()) <= 8 * MIB


async def test_files_full_of_holes_and_countless_names_do_not_get_out(bench: Bench) -> None:
    sandbox = bench.sandbox(mount=MAY_MOUNT)
    holes = await bench.job(
        "for i in 1 2 3 4 5 6; do dd if=/dev/zero of=/out/$i bs=1 count=1 seek=7M; done", job_id="h"
    )
    deep = await bench.job(
        "cd /out; i=0; while [ $i -lt 90 ]; do mkdir d; cd d; i=$((i+1)); done", job_id="d"
    )
    for job in (holes, deep):
        outcome = await bench.outcome(sandbox, job)
        assert outcome.reason is ExitReason.DISK_FULL, outcome
        assert job.outputs is not None
        assert not MAY_MOUNT or list(job.outputs.iterdir()) == []
    watched = await bench.job(
        "cd /out; i=0; while [ $i -lt 900 ]; do mkdir d; cd d; i=$((i+1)); done", job_id="w"
    )
    assert (await bench.outcome(bench.sandbox(mount=False), watched)).reason is ExitReason.DISK_FULL


async def test_a_time_limit_holds_for_what_ignores_signals(bench: Bench) -> None:
    job = await bench.job("trap '' TERM INT HUP; while true; do sleep 1; done", time_s=1)
    outcome = await bench.outcome(bench.sandbox(), job)
    assert outcome.reason is ExitReason.TIMED_OUT
    assert outcome.run_s >= 1


async def test_time_is_the_clocks_and_stands_still_in_a_pause(bench: Bench) -> None:
    clock = ScaledClock(TimeScale(time.monotonic(), 0.0, 1_750_000_000.0, 60.0))
    sandbox = bench.sandbox(clock=clock)
    box = await sandbox.run(await bench.job("while true; do sleep 1; done", time_s=100))
    await box.pause()
    await box.pause()
    paused_s = box.run_s
    await clock.sleep(120)
    assert box.run_s == paused_s
    assert not box.ended
    await box.resume()
    outcome = await box.wait()
    assert outcome.reason is ExitReason.TIMED_OUT
    assert 100 <= outcome.run_s < 400


async def test_a_paused_app_can_be_killed_and_the_first_reason_stays(bench: Bench) -> None:
    sandbox = bench.sandbox()
    box = await sandbox.run(await bench.job("sleep 100"))
    await box.pause()
    await box.kill(ExitReason.KILLED, "the battery is low")
    await box.kill(ExitReason.TIMED_OUT, "late")
    outcome = await box.wait()
    assert (outcome.reason, outcome.sentence) == (ExitReason.KILLED, "the battery is low")
    await box.pause()
    await box.set_cpus(0.5)
    await box.kill()


async def test_its_share_of_the_processor_changes_while_it_runs(bench: Bench) -> None:
    sandbox = bench.sandbox()
    box = await sandbox.run(await bench.job("while true; do :; done", cpus=0.5))

    def quota(client: Any) -> int:
        (found,) = client.api.containers(filters={"label": f"edgepi.owner={OWNER}"})
        return int(client.api.inspect_container(found["Id"])["HostConfig"]["CpuQuota"])

    assert await bench.ask(quota) == 50_000
    await box.set_cpus(0.2)
    assert await bench.ask(quota) == 20_000
    await box.kill()
    assert (await box.wait()).cpu_s >= 0


async def test_of_a_flood_of_logs_the_last_is_kept(bench: Bench) -> None:
    flood = "yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -c 3000000"
    job = await bench.job(f"{flood}; echo last", log_bytes=20_000)
    outcome = await bench.outcome(bench.sandbox(), job)
    assert outcome.ok, outcome
    assert outcome.stdout.endswith("last\n")
    assert 10_000 < len(outcome.stdout) <= 20_000
    assert outcome.stderr == ""


async def test_an_app_is_nobody_and_can_become_nobody_else(bench: Bench) -> None:
    script = """
    id -u; su -c 'echo became root'; mount -t tmpfs none /tmp && echo mounted
    mknod /tmp/d b 7 0 && echo device; touch /etc/x && echo wrote; chmod 777 /bin && echo chmod
    ls /var/run/docker.sock /run/docker.sock && echo socket
    grep -h -e ^CapEff -e ^CapBnd -e ^NoNewPrivs -e ^Seccomp: /proc/self/status; ls /sys/class/net
    """.replace("grep", "busybox grep")
    job = await bench.job(script, setuid=True, files={"etc/passwd": b"root::0:0::/:/bin/sh\n"})
    outcome = await bench.outcome(bench.sandbox(), job)
    assert outcome.ok, outcome
    said = outcome.stdout.split("\n")
    assert said[0] == str(os.geteuid() or 65534)
    assert "CapEff:\t0000000000000000" in said
    assert "CapBnd:\t0000000000000000" in said
    assert "NoNewPrivs:\t1" in said
    assert "Seccomp:\t2" in said
    assert "lo" in said
    assert "eth0" not in said
    for word in ("became root", "mounted", "device", "wrote", "socket", "chmod"):
        assert word not in said


@BOTH
async def test_links_and_special_files_are_no_way_out(bench: Bench, mount: bool) -> None:
    secret = bench.folder / "secret"
    secret.write_text("key")
    secret.chmod(0o644)
    script = f"""
    cd /out; ln -s {secret} file; ln -s {bench.folder} folder; ln -s / root; mkfifo pipe; mkdir d
    ln -s ../../../../../../../../../..{secret} d/up; ln -s d/../file chain
    echo good > good; ln -s good inside
    cat {secret} && echo read; cat file && echo read; chmod 000 d; chmod 4755 good
    """
    job = await bench.job(script)
    outcome = await bench.outcome(bench.sandbox(mount=mount), job)
    assert "read" not in outcome.stdout
    assert job.outputs is not None
    assert sorted(p.name for p in job.outputs.rglob("*")) == ["d", "good", "inside"]
    assert (job.outputs / "inside").read_text() == "good\n"
    assert (job.outputs / "good").stat().st_mode & 0o7777 == 0o755
    assert secret.stat().st_mode & 0o777 == 0o644


async def test_without_walls_no_job_gets_the_internet(bench: Bench) -> None:
    sandbox = bench.sandbox()
    with pytest.raises(SandboxError) as refused:
        await sandbox.run(await bench.job(network=Network.INTERNET))
    assert "edgepi compute firewall install" in (refused.value.hint or "")
    assert await sandbox.leftovers() == ()
    networks = await bench.ask(lambda client: client.api.networks())
    assert {network["Name"] for network in networks} <= {"none", "host", "bridge"}


async def test_a_writable_root_is_watched(bench: Bench) -> None:
    sandbox = bench.sandbox()
    modest = await bench.job("mkdir -p /opt/x /srv/y && echo wrote", writable_root=True)
    outcome = await bench.outcome(sandbox, modest)
    assert outcome.stdout == "wrote\n", outcome
    script = "i=0; while true; do dd if=/dev/zero of=/opt/f$i bs=1M count=8; i=$((i+1)); sleep 0.1; done"
    greedy = await bench.job(script, job_id="b", writable_root=True, disk_bytes=32 * MIB)
    outcome = await bench.outcome(sandbox, greedy)
    assert outcome.reason is ExitReason.DISK_FULL, outcome


async def test_volumes_of_an_image_are_no_hole_in_the_disk_limit(bench: Bench) -> None:
    job = await bench.job("dd if=/dev/zero of=/data/f bs=1M count=100; exit 4", volumes=("/data", "/tmp"))
    sandbox = bench.sandbox()
    box = await sandbox.run(job)
    outcome = await box.wait()
    assert outcome.reason in {ExitReason.FAILED, ExitReason.OUT_OF_MEMORY}
    assert await bench.ask(lambda client: client.api.volumes()["Volumes"]) in (None, [])


async def test_only_what_carries_our_label_is_touched(bench: Bench, short_folder: Path) -> None:
    ours, theirs = bench.sandbox(), bench.sandbox(owner="ba9876543210")
    job = await bench.job("sleep 100", job_id="same")
    await ours.run(job)
    other = await bench.job("sleep 100", job_id="same", inputs=short_folder)
    await asyncio.to_thread((short_folder / "o").mkdir)
    await theirs.run(type(other)(**{**_fields(other), "outputs": short_folder / "o"}))

    def foreign(client: Any) -> str:
        made = client.api.create_container(
            job.image.image_id, ["sleep", "100"], labels={"edgepi.owner": OWNER + "0"}
        )
        client.api.start(made["Id"])
        return str(made["Id"])

    stranger = await bench.ask(foreign)
    assert await ours.leftovers() == ("same",)
    with pytest.raises(SandboxError, match="already"):
        await ours.run(job)
    engine = Engine(bench.url)
    await kill_all(engine, OWNER)
    await engine.close()
    await ours.remove("same")
    assert await ours.leftovers() == ()
    assert await theirs.leftovers() == ("same",)
    running = await bench.ask(lambda client: {c["Id"] for c in client.api.containers()})
    assert stranger in running
    assert len(running) == 2
    await bench.ask(lambda client: client.api.remove_container(stranger, force=True))


async def test_a_node_that_starts_again_finds_what_ran_on(bench: Bench) -> None:
    first = bench.sandbox()
    job = await bench.job("echo begun; sleep 3; echo done > /out/done")
    await first.run(job)
    await asyncio.sleep(0.5)
    await first.close()
    second = bench.sandbox()
    assert await second.leftovers() == ("job",)
    box = await second.find("job")
    assert box is not None
    assert box.run_s >= 0.5
    outcome = await box.wait()
    assert outcome.ok, outcome
    assert outcome.stdout == "begun\n"
    assert job.outputs is not None
    assert (job.outputs / "done").read_text() == "done\n"
    third = bench.sandbox()
    again = await third.find("job")
    assert again is not None
    assert await again.wait() == outcome


async def test_the_time_of_an_earlier_life_counts(bench: Bench) -> None:
    first = bench.sandbox()
    await first.run(await bench.job("sleep 100", time_s=1))
    await first.close()
    await asyncio.sleep(1)
    box = await bench.sandbox().find("job")
    assert box is not None
    assert (await box.wait()).reason is ExitReason.TIMED_OUT


async def test_what_a_power_cut_ended_is_lost(bench: Bench) -> None:
    first = bench.sandbox()
    await first.run(await bench.job("sleep 100"))
    await first.close()
    engine = Engine(bench.url)
    await kill_all(engine, OWNER)
    await engine.close()
    box = await bench.sandbox().find("job")
    assert box is not None
    outcome = await box.wait()
    assert outcome.reason is ExitReason.LOST, outcome
    assert await bench.sandbox().find("another") is None


async def test_the_end_of_all_leaves_nothing(bench: Bench) -> None:
    state = bench.folder / "state"
    backend = state / "plugins" / "backend"
    backend.mkdir(parents=True)
    sandbox = bench.sandbox(owner=await asyncio.to_thread(owner_of, backend), folder=backend / "boxes")
    box = await sandbox.run(await bench.job("sleep 100"))
    await asyncio.to_thread(end_all, bench.url, state)
    assert (await box.wait()).reason in {ExitReason.LOST, ExitReason.KILLED}
    assert await bench.ask(lambda client: client.api.containers(all=True)) == []
    assert str(state) not in await asyncio.to_thread(Path("/proc/self/mountinfo").read_text)


async def test_without_an_engine_nothing_runs_and_it_is_said_what_to_do(bench: Bench) -> None:
    sandbox = bench.sandbox()
    assert (await sandbox.readiness()).ok
    gone = Sandbox(
        engine=Engine("unix:///nothing/docker.sock"),
        clock=bench.clock,
        owner=OWNER,
        log=logging.getLogger("test"),
        folder=bench.folder,
    )
    found = await gone.readiness()
    assert not found.ok
    assert found.hint is not None
    assert "apt-get install docker.io" in found.hint
    with pytest.raises(SandboxError):
        await gone.run(await bench.job())


def _fields(job: Any) -> dict[str, Any]:
    return {name: getattr(job, name) for name in job.__dataclass_fields__}
