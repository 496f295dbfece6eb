"""One file from the network to the disk: patient, resumable, and not twice if it is the same.

A file being fetched lies beside its place as `.part`, with what the server said to know it again
by. Whatever breaks off is continued from there, by the next try or the next run, where the server
names its version (ETag, Last-Modified) and gives ranges; else it starts again.
"""

import hashlib
import ipaddress
import json
import logging
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import stamina
from pydantic import Field
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from audience_impact.store.files import as_json, write_whole
from flows.pipeline.steps import RefusedError

_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<body")


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for a server, how often to ask again, and how much to take at most."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    attempts: Annotated[int, Field(ge=1)] = 6
    first_wait_seconds: Annotated[float, Field(ge=0)] = 1.0
    longest_wait_seconds: Annotated[float, Field(ge=0)] = 120.0
    attempt_seconds: Annotated[float, Field(gt=0)] = 900.0
    most_bytes: Annotated[int, Field(gt=0)] = 200_000_000


@dataclass(frozen=True)
class CachedFile:
    """A file that was fetched, and how to know it again."""

    file: str
    address: str
    sha256: str
    size_bytes: int
    etag: str = ""
    last_modified: str = ""


class SourceError(RefusedError):
    """A source cannot be used; one line names it, its address and what is wrong."""

    def __init__(self, source: str, address: str, what: str) -> None:
        super().__init__([f"{source}: {address}: {' '.join(what.split())}"])


class UnusableError(Exception):
    """The answer is of no use, and asking again would not change it."""


