"""A server on this machine that stands for the publishers: it answers well, or as it is told."""

import gzip
import json
import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flows.downloads import Name

Answer = Callable[["Handler", bytes], None]
COUNTRIES = ("AE", "AF", "AL", "1W", "ZH")
YEARS = range(2001, 2024)
PER_PAGE = 40
VARIANTS = ("Medium", "Lower 95 PI", "Upper 95 PI")
_PATHS = {
    Name.POPULATION: "/population?format=json&page=1",
    Name.INTERNET: "/internet?format=json&page=1",
    Name.PROJECTIONS: "/wpp.csv.gz",
    Name.REGISTER: "/stop.csv",
    Name.NETWORKS: "/aspop",
}


class Handler(BaseHTTPRequestHandler):
    """Answers a request with the next of the server's answers for the path, else well."""

    server: "Server"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.drawn_kinds.append((self.path, dict(self.headers.items())))
        waiting = self.server.answers[path]
        answer = waiting.pop(0) if waiting else well
        answer(self, self.server.body(self.path))

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""


class Server(ThreadingHTTPServer):
    """What the publishers have, how they answer next, and what they were asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.population = {
            (c, y): str(1000 * y + n) for n, c in enumerate(COUNTRIES) for y in YEARS
        }
        self.internet = {(c, y): "50.5" for c in COUNTRIES for y in YEARS}
        self.updated = "2026-07-01"
        self.files = {"/wpp.csv.gz": gzip.compress(wpp(), mtime=0), "/stop.csv": stop()}
        self.files["/aspop"] = aspop()
        self.versions = True
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.drawn_kinds: list[tuple[str, dict[str, str]]] = []

    @property
    def addresses(self) -> dict[Name, str]:
        return {name: f"http://127.0.0.1:{self.server_port}{path}" for name, path in _PATHS.items()}

    def body(self, path: str) -> bytes:
        where = urlsplit(path)
        if where.path in self.files:
            return self.files[where.path]
        page = int(parse_qs(where.query)["page"][0])
        values = self.population if where.path == "/population" else self.internet
        return indicator(values, page, self.updated)

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is part of the tests."""


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def indicator(values: dict[tuple[str, int], str], page: int, updated: str) -> bytes:
    """A page as the World Bank gives it; the last row has no value, as some have none."""
    rows: list[Any] = [
        {
            "indicator": {"id": "X", "value": "X"},
            "country": {"id": country, "value": country},
            "countryiso3code": "",
            "date": str(year),
            "value": json.loads(value),
            "unit": "",
            "obs_status": "",
            "decimal": 0,
        }
        for (country, year), value in values.items()
    ]
    rows.append({**rows[-1], "date": "1960", "value": None})
    meta = {
        "page": page,
        "pages": -(-len(rows) // PER_PAGE),
        "per_page": PER_PAGE,
        "total": len(rows),
        "lastupdated": updated,
    }
    return json.dumps([meta, rows[(page - 1) * PER_PAGE : page * PER_PAGE]]).encode()


def wpp(
    header: str = "SortOrder,LocID,Notes,ISO2_code,Location,VarID,Variant,Time,PopTotal",
) -> bytes:
    """The totals of the UN: the world, two countries, the medium variant, its bounds, another."""
    places = (("900", "", "World"), ("4", "AF", "Afghanistan"), ("784", "AE", "Emirates"))
    rows = [
        f"1,{place},,{code},{name},2,{variant},{year},{year + apart}.5"
        for place, code, name in places
        for variant, apart in zip((*VARIANTS, "High"), (0, -5, 5, 9), strict=True)
        for year in range(2020, 2034)
    ]
    return "\n".join([header, *rows, ""]).encode()


def stop(rows: int = 40) -> bytes:
    header = (
        "start_date,end_date,country,geo_scope,area_name,shutdown_type,affected_network,"
        "shutdown_extent,event"
    )
    lines = [
        f"2025-01-{n % 28 + 1:02},,India,Local,District {n},Shutdown,Mobile,Full,"
        for n in range(rows)
    ]
    return "\n".join([header, *lines, ""]).encode()


def aspop(date: str = "2026-11-20", percent: object = None) -> bytes:
    """Users of networks as APNIC gives them: two networks of a country, and one too small."""
    shares = {"AS64500": 61.25, "64501": 20.0, "64502": 0.05}
    data = [
        {
            "rank": rank,
            "AS": number,
            "Description": f"NET{rank}-AS Network {rank}, AE",
            "CC": "AE",
            "Users": 1000,
            "Percent of CC Pop": share if percent is None else percent,
            "Percent of Internet": 0.01,
            "Samples": 50,
        }
        for rank, (number, share) in enumerate(shares.items(), 1)
    ]
    return json.dumps({"Date": date, "Window": "60 days", "Data": data}).encode()


def well(handler: Handler, body: bytes) -> None:
    """Whole, with a version; only the rest of it, or nothing, where that is asked for."""
    version = f'"{hash(body)}"'
    asked = handler.headers
    if handler.server.versions and asked.get("If-None-Match") == version:
        handler.send_response(304)
        handler.end_headers()
        return
    start = 0
    if handler.server.versions and asked.get("If-Range") == version:
        start = int(asked["Range"].removeprefix("bytes=").removesuffix("-"))
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    if handler.server.versions:
        handler.send_header("ETag", version)
    handler.send_header("Content-Length", str(len(body) - start))
    handler.end_headers()
    handler.wfile.write(body[start:])


def fails(status: int, **headers: str) -> Answer:
    def answer(handler: Handler, body: bytes) -> None:
        handler.send_response(status)
        for key, text in headers.items():
            handler.send_header(key.replace("_", "-"), text)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def gives(content: bytes, kind: str = "text/csv") -> Answer:
    """Another body, once, without a version."""

    def answer(handler: Handler, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def _half(handler: Handler, body: bytes) -> None:
    handler.send_response(200)
    if handler.server.versions:
        handler.send_header("ETag", f'"{hash(body)}"')
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2])
    handler.wfile.flush()


def truncated(handler: Handler, body: bytes) -> None:
    """Half of what Content-Length tells of, then an orderly end."""
    _half(handler, body)


def dropped(handler: Handler, body: bytes) -> None:
    """Half, then the connection is reset."""
    _half(handler, body)
    time.sleep(0.05)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def silent(handler: Handler, body: bytes) -> None:
    """Half, then nothing for longer than anybody waits."""
    _half(handler, body)
    time.sleep(0.5)


def slow(handler: Handler, body: bytes) -> None:
    """Whole, in small steps."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    for start in range(0, len(body), 400):
        handler.wfile.write(body[start : start + 400])
        handler.wfile.flush()
        time.sleep(0.01)


def encoded(handler: Handler, body: bytes) -> None:
    """Packed for the way, though nobody asked for it."""
    packed = gzip.compress(body)
    handler.send_response(200)
    handler.send_header("ETag", '"packed"')
    handler.send_header("Content-Encoding", "gzip")
    handler.send_header("Content-Length", str(len(packed)))
    handler.end_headers()
    handler.wfile.write(packed)
