"""A real browser for tests: headless Chromium, told what to do over a pipe of its own (DevTools protocol)."""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--no-first-run", "--disable-gpu", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe"),
)

PATIENCE = 200.0
"""How long a busy machine may take to show something, in seconds."""


def executable() -> str | None:
    """Return the path of a Chromium; None if there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Page:
    """A page in the browser.

    Attributes:
        requests: The addresses that it asked for.
        problems: Errors of its console, exceptions, requests that failed or that its policy forbade.
    """

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Have something done and return the answer."""
        return self.browser.send(method, parameters, session=self.session)

    def go(self, url: str) -> None:
        """Begin to load a page."""
        self.send("Page.navigate", url=url)

    def evaluate(self, expression: str, *, patience: float = PATIENCE) -> Any:
        """Return the value of a JavaScript expression; of what it promises, if it is a promise."""
        answer = self.browser.send(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
            session=self.session,
            patience=patience,
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition: str, *, patience: float = PATIENCE) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + patience
        poll = f"new Promise(r => setTimeout(() => r(Boolean({condition})), 50))"
        while not self.evaluate(poll):
            if time.monotonic() > deadline:
                seen = self.evaluate("document.body.innerText.slice(0, 2000)")
                raise AssertionError(f"never came true: {condition}\n{self.problems}\n{seen}")

    def resize(self, width: int, height: int = 1000, *, dark: bool = False) -> None:
        """Set the size of the window in CSS pixels, and the scheme of colours."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def press(self, key: str) -> None:
        """Press a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        code = {"Enter": 13, "Escape": 27, "ArrowRight": 39}.get(key, 0)
        for kind in ("keyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    def screenshot(self, path: Path, *, full: bool = False) -> None:
        """Write what is seen, or the full page, as a PNG."""
        image = self.send("Page.captureScreenshot", captureBeyondViewport=full)
        path.write_bytes(base64.b64decode(image["data"]))

    def take(self, method: str, event: Mapping[str, Any]) -> None:
        """Take in what happened."""
        if method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Network.loadingFailed" and not event.get("canceled"):
            self.problems.append(f"request failed: {event['errorText']}")
        elif method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(event["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.problems.append(json.dumps(event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{event['entry']['text']} {event['entry'].get('url', '')}")


class Browser:
    """A running Chromium."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._pages: dict[str, Page] = {}
        self._rest = b""
        self._sent = 0

    def page(self) -> Page:
        """Open an empty page."""
        target = self.send("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.send("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._pages[session] = page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.send(f"{domain}.enable")
        return page

    def send(
        self, method: str, parameters: Mapping[str, Any], *, session: str = "", patience: float = PATIENCE
    ) -> dict[str, Any]:
        """Send a command and return its answer; what happens in the meantime goes to the pages."""
        self._sent += 1
        message = {"id": self._sent, "method": method, "params": parameters}
        os.write(
            self._outgoing, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
        )
        for answer in self._messages(patience):
            if answer.get("id") == self._sent:
                assert "error" not in answer, (method, answer)
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer and answer.get("sessionId") in self._pages:  # not late, to a failed test
                self._pages[answer["sessionId"]].take(answer["method"], answer["params"])
        raise AssertionError(f"the browser ended during {method}")

    def _messages(self, patience: float) -> Iterator[dict[str, Any]]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._incoming, selectors.EVENT_READ)
            while True:
                while b"\0" in self._rest:
                    message, self._rest = self._rest.split(b"\0", 1)
                    yield json.loads(message)
                assert selector.select(patience), "the browser does not answer"
                more = os.read(self._incoming, 1 << 16)
                if not more:
                    return
                self._rest += more


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Run a Chromium with an empty profile in a folder; closing the pipe ends it."""
    commands, outgoing = os.pipe()
    incoming, answers = os.pipe()
    line = f'exec "$@" 3<&{commands} 4>&{answers}'
    arguments = ["bash", "-c", line, "-", executable(), *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(arguments, pass_fds=(commands, answers), stderr=subprocess.DEVNULL)
    os.close(commands)
    os.close(answers)
    try:
        yield Browser(incoming, outgoing)
    finally:
        os.close(outgoing)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(incoming)
