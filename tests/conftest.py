"""What all tests share: a browser that watches itself, JupyterLab as a newcomer gets it, and a folder for pictures."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from graphviz_ad.core.primitive import declare_late
from tests.run import OUTPUT, ROOT, find_browser, hear_interrupts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, WebSocket

with contextlib.suppress(ImportError):  # on some platforms there is no SciPy
    import scipy.special  # noqa: F401
declare_late()  # so that every walk over the registry meets the rules for SciPy's functions

BROWSER_ARGUMENTS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Below everything that a page or the browser itself may try: no name resolves but these.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
HOSTS = ("127.0.0.1", "localhost")
SCHEMES_WITHOUT_HOST = ("about", "blob", "data", "file")


def pytest_configure() -> None:
    """Make Ctrl-C something that tests can send, however they were started."""
    hear_interrupts()


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of tests/browser as one that needs a browser, so that none can forget it."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "browser"):
            item.add_marker(pytest.mark.browser)


FAILED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Remember that a test failed, so that its pages are kept as pictures."""
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Return the folder for pictures of what a person sees (ignored by git)."""
    folder = OUTPUT / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the machine's own Chromium once; a missing one is a failure, never a skip."""
    from playwright.sync_api import sync_playwright

    executable = find_browser()
    if executable is None:
        pytest.fail("no browser found; install it with: sudo apt-get install chromium", pytrace=False)
    arguments = list(BROWSER_ARGUMENTS)
    if os.getuid() == 0:  # Chromium's sandbox refuses root
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield started
        started.close()


def is_local(address: str) -> bool:
    """Whether a request stays on this machine."""
    parts = urlsplit(address)
    if parts.scheme in SCHEMES_WITHOUT_HOST:
        return not parts.netloc
    return parts.scheme in {"http", "ws"} and parts.hostname in HOSTS


@dataclass
class Watch:
    """What went wrong in the pages of one test.

    ``errors``: console errors and uncaught exceptions; ``foreign``: requests that would have left this machine (they
    are blocked). Both must be empty when the test ends; a test that provokes one takes it out after looking at it.
    ``requests``: every address that was asked for, in order.
    """

    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Watch all pages of a browser context, the ones it opens later too."""
        context.route("**/*", self._route)
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))
        context.on("page", lambda page: page.on("websocket", self._websocket))

    def _route(self, route: Route) -> None:
        if is_local(route.request.url):
            route.continue_()
        else:
            route.abort()

    def _request(self, request: Request) -> None:
        self._note(request.url)

    def _websocket(self, websocket: WebSocket) -> None:
        self._note(websocket.url)

    def _note(self, address: str) -> None:
        self.requests.append(address)
        if not is_local(address):
            self.foreign.append(address)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    def report(self) -> str:
        """Return what must not be there, one per line; empty when all is well."""
        return "\n".join([*self.errors, *(f"request to another host: {address}" for address in self.foreign)])


@pytest.fixture
def watch() -> Watch:
    """Return the record of what the pages of this test did; checked when the test ends."""
    return Watch()


@pytest.fixture
def page_factory(
    browser: Browser, watch: Watch, screenshots: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Return a function that opens a page of its own: ``page_factory(theme="dark", width=800, javascript=False)``.

    The test fails at its end if any page wrote an error to the console, threw, or asked another host for anything.
    """
    contexts: list[BrowserContext] = []

    def open_page(
        *, theme: str = "light", width: int = 1280, height: int = 900, javascript: bool = True, **options: Any
    ) -> Page:
        context = browser.new_context(
            color_scheme=theme,
            viewport={"width": width, "height": height},
            java_script_enabled=javascript,
            # what moves is painted without end by a browser without a graphics card; its own tests ask for it
            **{"service_workers": "block", "reduced_motion": "reduce", **options},
        )
        contexts.append(context)
        watch.follow(context)
        return context.new_page()

    yield open_page

    if request.node.stash.get(FAILED, False):
        for number, page in enumerate(page for context in contexts for page in context.pages):
            name = re.sub(r"\W+", "-", request.node.name)
            with contextlib.suppress(Exception):  # the page may be what failed
                page.screenshot(path=screenshots / f"failed-{name}-{number}.png")
    for context in contexts:
        context.close()
    if problems := watch.report():
        pytest.fail(problems, pytrace=False)


