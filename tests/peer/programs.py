"""Starts hbus-sim and hbusd on free ports for a test, and stops them."""

import os
import select
import subprocess
import tempfile
import time

START_TIMEOUT_S = 60
API_KEY = "a-key-for-tests"

CONFIG = """\
upstream:
  url: {url}
endpoints:
  commands: ["tcp://127.0.0.1:*"]
  market: ["tcp://127.0.0.1:*"]
  private: ["tcp://127.0.0.1:*"]
log: {{ level: warn }}
"""


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

    def stop(self):
        """Asks it to end, and returns its exit status."""
        self._process.terminate()
        try:
            return self._process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._process.stdout.close()
            self._errors.close()


class Programs:
    """One simulated Hummingbot and one broker. `endpoints` has the addresses `commands`, `market` and `private`."""

    def __init__(self, bin_dir, *sim_options):
        key = {"HUMMINGBOT_API_KEY": API_KEY}
        sim = [os.path.join(bin_dir, "hbus-sim"), "--port", "0", *sim_options]
        self._sim = Program(sim, "hbus-sim ready ", key)
        try:
            self._config = tempfile.NamedTemporaryFile("w", suffix=".yaml")
            self._config.write(CONFIG.format(url=self._sim.ready_line.split()[2]))
            self._config.flush()
            self._broker = Program([os.path.join(bin_dir, "hbusd"), "--config", self._config.name], "hbusd ready ", key)
        except Exception:
            self._sim.stop()
            raise
        self.endpoints = dict(word.split("=", 1) for word in self._broker.ready_line.split()[2:])

    def stop(self):
        """Stops both, the broker first, and returns the broker's exit status."""
        try:
            return self._broker.stop()
        finally:
            self._sim.stop()
            self._config.close()
