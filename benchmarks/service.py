"""Two environments on one server on PostgreSQL, everything killed in turn: is anything lost?

Run as `python -m benchmarks.service --minutes 20`. The environments run every minute, or as
`--every-minutes` says, and get new facts all the while. PostgreSQL, the server and each
`audience-impact serve` are killed with SIGKILL in turn, in every second round in the middle of a
run, and started again, as systemd would. In the end every run that was due has to have ended well,
each environment has to have published its own facts alone, the newest of them too, and nothing that
was started may be left; else the exit status is 1. Needs Debian's postgresql.
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

HOME = Path(__file__).resolve().parent.parent
FACTS = HOME / "data" / "facts"
PROGRAMS = "/usr/lib/postgresql/*/bin"
SERVE = [sys.executable, "-c", "from audience_impact.cli.command import main; main()", "serve"]
NEVER = "0 0 29 2 *"
VICTIMS = ("server", "north", "postgresql", "south")
"""What is killed, in this order."""
SECONDS = 120.0
"""Longest that anything may take to start, on a busy machine."""
UNDER_WAY = {"RUNNING", "PENDING", "CANCELLING"}
PAGE = 200
"""Most runs that the server gives at once."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as result:
        result.bind(("127.0.0.1", 0))
        return int(result.getsockname()[1])