@pytest.fixture
def page(page_factory: Callable[..., Page]) -> Page:
    """Return one page in the light theme."""
    return page_factory()


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class JupyterLab:
    """A running `graphviz-ad demo`.

    ``address`` ends in a slash, without the token; ``notebook_address`` is what a newcomer opens; notebooks that a test
    writes into ``folder`` are served too. ``output`` is what the command has printed so far.
    """

    process: subprocess.Popen[str]
    folder: Path
    output: list[str] = field(default_factory=list)
    notebook_address: str = ""

    @property
    def address(self) -> str:
        return self.notebook_address.partition("lab/tree/")[0]

    @property
    def token(self) -> str:
        return self.notebook_address.partition("?token=")[2]

    def url(self, notebook: str) -> str:
        """Return the address, token included, that opens a notebook of ``folder`` alone.

        In a workspace of its own: the usual one remembers what was open, and `?reset` opens the page twice.
        """
        return f"{self.address}lab/workspaces/test-{token_hex(4)}/tree/{quote(notebook)}?token={self.token}"


def quiet_jupyter(folder: Path) -> dict[str, str]:
    """Return an environment in which Jupyter sees nothing of the person's own set-up and leaves nothing in it."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "PORT", "BROWSER"))
    }
    for display in ("DISPLAY", "WAYLAND_DISPLAY"):
        environment.pop(display, None)
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        environment[variable] = str(folder / variable.lower())
    environment["JUPYTER_PLATFORM_DIRS"] = "1"
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


@dataclass
class Server:
    """A command that serves pages: its process, what it has printed so far, and the address that it printed."""

    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)
    address: str = ""


@contextlib.contextmanager
def running_server(
    command: list[str], address: str, *, environment: dict[str, str], seconds: float = 90
) -> Iterator[Server]:
    """Run a command; yield when it has printed its address, end all that it started afterwards.

    Parameters
    ----------
    command
        The words of the command line.
    address
        A regular expression that finds the address in what the command prints.
    environment
        The whole environment.
    seconds
        How long the start may take.
    """
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,  # a process group of its own, which can be ended as a whole
    )
    server = Server(process)

    def read() -> None:
        assert process.stdout is not None
        server.output.extend(process.stdout)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        deadline = time.monotonic() + seconds
        while not server.address:
            found = re.search(address, "".join(server.output))
            if found:
                server.address = found.group()
            elif process.poll() is not None or time.monotonic() > deadline:
                reader.join(2)
                pytest.fail(f"{' '.join(command)} did not start:\n" + "".join(server.output), pytrace=False)
            else:
                time.sleep(0.1)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()  # it ends the server, and the server its kernels
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(5)
        if process.stdout is not None:
            process.stdout.close()


@contextlib.contextmanager
def running_demo(
    folder: Path, *options: str, environment: dict[str, str] | None = None, seconds: float = 90
) -> Iterator[JupyterLab]:
    """Run `graphviz-ad demo` as a newcomer does, with the notebook in `folder` and Jupyter's own files beside it.

    Without an ``environment`` it is that of `quiet_jupyter`; the other arguments are those of `running_server`.
    """
    command = [sys.executable, "-m", "graphviz_ad", "demo", "--folder", str(folder), *options]
    environment = quiet_jupyter(folder.parent / "jupyter") if environment is None else environment
    with running_server(command, r"http://\S+/lab/tree/\S+", environment=environment, seconds=seconds) as server:
        yield JupyterLab(server.process, folder, server.output, server.address)


@pytest.fixture(scope="session")
def jupyter_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Start JupyterLab as `graphviz-ad demo` does, once, in a temporary folder and on a free port."""
    folder = tmp_path_factory.mktemp("lab") / "graphviz-ad-demo"
    with running_demo(folder, "--port", str(free_port())) as lab:
        yield lab
