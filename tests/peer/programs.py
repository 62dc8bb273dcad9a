"""Starts hbus-sim and hbusd on free ports for a test, and stops them."""

import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time

START_TIMEOUT_S = 60
WAIT_S = 30
API_KEY = "a-key-for-tests"

CONFIG = """\
upstream:
  url: {url}
endpoints:
  commands: ["{commands}"]
  market: ["{market}"]
  private: ["{private}"]
  high_water_mark: {high_water_mark}
journal: {{ path: "{journal}" }}
log: {{ level: warn }}
{settings}"""


def until(condition, what):
    """Calls `condition` until it is true, and returns what it gave. `what` was waited for: text, or what gives it."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
    raise AssertionError(f"{what() if callable(what) else what}: not in {WAIT_S} s")


def await_link(peer):
    until(lambda: peer.call("status")["data"]["link"]["status"] == "connected" or peer.next_event(20), "a link")


class Program:
    """A child process, found ready by the line that it then prints on standard output."""

    def __init__(self, arguments, ready_prefix, environment):
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=self._errors, env={**os.environ, **environment})
        try:
            self.ready_line = self._await_line(ready_prefix)
        except Exception:
            self.stop()
            raise

    def _await_line(self, prefix):
        output = b""
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            left = deadline - time.monotonic()
            if not select.select([self._process.stdout], [], [], max(0, left))[0]:
                raise TimeoutError(f"{self._process.args[0]} is not ready: {self._told(output)}")
            chunk = os.read(self._process.stdout.fileno(), 4096)
            if not chunk:
                raise RuntimeError(f"{self._process.args[0]} ended: {self._told(output)}")
            output += chunk
            for line in output.decode().split("\n")[:-1]:
                if line.startswith(prefix):
                    return line

    def _told(self, output):
        self._errors.seek(0)
        return (output + self._errors.read()).decode(errors="replace")

    def stop(self, number=signal.SIGTERM):
        """Sends it a signal, waits until it ends, and returns its exit status."""
        self._process.send_signal(number)
        try:
            return self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._process.stdout.close()
            self._errors.close()


class Programs:
    """One simulated Hummingbot and one broker. `endpoints` has the addresses `commands`, `market` and `private`: free
    ports, or with `ipc` files, which stay the same when the broker is started again. `settings` is more YAML."""

    def __init__(self, bin_dir, *sim_options, ipc=False, high_water_mark=100_000, settings=""):
        self._key = {"HUMMINGBOT_API_KEY": API_KEY}
        self._bin_dir = bin_dir
        self._folder = tempfile.TemporaryDirectory()
        sim = [os.path.join(bin_dir, "hbus-sim"), "--port", "0", *sim_options]
        self._sim = Program(sim, "hbus-sim ready ", self._key)
        try:
            folder = pathlib.Path(self._folder.name)
            self._config = folder / "hbusd.yaml"
            url = self._sim.ready_line.split()[2]
            endpoints = {name: f"ipc://{folder}/{name}" if ipc else "tcp://127.0.0.1:*"
                         for name in ("commands", "market", "private")}
            text = CONFIG.format(url=url, journal=folder / "hbus.db", high_water_mark=high_water_mark, settings=settings,
                                 **endpoints)
            self._config.write_text(text, encoding="utf-8")
            self._start_broker()
        except Exception:
            self._sim.stop()
            raise

    def _start_broker(self):
        program = os.path.join(self._bin_dir, "hbusd")
        self._broker = Program([program, "--config", str(self._config)], "hbusd ready ", self._key)
        self.endpoints = dict(word.split("=", 1) for word in self._broker.ready_line.split()[2:])

    def restart_broker(self):
        """Kills the broker, as a crash would, and starts it again on its journal; free ports are others then."""
        self._broker.stop(signal.SIGKILL)
        self._start_broker()

    def stop(self):
        """Stops both, the broker first, and returns the broker's exit status."""
        try:
            return self._broker.stop()
        finally:
            self._sim.stop()
            self._folder.cleanup()
