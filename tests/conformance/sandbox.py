"""The sandbox as a child process, its control API, and the functions that the suite plays itself."""

import http.client
import json
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

EMPTY_SCENARIO = Path(__file__).with_name("empty.json")

#: How long anything may take to come about, in seconds. Everything waits for events, so only a fault takes as long.
PATIENCE = 20
#: How often state is read while waiting, in seconds.
GLANCE = 0.02


class Overdue(Exception):
    """Something did not come about in time."""


class Refused(Exception):
    """The control API did not take a command."""


def until(what, read, patience=PATIENCE):
    """Reads until there is something to see, and returns it."""
    deadline = time.monotonic() + patience
    while True:
        seen = read()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise Overdue(f"waited {patience} s for {what}")
        time.sleep(GLANCE)


class Sandbox:
    """`health-gate sandbox`, from its first line to its end."""

    def __init__(self, binary, scenario=EMPTY_SCENARIO):
        self.errors = tempfile.TemporaryFile()
        command = [str(binary), "sandbox", "--port", "0"]
        if scenario is not None:
            command += ["--scenario", str(scenario)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.lines = []
        # A child whose pipe is full stands still, so somebody has to read on.
        threading.Thread(target=self._read, daemon=True).start()
        until("the sandbox's first line", lambda: self.lines or self.process.poll() is not None)
        address = re.search(r"http://127\.0\.0\.1:(\d+)", self.lines[0]) if self.lines else None
        if address is None:
            said = self.said()
            self.stop()
            raise Overdue(f"the first line has no address: {self.lines[:1]} {said}")
        self.port = int(address.group(1))
        self.address = address.group(0)

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def said(self):
        """The end of what it wrote to stderr."""
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-2_000:].strip()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def request(self, method, path, body=None, timeout=PATIENCE):
        """One request, past boto3. Gives status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = {} if body is None else {"content-type": "application/json"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def command(self, *commands):
        """Gives commands to the control API, and returns its results, one for each."""
        body = json.dumps(commands[0] if len(commands) == 1 else list(commands))
        status, _, answer = self.request("POST", "/sandbox/commands", body)
        if status != 200:
            raise Refused(f"{status} {answer.decode(errors='replace')[:400]} for {body}")
        results = json.loads(answer)["results"]
        return results[0] if len(commands) == 1 else results

    def next_invocation(self, function):
        """Waits for an invocation of a function, as Lambda's Runtime API hands it out, and lets the function return.

        A function's return means nothing to CodePipeline (captures A2), so returning at once leaves the job open and
        the function free for the next invocation.
        """
        base = f"/lambda/{function}/2018-06-01/runtime/invocation"
        try:
            status, headers, body = self.request("GET", f"{base}/next")
        except TimeoutError as error:
            raise Overdue(f"function {function} was not invoked within {PATIENCE} s") from error
        if status != 200:
            raise Refused(f"{base}/next: {status} {body[:200]!r}")
        request_id = headers["lambda-runtime-aws-request-id"]
        status, _, answer = self.request("POST", f"{base}/{request_id}/response", "null")
        if status != 202:
            raise Refused(f"{base}/{request_id}/response: {status} {answer[:200]!r}")
        return json.loads(body)
