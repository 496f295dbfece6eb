"""Download one file: with retries, resumable, and only if it has changed.

An incomplete file is stored next to its final path as `.part`, with the version that the server
named (ETag, Last-Modified). The next attempt or run continues the download if the server supports
ranges of the same version, and otherwise starts again.
"""

import hashlib
import ipaddress
import json
import logging
import shutil
import socket
import threading
import zlib
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
PIECE_BYTES = 1024**2
_WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<body")


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """Limits of a download: waiting times, attempts and size."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    attempts: Annotated[int, Field(ge=1)] = 6
    first_wait_seconds: Annotated[float, Field(ge=0)] = 1.0
    longest_wait_seconds: Annotated[float, Field(ge=0)] = 120.0
    attempt_seconds: Annotated[float, Field(gt=0)] = 900.0
    most_bytes: Annotated[int, Field(gt=0)] = 200_000_000


@dataclass(frozen=True)
class CachedFile:
    """A fetched file with its address, digest, size and version."""

    file: str
    address: str
    sha256: str
    size_bytes: int
    etag: str = ""
    last_modified: str = ""


class SourceError(RefusedError):
    """A source cannot be used; the message is one line with source, address and cause."""

    def __init__(self, source: str, address: str, what: str) -> None:
        super().__init__([f"{source}: {address}: {' '.join(what.split())}"])


class UnusableError(Exception):
    """The answer of a server is unusable, and another attempt would not change it."""


class PassingError(Exception):
    """The answer of a server is unusable now; the server may have named the seconds to wait."""

    def __init__(self, what: str, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


def open_client(policy: RetryPolicy) -> httpx.Client:
    """Return a client with the timeout of the policy that follows redirects."""
    return httpx.Client(
        timeout=policy.timeout_seconds,
        follow_redirects=True,
        headers={"User-Agent": "audience-impact", "Accept-Encoding": "identity"},
        event_hooks={"response": [_refuse_redirect]},
        limits=httpx.Limits(max_keepalive_connections=0),  # each request sees its connection made
    )


def _refuse_redirect(answer: httpx.Response) -> None:
    """Raise UnusableError for a redirect into a private network or from https to http."""
    if not answer.has_redirect_location:
        return
    here, there = answer.url, answer.url.join(answer.headers["Location"])
    if here.scheme == "https" and there.scheme != "https":
        raise UnusableError(f"redirects from https to {there}")
    if _is_local(there.host) and not _is_local(here.host):
        raise UnusableError(f"redirects to {there}, which is no public address")


def _is_local(host: str) -> bool:
    """Return whether a host is, or resolves to, an address of a private network."""
    return any(not ipaddress.ip_address(address).is_global for address in _resolve_host(host))


def _resolve_host(host: str) -> set[str]:
    """Return the IP addresses of a host; empty if its name is not resolved, as behind a proxy."""
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:
        return set()


def fetch_file(
    http: httpx.Client, address: str, target: Path, earlier: Path | None, policy: RetryPolicy
) -> CachedFile:
    """Fetch a file to `target`, or copy the earlier file if the server's file is unchanged.

    Raises UnusableError with the reason when all attempts have failed.
    """
    tries = stamina.retry_context(
        on=_RetryDecision(policy.longest_wait_seconds),
        attempts=policy.attempts,
        timeout=None,
        wait_initial=policy.first_wait_seconds,
        wait_max=policy.longest_wait_seconds,
        wait_jitter=policy.first_wait_seconds / 2,
    )
    try:
        for attempt in tries:
            with attempt:
                return _fetch_once(http, address, target, earlier, policy)
    except PassingError as error:
        raise UnusableError(f"{error}, after {attempt.num} tries") from error
    except (httpx.RequestError, httpx.InvalidURL) as error:
        what = f"{error or type(error).__name__} ({type(error).__name__})"
        raise UnusableError(f"{what}, after {attempt.num} tries") from error
    raise AssertionError("unreachable: the last try returns a file or raises")


class _RetryDecision:
    """Decides for stamina whether to retry, after the waiting time that the server named."""

    def __init__(self, longest_seconds: float) -> None:
        self.longest = longest_seconds

    def __call__(self, error: Exception) -> bool | float:
        if isinstance(error, PassingError):
            if error.wait_seconds is None:
                return True
            return error.wait_seconds if error.wait_seconds <= self.longest else False
        broken = isinstance(error, httpx.TransportError)
        return broken and not isinstance(error, httpx.UnsupportedProtocol)


def _log_retry(details: RetryDetails) -> None:
    """Log the cause of a retry and the wait before it, which stamina does not log."""
    error = details.caused_by
    log.warning(
        "%s%s: asking again in %.1f s (time %d)",
        _name_host(error),
        str(error) or type(error).__name__,
        details.wait_for,
        details.retry_num,
    )


def _name_host(error: Exception) -> str:
    """Return the host of a request that failed, followed by a colon; blank where it is unknown."""
    with suppress(AttributeError, RuntimeError):  # httpx raises where an error has no request
        return f"{error.request.url.host}: "  # type: ignore[attr-defined]
    return ""


set_on_retry_hooks([_log_retry])


def _fetch_once(
    http: httpx.Client, address: str, target: Path, earlier: Path | None, policy: RetryPolicy
) -> CachedFile:
    part = target.with_name(f"{target.name}.part")
    partial = _read_partial(part, address)
    cached = _read_cached(earlier, address) if earlier and not partial else None
    headers = _build_headers(part, partial, cached)
    with (
        _limit_time(policy.attempt_seconds) as extensions,
        http.stream("GET", address, headers=headers, extensions=extensions) as answer,
    ):
        if answer.status_code == 304 and cached and earlier:
            return _reuse_file(earlier, target, cached)
        _require_success(answer, part)
        now = _continue_part(answer, part, partial) or _start_part(answer, part, address)
        with part.open("ab") as out:
            for chunk in _read_content(answer):
                if out.tell() + len(chunk) > policy.most_bytes:
                    _remove_part(part)
                    raise UnusableError(f"is longer than {policy.most_bytes:,} bytes")
                out.write(chunk)
    _require_data(part)
    return _finish_file(part, target, now)


def _read_content(answer: httpx.Response) -> Iterator[bytes]:
    """Yield the content of an answer in pieces of bounded size, unpacked where it is packed once.

    httpx would unpack each piece whole, however large that is, and several times over.
    """
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from answer.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip"):
        raise UnusableError(f"answers in the encoding {encoding[:40]}, which was not requested")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        for packed in answer.iter_raw():
            while packed:
                yield unpacker.decompress(packed, PIECE_BYTES)
                if unpacker.unused_data:
                    raise UnusableError("answers with bytes after the end of its gzip")
                packed = unpacker.unconsumed_tail
        yield unpacker.flush()
        if not unpacker.eof:
            raise PassingError("answers with incomplete gzip")
    except zlib.error as error:
        raise PassingError(f"answers with damaged gzip ({error})") from error


def _read_cached(path: Path, address: str) -> CachedFile | None:
    """Return the record of a fetched file; None if digest or address differ."""
    try:
        cached = CachedFile(**json.loads(sidecar_path(path).read_bytes()))
        return (
            cached if (cached.address, cached.sha256) == (address, compute_digest(path)) else None
        )
    except (OSError, ValueError, TypeError):
        return None


def compute_digest(path: Path) -> str:
    """Return the SHA-256 digest of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sidecar_path(path: Path) -> Path:
    """Return the path of the record next to a file."""
    return path.with_name(f"{path.name}.about")


