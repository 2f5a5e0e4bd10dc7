# SPDX-License-Identifier: Apache-2.0
"""A real Chromium for what is looked at in one, and the packages of npm that tests want. What is not
there and cannot be fetched is a reason to skip.

Packages are fetched once, in the versions below, to $HEAPTAP_NPM (else /var/cache/heaptap-test/npm,
or ~/.cache/heaptap-test/npm without root)."""

import atexit

from harness import *

PACKAGES = ["playwright-core@1.65.1", "speedscope@1.25.0", "ajv@8.20.0", "pprof-format@2.3.2"]
HERE = Path(__file__).resolve().parent
_running = {}


def _npm_directory():
    if os.environ.get("HEAPTAP_NPM"):
        return Path(os.environ["HEAPTAP_NPM"])
    cache = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    return cache / "heaptap-test/npm"


def npm_modules():
    """The node_modules with all PACKAGES, whole or not there. What failed once is not tried again."""
    if "npm" not in _running:
        try:
            _running["npm"] = _fetch()
        except (Skip, Failure) as reason:
            _running["npm"] = Skip(str(reason))
    if isinstance(_running["npm"], Skip):
        raise _running["npm"]
    return _running["npm"]


def _fetch():
    base = _npm_directory()
    done = base / "-".join(package.replace("@", "_") for package in PACKAGES)
    if done.is_dir():
        return done / "node_modules"
    if not shutil.which("npm"):
        raise Skip("npm is not installed")
    base.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new.", dir=base))
    try:
        install = ["npm", "install", "--prefix", new, "--cache", new / "cache", "--ignore-scripts"]
        quick = ["--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=30000"]
        result = run([*install, *quick, *PACKAGES], timeout=200)
        if result.status != 0:
            lines = [line for line in result.stderr.splitlines() if "npm error" in line]
            raise Skip(f"npm: {(lines or ['failed'])[0]}")
        shutil.rmtree(new / "cache", ignore_errors=True)
        new.chmod(0o755)
        if not done.is_dir():
            new.rename(done)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return done / "node_modules"


def run_node(script, *args, stdin=""):
    """A script of Node, given as text, that may require the PACKAGES."""
    if not shutil.which("node"):
        raise Skip("node is not installed")
    environment = dict(os.environ, NODE_PATH=str(npm_modules()))
    return run(["node", "-e", script, *args], env=environment, input=stdin.encode())


class Page:
    """A new page in a new profile of one browser that serves the whole script."""

    def __init__(self, **options):
        self._process = _running.get("browser") or self._start()
        self._call("open", options)

    def _start(self):
        chromium = shutil.which("chromium")
        if not chromium:
            raise Skip("chromium is not installed")
        if not shutil.which("node"):
            raise Skip("node is not installed")
        environment = dict(os.environ, NODE_PATH=str(npm_modules()))
        scratch_directory = Path(tempfile.mkdtemp(prefix="heaptap-test."))
        atexit.register(shutil.rmtree, scratch_directory, ignore_errors=True)
        process = subprocess.Popen(
            ["node", HERE / "browser.js", chromium, scratch_directory],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._end, process)
        _running["browser"] = process
        return process

    @staticmethod
    def _end(process):
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _call(self, name, *args):
        self._process.stdin.write(json.dumps([name, *args]) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], 60 * SLOW)[0]:
            raise Failure(f"the browser does not answer: {name} {args}")
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the browser has ended"}
        if "error" in answer:
            raise Failure(f"{name} {args}: {answer['error']}")
        return answer["value"]

    def __getattr__(self, name):
        return lambda *args: self._call(name, *args)
