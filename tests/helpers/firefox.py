"""Headless Firefox, driven by its own protocol, Marionette: messages of JSON with their length in front."""

import base64
import contextlib
import json
import shutil
import socket
import subprocess
import time

import pytest


class Firefox:
    """A window of Firefox that opens pages and runs scripts in them."""

    def __init__(self, link):
        self.link, self.number = link, 0
        self._read()  # it says hello
        self.ask("WebDriver:NewSession", {})

    def ask(self, command, given):
        """Send a command; return what it answers, or raise RuntimeError."""
        self.number += 1
        text = json.dumps([0, self.number, command, given]).encode()
        self.link.sendall(f"{len(text)}:".encode() + text)
        _, _, error, answer = self._read()
        if error:
            raise RuntimeError(f"{command}: {error['message']}")
        return answer

    def goto(self, url):
        """Open a page and wait until it has been loaded."""
        self.ask("WebDriver:Navigate", {"url": url})

    def evaluate(self, expression):
        """Return the value of an expression in the page; a promise is waited for."""
        script = (
            f"const done = arguments[0]; Promise.resolve().then(() => ({expression})).then(done, (e) => done(String(e)))"
        )
        return self.ask("WebDriver:ExecuteAsyncScript", {"script": script, "args": [], "sandbox": None})["value"]

    def wait_for(self, expression, seconds=30.0):
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({expression})"):
            assert time.monotonic() < end, f"not true within {seconds:g} s: {expression}"
            time.sleep(0.1)

    def screenshot(self, path):
        """Write a picture of the window as PNG."""
        path.write_bytes(base64.b64decode(self.ask("WebDriver:TakeScreenshot", {"full": False})["value"]))

    def _read(self):
        length = b""
        while not length.endswith(b":"):
            length += self.link.recv(1)
        text = b""
        while len(text) < int(length[:-1]):
            text += self.link.recv(int(length[:-1]) - len(text))
        return json.loads(text)


@contextlib.contextmanager
def firefox(folder):
    """Give the browser, with a profile of its own in a folder; skip the test if there is none."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("needs Firefox")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "user.js").write_text(f'user_pref("marionette.port", {port});\n', encoding="utf-8")
    command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with _connected(port, process) as link:
            yield Firefox(link)
    finally:
        process.terminate()
        process.wait(30)


def _connected(port, process, seconds=60.0):
    end = time.monotonic() + seconds
    while True:
        try:
            link = socket.create_connection(("127.0.0.1", port), timeout=60.0)
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                pytest.skip("Firefox does not start here")
            time.sleep(0.2)
        else:
            return link