def _write_cached(path: Path, cached: CachedFile) -> None:
    write_whole(sidecar_path(path), as_json(asdict(cached)))


def _read_partial(part: Path, address: str) -> CachedFile | None:
    """Return the record of a partial file that can be continued, with bytes and a version."""
    try:
        cached = CachedFile(**json.loads(sidecar_path(part).read_bytes()))
        usable = cached.address == address and _choose_version(cached) and part.stat().st_size > 0
    except (OSError, ValueError, TypeError):
        return None
    return cached if usable else None


def _choose_version(cached: CachedFile) -> str:
    """Return the value for If-Range: a strong ETag, else the time of the last change."""
    return cached.etag if cached.etag and not cached.etag.startswith("W/") else cached.last_modified


def _build_headers(
    part: Path, partial: CachedFile | None, cached: CachedFile | None
) -> dict[str, str]:
    if partial:
        return {"Range": f"bytes={part.stat().st_size}-", "If-Range": _choose_version(partial)}
    if cached and cached.etag:
        return {"If-None-Match": cached.etag}
    return {"If-Modified-Since": cached.last_modified} if cached and cached.last_modified else {}


def _reuse_file(earlier: Path, target: Path, cached: CachedFile) -> CachedFile:
    if earlier != target:
        shutil.copyfile(earlier, target)
    cached = replace(cached, file=target.name)
    _write_cached(target, cached)
    return cached


