"""Two environments on one server on PostgreSQL, everything killed in turn: is anything lost?

Run as `python -m benchmarks.service --minutes 20`. Both environments run each minute and get new
facts all the while. The server and each `audience-impact serve` are killed with SIGKILL in turn and
started again, as systemd would. In the end every run that was due has to have ended well, each
environment has to have published its own facts alone, the newest of them too, and nothing that was
started may be left. Needs Debian's postgresql.
"""

import argparse
import csv
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

HOME = Path(__file__).resolve().parent.parent
FACTS = HOME / "data" / "facts"
PROGRAMS = "/usr/lib/postgresql/*/bin"
SERVE = [sys.executable, "-c", "from flows.cli.command import main; main()", "serve"]
SECONDS = 120.0
"""Longest that anything may take to start, on a busy machine."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(happened: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait until something has happened. Raises TimeoutError where it does not in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not in {seconds:.0f} s")
        time.sleep(0.2)


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, as Debian lays them; None where there are none."""
    found = sorted(Path("/").glob(PROGRAMS.lstrip("/")))
    return next((one for one in reversed(found) if (one / "initdb").exists()), None)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL of one's own; gives the address of its database for Prefect.

    It refuses to run as root: then it runs as the user whom Debian's package made, in a folder
    that this user reaches whatever becomes of those of others.
    """
    bin_, port = programs(), free_port()
    if bin_ is None:
        raise FileNotFoundError(f"no PostgreSQL in {PROGRAMS}")
    owner: dict[str, Any] = {"user": "postgres"} if os.geteuid() == 0 else {}
    quiet: dict[str, Any] = {**owner, "cwd": "/", "stdout": subprocess.DEVNULL, "check": True}
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        if owner:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        control: list[str | Path] = [bin_ / "pg_ctl", "--pgdata", f"{folder}/data", "--wait"]
        init = ["--username", "prefect", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]
        subprocess.run([bin_ / "initdb", "--pgdata", f"{folder}/data", *init], **quiet)
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -F"
        start = ["--log", f"{folder}/log", "--options", options, "start"]
        subprocess.run([*control, *start], **quiet)
        try:
            create = ["--host", "127.0.0.1", "--port", str(port), "--username", "prefect"]
            subprocess.run([bin_ / "createdb", *create, "prefect"], **quiet)
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
        finally:
            subprocess.run([*control, "--mode", "immediate", "stop"], **quiet)


@dataclass
class Process:
    """A command that is killed and started again; what it says goes to a file."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    kills: int = 0
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, with nothing of the Prefect settings of whoever runs this."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PREFECT_")}
        with self.log.open("ab") as output:
            self.running = subprocess.Popen(
                self.command,
                env=kept | self.environment,
                cwd=self.log.parent,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """All that it has said, over all starts."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def kill(self) -> None:
        """Kill it with its session: its children in sessions of their own have to see to it."""
        if self.running is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.kills += 1

    def stop(self) -> None:
        """Ask it to stop, as an operator does."""
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            try:
                self.running.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Environment:
    """One of those who share the server: its facts, which change, and what it publishes."""

    name: str
    folder: Path
    process: Process
    edits: int = 0
    deployment: str = field(default="")

    @property
    def published(self) -> Path:
        """Where its versions lie."""
        return self.folder / "published"

    def mark(self) -> str:
        """What the newest facts say, and those of nobody else."""
        return f"{self.name} {self.edits}"

    def edit(self) -> None:
        """Change the facts, so that the next run has something to publish."""
        self.edits += 1
        file = self.folder / "facts" / "sources.csv"
        with file.open(encoding="utf-8", newline="") as lines:
            header, *rows = csv.reader(lines)
        place = header.index("title")
        for row in rows:
            row[place] = self.mark()
        aside = file.with_suffix(".aside")
        with aside.open("w", encoding="utf-8", newline="") as sink:
            csv.writer(sink, lineterminator="\n").writerows([header, *rows])
        aside.replace(file)

    def titles(self) -> dict[str, set[str]]:
        """The titles of sources in each version that it has published: whose facts they were."""
        found = {}
        for file in self.published.glob("versions/*/facts.zip"):
            with zipfile.ZipFile(file) as archive:
                lines = archive.read("0/sources.csv").decode().splitlines()
            found[file.parent.name] = {row["title"] for row in csv.DictReader(lines)}
        return found

    def newest(self) -> bool:
        """Tell whether `latest` holds the newest facts."""
        latest = (self.published / "latest").resolve().name
        return self.titles().get(latest) == {self.mark()}


@dataclass
class Service:
    """A server and the environments that share it."""

    folder: Path
    api: str
    server: Process
    environments: list[Environment]

    def ask(self, path: str, **body: Any) -> Any:
        """Ask the server for something, in JSON."""
        return httpx.post(f"{self.api}{path}", json=body, timeout=30).raise_for_status().json()

    def is_well(self) -> bool:
        """Tell whether the server answers."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.api}/health", timeout=2).is_success
        return False

    def runs(self, one: Environment, until: datetime | None = None) -> list[dict[str, Any]]:
        """The runs of an environment that were due by a moment, or by now."""
        name = {"deployments": {"name": {"any_": [f"daily-{one.name}"]}}}
        due = {"expected_start_time": {"before_": (until or datetime.now(UTC)).isoformat()}}
        found = self.ask("/flow_runs/filter", **name, flow_runs=due, limit=200)
        return list(found)

    def schedule_now(self, one: Environment) -> None:
        """Have a run of an environment begin, beside its schedule."""
        named = f"{self.api}/deployments/name/publish-impact/daily-{one.name}"
        found = httpx.get(named, timeout=30).raise_for_status().json()
        self.ask(f"/deployments/{found['id']}/create_flow_run", state={"type": "SCHEDULED"})

    def under_way(self, one: Environment) -> bool:
        """Tell whether a run of an environment is running just now."""
        return any(run["state_type"] == "RUNNING" for run in self.runs(one))


