"""Download one file: again after a failure that may pass, and only if it has changed."""

import ipaddress
import logging
import shutil
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from audience_impact.plain_text import hide_passwords
from audience_impact.store.files import hash_bytes
from flows.pipeline.steps import RefusedError

AGAIN = {408, 425, 429, 500, 502, 503, 504}
WEB_PAGE = (b"<!doctype html", b"<html", b"<head", b"<?xml", b"<body")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetryPolicy:
    """Limits of a download: waiting times, attempts and size."""

    timeout_seconds: float = 30.0
    attempts: int = 6
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 120.0
    attempt_seconds: float = 900.0
    most_bytes: int = 200_000_000


@dataclass(frozen=True)
class FetchedFile:
    """A file in a folder, with its address, digest and size, and the version of the server."""

    file: str
    address: str
    sha256: str
    size_bytes: int
    etag: str = ""
    last_modified: str = ""

    @property
    def condition(self) -> dict[str, str]:
        """Return headers with which a server sends a file only if it is not this one."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


class UnusableError(Exception):
    """The answer of a server is unusable, and another attempt would not change it."""


class PassingError(Exception):
    """The answer of a server is unusable now; the server may have named the seconds to wait."""

    def __init__(self, what: str, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


def open_client(policy: RetryPolicy) -> httpx.Client:
    """Return a client that follows redirects; raise RefusedError for a proxy it cannot use."""
    try:
        return httpx.Client(
            timeout=policy.timeout_seconds,
            follow_redirects=True,
            headers={"User-Agent": "audience-impact", "Accept-Encoding": "identity"},
            event_hooks={"response": [_refuse_redirect]},
        )
    except ImportError as error:
        raise RefusedError([" ".join(str(error).split())]) from error


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
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except OSError:  # as behind a proxy
        return False
    return any(not ipaddress.ip_address(address).is_global for address in addresses)


def fetch_file(
    http: httpx.Client,
    address: str,
    target: Path,
    earlier: tuple[Path, FetchedFile] | None,
    policy: RetryPolicy,
) -> FetchedFile:
    """Fetch a file, or copy the unchanged earlier one; raise UnusableError after all attempts."""

    def is_passing(error: Exception) -> bool | float:
        if isinstance(error, PassingError):
            wait = error.wait_seconds
            return True if wait is None else wait <= policy.longest_wait_seconds and wait
        is_broken = isinstance(error, httpx.TransportError | httpx.DecodingError)
        return is_broken and not isinstance(error, httpx.UnsupportedProtocol)

    tries = stamina.retry_context(
        on=is_passing,
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


def _log_retry(details: RetryDetails) -> None:
    """Log the cause of a retry and the wait before it, which stamina does not log."""
    cause = hide_passwords(str(details.caused_by)) or type(details.caused_by).__name__
    again = f"asking again in {details.wait_for:.1f} s (time {details.retry_num})"
    log.warning("%s: %s", cause, again)


set_on_retry_hooks([_log_retry])


def _fetch_once(
    http: httpx.Client,
    address: str,
    target: Path,
    earlier: tuple[Path, FetchedFile] | None,
    policy: RetryPolicy,
) -> FetchedFile:
    deadline = time.monotonic() + policy.attempt_seconds
    with http.stream("GET", address, headers=earlier[1].condition if earlier else {}) as answer:
        if answer.status_code == 304 and earlier:
            shutil.copyfile(earlier[0], target)
            return replace(earlier[1], file=target.name)
        _require_success(answer)
        with target.open("wb") as out:
            # A piece as it comes has some ten thousand bytes and unpacks to a thousand times as
            # many at most; packed several times, it could fill the memory.
            for piece in answer.iter_bytes():
                if out.tell() + len(piece) > policy.most_bytes:
                    raise UnusableError(f"is longer than {policy.most_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("is too slow")
                out.write(piece)
    content = target.read_bytes()
    head = content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        raise PassingError("answers with an empty body")
    if head.startswith(WEB_PAGE):
        raise UnusableError("answers with a web page instead of data")
    versions = (answer.headers.get(name, "") for name in ("ETag", "Last-Modified"))
    recorded = hide_passwords(address)  # the layer and its sources are published
    return FetchedFile(target.name, recorded, hash_bytes(content), len(content), *versions)


def _require_success(answer: httpx.Response) -> None:
    """Raise PassingError for a failure that may pass, UnusableError for any other answer."""
    if answer.status_code == 200:
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip"):
            raise UnusableError(f"answers in the encoding {encoding[:40]}, which was not requested")
        return
    reply = f"answers {answer.status_code} {answer.reason_phrase}".strip()
    if answer.status_code not in AGAIN:
        raise UnusableError(reply)
    seconds = answer.headers.get("Retry-After", "").strip()
    wait = float(seconds) if seconds.isdecimal() else None
    delay = f" and asks to wait {wait:.0f} s" if wait is not None else ""
    raise PassingError(f"{reply}{delay}", wait)