class PassingError(Exception):
    """The answer is of no use now; the server may have said how many seconds to wait."""

    def __init__(self, what: str, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


def client(policy: RetryPolicy) -> httpx.Client:
    """A client with the timeouts wanted, that follows where a publisher has moved."""
    return httpx.Client(
        timeout=policy.timeout_seconds,
        follow_redirects=True,
        headers={"User-Agent": "audience-impact", "Accept-Encoding": "identity"},
        event_hooks={"response": [_stay_outside]},
        limits=httpx.Limits(max_keepalive_connections=0),  # each request sees its connection made
    )


def _stay_outside(answer: httpx.Response) -> None:
    """Follow no publisher into a private network, nor from https to http."""
    if not answer.has_redirect_location:
        return
    here, there = answer.url, answer.url.join(answer.headers["Location"])
    if here.scheme == "https" and there.scheme != "https":
        raise UnusableError(f"sends on from https to {there}")
    if _is_local(there.host) and not _is_local(here.host):
        raise UnusableError(f"sends on to {there}, which is no public address")


def _is_local(host: str) -> bool:
    """Whether a host is an address of this machine or of a private network, or a name of one."""
    return any(not ipaddress.ip_address(each).is_global for each in _addresses(host))


def _addresses(host: str) -> set[str]:
    """The addresses of a host; none where it is not known here, as behind a proxy."""
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return set()


def fetch(
    http: httpx.Client, address: str, target: Path, earlier: Path | None, policy: RetryPolicy
) -> CachedFile:
    """Bring a file to its place, or tell that the earlier one is still what the server has.

    Raises UnusableError with the reason when all tries have failed.
    """
    tries = stamina.retry_context(
        on=_worth_waiting(policy.longest_wait_seconds),
        attempts=policy.attempts,
        timeout=None,
        wait_initial=policy.first_wait_seconds,
        wait_max=policy.longest_wait_seconds,
        wait_jitter=policy.first_wait_seconds / 2,
    )
    try:
        for attempt in tries:
            with attempt:
                return _attempt(http, address, target, earlier, policy)
    except PassingError as error:
        raise UnusableError(f"{error}, after {attempt.num} tries") from error
    except (httpx.RequestError, httpx.InvalidURL) as error:
        what = f"{error or type(error).__name__} ({type(error).__name__})"
        raise UnusableError(f"{what}, after {attempt.num} tries") from error
    raise AssertionError("the last try returns or raises")


class _worth_waiting:
    """Tells stamina whether to ask again, and when, where the server said so."""

    def __init__(self, longest_seconds: float) -> None:
        self.longest = longest_seconds

    def __call__(self, error: Exception) -> bool | float:
        if isinstance(error, PassingError):
            if error.wait_seconds is None:
                return True
            return error.wait_seconds if error.wait_seconds <= self.longest else False
        broken = isinstance(error, httpx.TransportError)
        return broken and not isinstance(error, httpx.UnsupportedProtocol)


def _tell(details: RetryDetails) -> None:
    """Say why nothing seems to happen; stamina's own line tells neither cause nor wait."""
    error = details.caused_by
    log.warning(
        "%s: asking again in %.1f s (time %d)",
        str(error) or type(error).__name__,
        details.wait_for,
        details.retry_num,
    )


set_on_retry_hooks([_tell])


def _attempt(
    http: httpx.Client, address: str, target: Path, earlier: Path | None, policy: RetryPolicy
) -> CachedFile:
    part = target.with_name(f"{target.name}.part")
    begun = _begun(part, address)
    known = _known(earlier, address) if earlier and not begun else None
    headers = _conditions(part, begun, known)
    with (
        _ends_after(policy.attempt_seconds) as extensions,
        http.stream("GET", address, headers=headers, extensions=extensions) as answer,
    ):
        if answer.status_code == 304 and known and earlier:
            return _again(earlier, target, known)
        _require_success(answer, part)
        now = _continued(answer, part, begun) or _started(answer, part, address)
        with part.open("ab") as out:
            for chunk in answer.iter_bytes():
                if out.tell() + len(chunk) > policy.most_bytes:
                    _drop(part)
                    raise UnusableError(f"is longer than {policy.most_bytes:,} bytes")
                out.write(chunk)
    _require_data(part)
    return _finished(part, target, now)


def _known(path: Path, address: str) -> CachedFile | None:
    """What is known of a fetched file; nothing when it is another, or from another address."""
    try:
        cached = CachedFile(**json.loads(sidecar_path(path).read_bytes()))
        return cached if (cached.address, cached.sha256) == (address, sha256(path)) else None
    except (OSError, ValueError, TypeError):
        return None


def sha256(path: Path) -> str:
    """The digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sidecar_path(path: Path) -> Path:
    """Where it is written what is known of a file."""
    return path.with_name(f"{path.name}.about")


def _remember(path: Path, cached: CachedFile) -> None:
    write_whole(sidecar_path(path), as_json(asdict(cached)))


def _begun(part: Path, address: str) -> CachedFile | None:
    """What is known of a part that can be continued: it has bytes and a version."""
    try:
        cached = CachedFile(**json.loads(sidecar_path(part).read_bytes()))
        usable = cached.address == address and _version(cached) and part.stat().st_size > 0
    except (OSError, ValueError, TypeError):
        return None
    return cached if usable else None


def _version(cached: CachedFile) -> str:
    """What If-Range takes: a strong ETag, else the day of the last change."""
    return cached.etag if cached.etag and not cached.etag.startswith("W/") else cached.last_modified


def _conditions(part: Path, begun: CachedFile | None, known: CachedFile | None) -> dict[str, str]:
    if begun:
        return {"Range": f"bytes={part.stat().st_size}-", "If-Range": _version(begun)}
    if known and known.etag:
        return {"If-None-Match": known.etag}
    return {"If-Modified-Since": known.last_modified} if known and known.last_modified else {}


def _again(earlier: Path, target: Path, cached: CachedFile) -> CachedFile:
    if earlier != target:
        shutil.copyfile(earlier, target)
    cached = replace(cached, file=target.name)
    _remember(target, cached)
    return cached


def _require_success(answer: httpx.Response, part: Path) -> None:
    """Raise where the answer is no data: what may pass apart from what stays."""
    status = answer.status_code
    if status in (200, 206):
        return
    told = f"answers {status} {answer.reason_phrase}".strip()
    if status == 416:
        _drop(part)
        raise PassingError(f"{told} to the rest of a file", 0.0)
    if status in _AGAIN:
        wait = _retry_after(answer.headers.get("Retry-After", ""))
        asked = f" and asks to wait {wait:.0f} s" if wait is not None else ""
        raise PassingError(f"{told}{asked}", wait)
    raise UnusableError(told)


def _retry_after(text: str) -> float | None:
    """Seconds to wait: the header holds a number of them, or a date."""
    if text.strip().isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _continued(answer: httpx.Response, part: Path, begun: CachedFile | None) -> CachedFile | None:
    """What is known of the part when the answer is its rest; nothing when it is the whole."""
    if answer.status_code == 200:
        return None
    start = answer.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
    if not begun or start != str(part.stat().st_size):
        _drop(part)
        raise PassingError("gives another part of the file than was asked for", 0.0)
    return begun


def _started(answer: httpx.Response, part: Path, address: str) -> CachedFile:
    """Begin anew; what arrives encoded has no place in it to continue from."""
    encoded = "Content-Encoding" in answer.headers
    cached = CachedFile(
        part.name,
        address,
        "",
        0,
        etag="" if encoded else answer.headers.get("ETag", ""),
        last_modified="" if encoded else answer.headers.get("Last-Modified", ""),
    )
    part.write_bytes(b"")
    _remember(part, cached)
    return cached


@contextmanager
def _ends_after(seconds: float) -> Iterator[dict[str, Any]]:
    """What a request is given so that it ends in time, however slowly something always comes.

    The timeouts of httpx are of each read alone. Raises httpx.ReadTimeout where time was over.
    """
    sockets: list[socket.socket] = []
    is_over = threading.Event()

    def connected(event: str, about: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            sockets.append(about["return_value"].get_extra_info("socket"))

    def cut() -> None:
        is_over.set()
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.start()
    try:
        yield {"trace": connected}
    except httpx.TransportError as error:
        raise httpx.ReadTimeout("is too slow") if is_over.is_set() else error from None
    finally:
        timer.cancel()
    if is_over.is_set():
        raise httpx.ReadTimeout("is too slow")


def _require_data(part: Path) -> None:
    with part.open("rb") as file:
        head = file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        _drop(part)
        raise PassingError("answers with an empty body")
    if head.startswith(_WEB_PAGE):
        _drop(part)
        raise UnusableError("answers with a web page instead of data")


def _finished(part: Path, target: Path, begun: CachedFile) -> CachedFile:
    cached = replace(begun, file=target.name, sha256=sha256(part), size_bytes=part.stat().st_size)
    sidecar_path(target).unlink(missing_ok=True)
    part.replace(target)
    _remember(target, cached)
    _drop(part)
    return cached


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    sidecar_path(part).unlink(missing_ok=True)
