"""The HTTP server of the page: it answers GET, by default from this machine only, and changes nothing."""

from __future__ import annotations

import errno
import json
import re
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from archscape.spaces.errors import ArchscapeError, InputError

from ..study.poller import Poller
from ..study.reader import StudyReader
from .detail import detail, drawn
from .page import IMAGE_POLICY, POLICY, Asset, assets, page
from .stream import Stream

PORTS = 100
"""How many ports are tried, from the one asked for, if it is taken."""

SOCKET_SECONDS = 60.0
"""How long a browser may leave its connection full before it is closed; it comes back by itself."""

WriteReport = Callable[[StudyReader, Path], None]


class Server(ThreadingHTTPServer):
    """A server for one study.

    Attributes:
        token: Identifies this run of the server.
        assets: The files that the page loads.
        is_local: Whether it answers this machine only.
        logs: The folder of the trials' logs.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(
        self, study: StudyReader, write_report: WriteReport, *, logs: Path, host: str, port: int
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)
        self.poller = Poller(study)
        self.token = secrets.token_hex(4)
        self.assets = assets()
        self.page = page(study.name, self.assets)
        self.is_local = is_local(host)
        self.reporting = threading.Lock()
        self.logs = logs
        self._write_report = write_report

    @property
    def url(self) -> str:
        """Where the page is."""
        host, port = map(str, self.server_address[:2])
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def serve(self, ready: Callable[[Server], None]) -> None:
        """Answer until Ctrl-C or SIGTERM; `ready` is called when the page can be opened."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            ready(self)
            self.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            pass
        finally:
            self.poller.close()
            self.server_close()

    def report(self) -> bytes:
        """Return the report of the study as it is now; one is built at a time."""
        with self.reporting, TemporaryDirectory() as folder:
            path = Path(folder, "report.html")
            self._write_report(self.poller.study, path)
            return path.read_bytes()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a browser that went away; any other error is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "archscape"
    sys_version = ""
    timeout = SOCKET_SECONDS

    def do_GET(self) -> None:
        """Answer a request."""
        if self.server.is_local and not is_local(self._host()):
            self._text(HTTPStatus.FORBIDDEN, "this page is for the machine it runs on\n")
            return
        try:
            self._answer(urlsplit(self.path))
        except ArchscapeError as error:  # the database cannot be reached
            self._json(HTTPStatus.SERVICE_UNAVAILABLE, {"error": str(error)})

    def _answer(self, parts: SplitResult) -> None:
        asset = self.server.assets.get(parts.path)
        number = re.fullmatch(r"/trial/(\d{1,9})", parts.path)
        image = re.fullmatch(r"/(figure|strip)/(\d{1,9})\.svg", parts.path)
        if asset is not None:
            self._asset(asset, {"Cache-Control": "max-age=31536000, immutable"})
        elif image is not None:
            self._image("strip" if image[1] == "strip" else "figure", int(image[2]))
        elif number is not None:
            self._trial(int(number[1]))
        elif parts.path == "/":
            self._asset(self.server.page, {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY})
        elif parts.path == "/events":
            self._events(self.headers["Last-Event-ID"] or parse_qs(parts.query).get("since", [""])[0])
        elif parts.path == "/report":
            self._send(HTTPStatus.OK, "text/html", self.server.report())
        elif parts.path == "/health":
            self._health()
        else:
            self._text(HTTPStatus.NOT_FOUND, "there is no such page\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log no request that was answered."""

    def _host(self) -> str:
        """Return the name by which the server was called: that of a foreign page that leads here differs."""
        return urlsplit(f"//{self.headers['Host'] or ''}").hostname or ""

    def _trial(self, number: int) -> None:
        trial = detail(self.server.poller.study, number, self.server.logs)
        if trial is None:
            self._json(HTTPStatus.NOT_FOUND, {"error": f"there is no trial {number}"})
        else:
            self._json(HTTPStatus.OK, trial)

    def _image(self, what: Literal["figure", "strip"], number: int) -> None:
        record = self.server.poller.study.trial(number)
        svg = drawn(record[0].network, what) if record else ""
        if svg:
            self._send(
                HTTPStatus.OK, "image/svg+xml", svg.encode(), {"Content-Security-Policy": IMAGE_POLICY}
            )
        else:
            self._text(HTTPStatus.NOT_FOUND, f"there is no picture of trial {number}\n")

    def _health(self) -> None:
        study = self.server.poller.study
        stopping = study.is_stopping()
        self._json(HTTPStatus.OK, {"status": "ok", "study": study.name, "stopping": stopping})

    def _events(self, last: str) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self._headers("text/event-stream", {"Cache-Control": "no-store", "Connection": "close"})
        for text in Stream.resumed(self.server.poller, self.server.token, last):
            self.wfile.write(text)
            self.wfile.flush()

    def _asset(self, asset: Asset, headers: dict[str, str]) -> None:
        if "gzip" in (self.headers["Accept-Encoding"] or ""):
            self._send(HTTPStatus.OK, asset.kind, asset.compressed, headers | {"Content-Encoding": "gzip"})
        else:
            self._send(HTTPStatus.OK, asset.kind, asset.text.encode(), headers)

    def _json(self, status: HTTPStatus, data: object) -> None:
        self._send(status, "application/json", json.dumps(data, allow_nan=False).encode())

    def _text(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/plain", text.encode())

    def _send(
        self, status: HTTPStatus, kind: str, content: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        length = {"Content-Length": str(len(content))}
        self._headers(kind, {"Cache-Control": "no-store", **length, **(headers or {})})
        self.wfile.write(content)

    def _headers(self, kind: str, headers: dict[str, str]) -> None:
        always = {
            "Content-Type": f"{kind}; charset=utf-8",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        for name, text in (always | headers).items():
            self.send_header(name, text)
        self.end_headers()


def is_local(host: str) -> bool:
    """Return whether a host is this machine as it calls itself.

    >>> is_local("localhost"), is_local("127.0.0.1"), is_local("::1"), is_local("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def bind(study: StudyReader, write_report: WriteReport, *, logs: Path, host: str, port: int) -> Server:
    """Return a server on a port, or on the next that is free.

    Args:
        study: The study; it is only read.
        write_report: Writes the whole report of the study to a file.
        logs: The folder of the trials' logs, which need not exist.
        host: The address to listen on.
        port: The port; the next free one if it is taken, any if it is 0.

    Raises:
        InputError: If the machine has no such address, or none of the next ports is free.
    """
    for candidate in range(port, min(port + PORTS, 65536)):
        try:
            return Server(study, write_report, logs=logs, host=host, port=candidate)
        except (OSError, UnicodeError) as error:
            if not isinstance(error, OSError) or error.errno != errno.EADDRINUSE:
                why = error.strerror if isinstance(error, OSError) else "no host name"
                raise InputError(f"--host {host} --port {candidate}: {why}") from None
    raise InputError(f"--port {port}: it and the next {PORTS - 1} ports are taken")