def server(folder: Path, database: str, port: int) -> Process:
    """Prefect's server as the compose file starts it, on a database."""
    command = ["-m", "prefect", "--no-prompt", "server", "start", "--port", str(port)]
    settings = {
        "PREFECT_HOME": str(folder / "server"),
        "PREFECT_API_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
    }
    return Process([sys.executable, *command], settings, folder / "server.log")


def environment(
    name: str, folder: Path, facts: Path, api: str, schedule: str, **settings: str
) -> Environment:
    """An environment with a copy of facts of its own and a process that serves it."""
    own = folder / name
    shutil.copytree(facts, own / "facts")
    told = {
        "PREFECT_HOME": str(own / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "AUDIENCE_IMPACT_ENVIRONMENT": name,
        "AUDIENCE_IMPACT_FACTS": json.dumps([str(own / "facts")]),
        "AUDIENCE_IMPACT_PUBLISHED": str(own / "published"),
        "AUDIENCE_IMPACT_SCHEDULE": schedule,
        "PYTHONPATH": str(HOME),
        **settings,
    }
    made = Environment(name, own, Process(SERVE, told, folder / f"{name}.log"))
    made.edit()
    return made


@contextmanager
def service(
    folder: Path, facts: Path, schedule: str = "* * * * *", **settings: str
) -> Iterator[Service]:
    """Run PostgreSQL, Prefect's server and two environments, north and south; stop all of it."""
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        port = free_port()
        api = f"http://127.0.0.1:{port}/api"
        served = [
            environment(name, folder, facts, api, schedule, **settings)
            for name in ("north", "south")
        ]
        made = Service(folder, api, server(folder, database, port), served)
        made.server.start()
        stack.callback(made.server.stop)
        wait_for(made.is_well, "the server answers")
        for one in served:
            one.process.start()
            stack.callback(one.process.stop)
        for one in served:
            wait_for(lambda one=one: "The schedule runs" in one.process.said(), one.name)  # type: ignore[misc]
        yield made


def keep_killing(served: Service, minutes: float, every_seconds: float) -> None:
    """Change facts and kill server, north and south in turn, until the time is over."""
    victims = [served.server, *(one.process for one in served.environments)]
    deadline = time.monotonic() + minutes * 60
    turn = 0
    while time.monotonic() < deadline:
        time.sleep(every_seconds - 5)
        for one in served.environments:
            one.edit()
        victim = victims[turn % len(victims)]
        _wait_for_run(served, turn)
        victim.kill()
        print(f"{datetime.now(UTC):%H:%M:%S} killed {victim.log.stem}", file=sys.stderr, flush=True)
        time.sleep(5)
        victim.start()
        if victim is served.server:
            wait_for(served.is_well, "the server answers again")
        turn += 1


def _wait_for_run(served: Service, turn: int) -> None:
    """Kill in the middle of a run, two times in three: what else happens is a matter of luck."""
    if turn % 3 == 2:
        return
    victim = served.environments[(turn + 1) % 2] if turn % 3 == 0 else served.environments[0]
    with suppress(TimeoutError):
        wait_for(lambda: served.under_way(victim), "a run is under way", 70)
        time.sleep(1.5)


def settle(served: Service, seconds: float) -> datetime | None:
    """Wait until no run is under way and each environment shows its newest facts; gives when."""
    moments: list[datetime] = []

    def rests() -> bool:
        moments.append(datetime.now(UTC))
        return all(_rests(served, one, moments[-1]) for one in served.environments)

    with suppress(TimeoutError):
        wait_for(rests, "all runs have ended", seconds)
        return moments[-1]
    return None


def _rests(served: Service, one: Environment, moment: datetime) -> bool:
    with suppress(httpx.HTTPError):
        states = {run["state_type"] for run in served.runs(one, moment)}
        return one.newest() and not states & {"RUNNING", "PENDING", "CANCELLING"}
    return False


def told_of(served: Service, one: Environment, until: datetime | None = None) -> dict[str, Any]:
    """What became of an environment and of its runs that were due by a moment, in counts."""
    runs = served.runs(one, until)
    states = Counter(run["state_name"] for run in runs)
    minutes = sorted({run["expected_start_time"][:16] for run in runs if run["auto_scheduled"]})
    span = _minutes(minutes[-1]) - _minutes(minutes[0]) + 1 if minutes else 0
    titles = one.titles()
    return {
        "minutes_due": span,
        "runs": len(runs),
        "minutes_without_a_run": span - len(minutes),
        "states": dict(sorted(states.items())),
        "begun_again": sum("again:1" in run["tags"] for run in runs),
        "serve_killed": one.process.kills,
        "facts_edited": one.edits,
        "versions": len(titles),
        "versions_of_others": sum(
            any(one.name not in t for t in found) for found in titles.values()
        ),
        "latest_is_newest": one.newest(),
    }


def _minutes(moment: str) -> int:
    return int(datetime.fromisoformat(f"{moment}+00:00").timestamp()) // 60


def left_behind(folder: Path) -> list[int]:
    """Processes that were started with settings that name a folder, and those they started."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"={folder}/".encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
    return found


def measure(minutes: float, every_seconds: float, facts: Path, folder: Path) -> dict[str, Any]:
    """Run the service for some minutes while everything is killed in turn; count what became."""
    began = time.monotonic()
    with service(folder, facts) as served:
        keep_killing(served, minutes, every_seconds)
        settled = settle(served, 300)
        found = {one.name: told_of(served, one, settled) for one in served.environments}
        killed = served.server.kills
    with suppress(TimeoutError):
        wait_for(lambda: not left_behind(folder), "all has ended", 30)
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "server_killed": killed,
        "settled": settled is not None,
        "processes_left": len(left_behind(folder)),
        "environments": found,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every-seconds", type=float, default=50.0)
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--folder", type=Path, help="where the logs stay; else nothing stays")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        told = measure(asked.minutes, asked.every_seconds, asked.facts.resolve(), folder.resolve())
    if asked.format == "json":
        print(json.dumps(told, indent=2))
        return
    for name, one in told.pop("environments").items():
        told |= {f"{name}_{key}": value for key, value in one.items()}
    for name, value in told.items():
        print(f"{name:32} {value}")


if __name__ == "__main__":
    main()