def wait_for(happened: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait until something has happened. Raises TimeoutError where it does not in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not in {seconds:.0f} s")
        time.sleep(0.2)


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, as Debian lays them; None where there are none."""
    result = sorted(Path("/").glob(PROGRAMS.lstrip("/")))
    return next((one for one in reversed(result) if (one / "initdb").exists()), None)


@dataclass
class Process:
    """A command that is killed and started again; what it says goes to a file.

    Attributes:
        command: The command, with its words.
        environment: Its variables, beside those of whoever runs this but Prefect's.
        log: The file, in the folder where it runs.
        user: Whose process it is, where not the caller's.
        kills: How often it was killed.
        ends: How often it ended by itself.
    """

    command: Sequence[str | Path]
    environment: dict[str, str]
    log: Path
    user: str | None = None
    kills: int = 0
    ends: int = 0
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
                user=self.user,
            )

    def keep_running(self) -> None:
        """Start it again where it ended by itself, as systemd would."""
        if self.running is not None and self.running.poll() is not None:
            self.ends += 1
            self.start()

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
    every_minutes: int
    edits: int = 0

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
        result = {}
        for file in self.published.glob("versions/*/facts.zip"):
            with zipfile.ZipFile(file) as archive:
                lines = archive.read("0/sources.csv").decode().splitlines()
            result[file.parent.name] = {row["title"] for row in csv.DictReader(lines)}
        return result

    def newest(self) -> bool:
        """Tell whether `latest` holds the newest facts."""
        latest = (self.published / "latest").resolve().name
        return self.titles().get(latest) == {self.mark()}


@dataclass
class Service:
    """A server and the environments that share it."""

    api: str
    postgresql: Process
    server: Process
    environments: list[Environment]

    @property
    def processes(self) -> dict[str, Process]:
        """All that runs, by what it is called."""
        served = {one.name: one.process for one in self.environments}
        return {"postgresql": self.postgresql, "server": self.server, **served}

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
        result: dict[str, Any] = {**name, "flow_runs": due, "sort": "EXPECTED_START_TIME_ASC"}
        found: list[dict[str, Any]] = []
        while page := self.ask("/flow_runs/filter", **result, limit=PAGE, offset=len(found)):
            found += page
        return found

    def schedule_now(self, one: Environment) -> None:
        """Have a run of an environment begin, beside its schedule."""
        named = f"{self.api}/deployments/name/publish-impact/daily-{one.name}"
        result = httpx.get(named, timeout=30).raise_for_status().json()
        self.ask(f"/deployments/{result['id']}/create_flow_run", state={"type": "SCHEDULED"})

    def under_way(self, one: Environment) -> bool:
        """Tell whether a run of an environment is running just now, as far as the server says."""
        with suppress(httpx.HTTPError):
            return any(run["state_type"] == "RUNNING" for run in self.runs(one))
        return False


@contextmanager
def postgresql(log: Path) -> Iterator[tuple[Process, str]]:
    """Run a PostgreSQL of one's own; gives its process and the address of a database for Prefect.

    It refuses to run as root: then it runs as the user whom Debian's package made, in a folder
    that this user reaches whatever becomes of those of others.
    """
    bin_, port = programs(), free_port()
    if bin_ is None:
        raise FileNotFoundError(f"no PostgreSQL in {PROGRAMS}")
    user = "postgres" if os.geteuid() == 0 else None
    quiet: dict[str, Any] = {"user": user, "cwd": "/", "stdout": subprocess.DEVNULL}
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = f"{folder}/data"
        init = ["--username", "prefect", "--auth", "trust", "--no-sync", "--encoding", "UTF8"]
        subprocess.run([bin_ / "initdb", "--pgdata", data, *init], **quiet, check=True)
        options = ["-c", "listen_addresses=127.0.0.1", "-p", str(port), "-k", folder, "-F"]
        made = Process([bin_ / "postgres", "-D", data, *options], {}, log, user)
        made.start()
        client = ["--host", "127.0.0.1", "--port", str(port), "--username", "prefect"]
        try:
            wait_for(
                lambda: not subprocess.run([bin_ / "pg_isready", *client], **quiet).returncode,
                "PostgreSQL answers",
            )
            subprocess.run([bin_ / "createdb", *client, "prefect"], **quiet, check=True)
            yield made, f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
        finally:
            made.stop()


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
    name: str, folder: Path, facts: Path, api: str, every_minutes: int, **settings: str
) -> Environment:
    """An environment with a copy of facts of its own and a process that serves it."""
    own = folder / name
    shutil.copytree(facts, own / "facts")
    result = {
        "PREFECT_HOME": str(own / "prefect"),
        "PREFECT_API_URL": api,
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "AUDIENCE_IMPACT_ENVIRONMENT": name,
        "AUDIENCE_IMPACT_FACTS": json.dumps([str(own / "facts")]),
        "AUDIENCE_IMPACT_PUBLISHED": str(own / "published"),
        "AUDIENCE_IMPACT_SCHEDULE": f"*/{every_minutes} * * * *" if every_minutes else NEVER,
        "PYTHONPATH": str(HOME),
        **settings,
    }
    made = Environment(name, own, Process(SERVE, result, folder / f"{name}.log"), every_minutes)
    made.edit()
    return made


@contextmanager
def service(
    folder: Path, facts: Path, every_minutes: Mapping[str, int], **settings: str
) -> Iterator[Service]:
    """Run PostgreSQL, Prefect's server and some environments by name; stop all of it.

    Each runs every so many minutes; 0 says never by itself.
    """
    with ExitStack() as stack:
        kept, database = stack.enter_context(postgresql(folder / "postgresql.log"))
        port = free_port()
        api = f"http://127.0.0.1:{port}/api"
        served = [
            environment(name, folder, facts, api, every, **settings)
            for name, every in every_minutes.items()
        ]
        made = Service(api, kept, server(folder, database, port), served)
        made.server.start()
        stack.callback(made.server.stop)
        wait_for(made.is_well, "the server answers")
        for one in served:
            one.process.start()
            stack.callback(one.process.stop)
        for one in served:
            wait_for(lambda one=one: "The schedule runs" in one.process.said(), one.name)  # type: ignore[misc]
        yield made


def keep_killing(
    served: Service, victims: Sequence[str], minutes: float, every_seconds: float, down: float
) -> None:
    """Change facts and kill one after the other, until the time is over."""
    deadline = time.monotonic() + minutes * 60
    turn = 0
    while time.monotonic() < deadline:
        _look_after(served, every_seconds)
        for one in served.environments:
            one.edit()
        name = victims[turn % len(victims)]
        if turn // len(victims) % 2 == 0:
            _wait_for_run(served, name)
        served.processes[name].kill()
        print(f"{datetime.now(UTC):%H:%M:%S} killed {name}", file=sys.stderr, flush=True)
        time.sleep(down)
        served.processes[name].start()
        turn += 1


def _look_after(served: Service, seconds: float) -> None:
    """Let some seconds go by, and start again what ends by itself meanwhile."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(1)
        for value in served.processes.values():
            value.keep_running()


def _wait_for_run(served: Service, name: str) -> None:
    """Wait until a run is well under way: of the environment itself, else of any."""
    chosen = [one for one in served.environments if one.name == name] or served.environments
    longest = 60.0 * max(one.every_minutes for one in chosen) + 30
    with suppress(TimeoutError):
        wait_for(
            lambda: any(served.under_way(one) for one in chosen), "a run is under way", longest
        )
        time.sleep(1.5)


def settle(served: Service, seconds: float) -> datetime | None:
    """Wait until no run is under way and each environment shows its newest facts; gives when."""
    moments: list[datetime] = []

    def rests() -> bool:
        moments.append(datetime.now(UTC))
        for value in served.processes.values():
            value.keep_running()
        return all(_rests(served, value, moments[-1]) for value in served.environments)

    with suppress(TimeoutError):
        wait_for(rests, "all runs have ended", seconds)
        return moments[-1]
    return None


def _rests(served: Service, one: Environment, moment: datetime) -> bool:
    with suppress(httpx.HTTPError):
        states = {run["state_type"] for run in served.runs(one, moment)}
        return one.newest() and not states & {"SCHEDULED", *UNDER_WAY}
    return False


def told_of(served: Service, one: Environment, until: datetime | None = None) -> dict[str, Any]:
    """What became of an environment and of its runs that were due by a moment, in counts."""
    runs = served.runs(one, until)
    begun = {
        datetime.fromisoformat(run["expected_start_time"]) for run in runs if run["auto_scheduled"]
    }
    due = moments(min(begun), until or datetime.now(UTC), one.every_minutes) if begun else set()
    titles = one.titles()
    return {
        "every_minutes": one.every_minutes,
        "schedules_due": len(due),
        "schedules_without_a_run": len(due - begun),
        "runs": len(runs),
        "states": dict(sorted(Counter(run["state_name"] for run in runs).items())),
        "under_way_in_the_end": sum(run["state_type"] in UNDER_WAY for run in runs),
        "begun_again": sum(any(tag.startswith("again:") for tag in run["tags"]) for run in runs),
        "facts_edited": one.edits,
        "versions": len(titles),
        "versions_of_others": sum(
            any(one.name not in t for t in value) for value in titles.values()
        ),
        "latest_is_newest": one.newest(),
    }


def moments(first: datetime, last: datetime, every_minutes: int) -> set[datetime]:
    """When a run was due from the first on, by cron's `*/N`; N divides the hour."""
    span = timedelta(minutes=every_minutes)
    return {first + turn * span for turn in range((last - first) // span + 1)}


def left_behind(folder: Path) -> list[int]:
    """Processes that were started with settings that name a folder, and those they started."""
    result = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"={folder}/".encode() in (place / "environ").read_bytes():
                result.append(int(place.name))
    return result


def measure(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the service for some minutes while everything is killed in turn; count what became."""
    began = time.monotonic()
    every = dict(zip(("north", "south"), asked.every_minutes, strict=True))
    with service(folder, asked.facts.resolve(), every) as served:
        keep_killing(served, asked.kill, asked.minutes, asked.every_seconds, asked.down_seconds)
        settled = settle(served, asked.grace_seconds)
        result = {one.name: told_of(served, one, settled) for one in served.environments}
        killed = {name: one.kills for name, one in served.processes.items()}
        ended = {name: one.ends for name, one in served.processes.items()}
    with suppress(TimeoutError):
        wait_for(lambda: not left_behind(folder), "all has ended", 30)
    return {
        "minutes": round((time.monotonic() - began) / 60, 1),
        "killed": killed,
        "ended_by_itself": ended,
        "settled": settled is not None,
        "processes_left": len(left_behind(folder)),
        "environments": result,
    }


def faults(told: dict[str, Any]) -> list[str]:
    """What was lost, by what it is called; nothing where all is well."""
    result = [] if told["settled"] else ["not settled"]
    result += ["processes left"] if told["processes_left"] else []
    for name, one in told["environments"].items():
        lost = {
            "schedules without a run": one["schedules_without_a_run"],
            "runs that did not end well": one["runs"] - one["states"].get("Completed", 0),
            "versions of others": one["versions_of_others"],
            "newest facts not published": not one["latest_is_newest"],
        }
        result += [f"{name}: {what}" for what, count in lost.items() if count]
    return result


def _divides_the_hour(word: str) -> int:
    minutes = int(word)
    if minutes < 1 or 60 % minutes:
        raise argparse.ArgumentTypeError(f"{word}: give minutes that divide the hour, such as 2")
    return minutes


def main() -> None:
    """Measure and print; exit with 1 where something was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0, help="how long things are killed")
    parser.add_argument("--every-minutes", type=_divides_the_hour, nargs=2, default=[1, 1])
    parser.add_argument("--kill", nargs="+", choices=VICTIMS, default=list(VICTIMS))
    parser.add_argument("--every-seconds", type=float, default=50.0, help="between two kills")
    parser.add_argument("--down-seconds", type=float, default=5.0, help="until it starts again")
    parser.add_argument("--grace-seconds", type=float, default=300.0, help="for what is due yet")
    parser.add_argument("--facts", type=Path, default=FACTS)
    parser.add_argument("--folder", type=Path, help="where the logs stay; else nothing stays")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = asked.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        result = measure(asked, folder.resolve())
    result["faults"] = faults(result)
    print(json.dumps(result, indent=2) if asked.format == "json" else table(result))
    sys.exit(bool(result["faults"]))


def table(told: dict[str, Any]) -> str:
    """What was counted, a line each; of the environments side by side."""
    result = {name: value for name, value in told.items() if name != "environments"}
    lines = [f"{name:26} {value}" for name, value in result.items()]
    by_name = told["environments"]
    lines.append(f"{'':26} {' '.join(f'{name:22}' for name in by_name)}")
    for what in next(iter(by_name.values())):
        lines.append(f"{what:26} {' '.join(f'{one[what]!s:22}' for one in by_name.values())}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