def _require_success(answer: httpx.Response, part: Path) -> None:
    """Raise PassingError for a temporary failure and UnusableError for any other."""
    status = answer.status_code
    if status in (200, 206):
        return
    reply = f"answers {status} {answer.reason_phrase}".strip()
    if status == 416:
        _remove_part(part)
        raise PassingError(f"{reply} to the request for the rest of a file", 0.0)
    if status in _AGAIN:
        wait = _retry_after(answer.headers.get("Retry-After", ""))
        delay = f" and asks to wait {wait:.0f} s" if wait is not None else ""
        raise PassingError(f"{reply}{delay}", wait)
    raise UnusableError(reply)


def _retry_after(text: str) -> float | None:
    """Return the seconds to wait, from a header with a number or a date."""
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - datetime.now(UTC)).total_seconds(), 0.0)


def _continue_part(
    answer: httpx.Response, part: Path, partial: CachedFile | None
) -> CachedFile | None:
    """Return the record of the partial file that the response continues; None if complete."""
    if answer.status_code == 200:
        return None
    start = answer.headers.get("Content-Range", "").removeprefix("bytes ").split("-")[0]
    if not partial or start != str(part.stat().st_size):
        _remove_part(part)
        raise PassingError("sends another part of the file than requested", 0.0)
    return partial


def _start_part(answer: httpx.Response, part: Path, address: str) -> CachedFile:
    """Start the partial file anew, without a version if the response is encoded.

    An encoded response cannot be continued.
    """
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
    _write_cached(part, cached)
    return cached


@contextmanager
def _limit_time(seconds: float) -> Iterator[dict[str, Any]]:
    """Yield extensions of a request that end it after these seconds, however slow its reads are.

    The timeouts of httpx limit only each read. Raises httpx.ReadTimeout after the time.
    """
    sockets: list[socket.socket] = []
    is_over = threading.Event()

    def note_connection(event: str, about: dict[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            sockets.append(about["return_value"].get_extra_info("socket"))

    def cut_connections() -> None:
        is_over.set()
        for connection in sockets:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut_connections)
    timer.start()
    try:
        yield {"trace": note_connection}
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
        _remove_part(part)
        raise PassingError("answers with an empty body")
    if head.startswith(_WEB_PAGE):
        _remove_part(part)
        raise UnusableError("answers with a web page instead of data")


def _finish_file(part: Path, target: Path, partial: CachedFile) -> CachedFile:
    cached = replace(
        partial, file=target.name, sha256=compute_digest(part), size_bytes=part.stat().st_size
    )
    sidecar_path(target).unlink(missing_ok=True)
    part.replace(target)
    _write_cached(target, cached)
    _remove_part(part)
    return cached


def _remove_part(part: Path) -> None:
    part.unlink(missing_ok=True)
    sidecar_path(part).unlink(missing_ok=True)
