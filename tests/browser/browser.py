"""Headless Chromium without a network, as the checks need it."""

import base64
import json
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]


class Browser:
    def __enter__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in [*ARGUMENTS, f"--user-data-dir={self.profile.name}"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.call("Network.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self.call("Network.emulateNetworkConditions", **offline)
        return self

    def __exit__(self, *_):
        self.driver.quit()
        self.profile.cleanup()

    def call(self, method, **parameters):
        """A call of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(method, parameters)

    def ask(self, script, *arguments):
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def show(self, page, width=1280, scheme="light", media="screen"):
        """Loads a file at this width."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)
        self.driver.get(page.resolve().as_uri())

    def errors(self):
        """What the console has said since the last time, if it is more than information."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self):
        """The addresses that were asked for since the last time."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [message for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [message["params"]["request"]["url"] for message in sent]

    def take_pictures(self, page, directory):
        looks = [("light", 1280, "light", "screen"), ("dark", 1280, "dark", "screen"), ("narrow", 360, "light", "screen")]
        for name, width, scheme, media in [*looks, ("print", 794, "light", "print")]:
            self.show(page, width, scheme, media)
            clip = {"x": 0, "y": 0, "width": width, "height": 2200, "scale": 1}
            picture = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
            (directory / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
