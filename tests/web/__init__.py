"""The sample application in Chromium, driven by Playwright: `make test-web`."""
