"""Start the sample on a local user pool: `make web`, or `python -m examples.web`."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

import uvicorn

from examples.local_pool import CannotServe, Pool, Server, end_on_sigterm, serve

USERS = (
    ("ada", "An-Engine-1843", "signs in at once"),
    ("charles", "Temporary-1822", "must choose a new password"),
    ("admin", "An-Admin-1815", "is an administrator for the API"),
)
LIFE = 300  # seconds of a token's life, so that renewals can be watched


def sample_pool(server: Server, seconds: int = LIFE) -> Pool:
    """Create the sample's pool with its users."""
    schema = [{"Name": "name", "Required": True}, {"Name": "team", "AttributeDataType": "String", "Mutable": True}]
    pool = server.full_pool(seconds=seconds, Schema=schema)
    pool.add_user("ada", USERS[0][1], email="ada@example.com", email_verified="true", name="Ada Lovelace")
    pool.add_user("charles", USERS[1][1], temporary=True, email="charles@example.com", email_verified="true")
    pool.add_user("admin", USERS[2][1], email="admin@example.com", email_verified="true", name="Admin")
    pool.admin.create_group(UserPoolId=pool.id, GroupName="admins")
    pool.admin.admin_add_user_to_group(UserPoolId=pool.id, Username="admin", GroupName="admins")
    return pool


def kept_settings(server: Server, folder: Path) -> dict[str, str]:
    """Return the application's settings: those of the last start, or of a new pool."""
    known = folder / "settings.json"
    if not known.exists():
        config = sample_pool(server).config()
        settings = {"COGNITO_ISS": config.iss, "COGNITO_CLIENT_ID": config.client_id}
        known.touch(mode=0o600)
        known.write_text(json.dumps({**settings, "WEB_SECRET": secrets.token_hex(32)}))
    return {**json.loads(known.read_text()), "COGNITO_ENDPOINT": server.endpoint, "WEB_USERS": json.dumps(USERS)}


def main() -> int:
    """Run the pool and the application until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make web", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="the port of this machine; the default is 8000")
    parser.add_argument("--folder", type=Path, default=Path(".web"), help="where pool and visits are kept")
    parser.add_argument("--workers", type=int, default=1, help="how many processes answer; the default is 1")
    parser.add_argument("--redis", metavar="URL", help="keep the visits in Redis, such as redis://127.0.0.1:6379")
    options = parser.parse_args()
    end_on_sigterm()
    options.folder.mkdir(mode=0o700, exist_ok=True)
    try:
        with serve(extras=True, folder=(options.folder / "pool").resolve()) as server:
            store = options.redis or str((options.folder / "visits").resolve())
            os.environ.update(kept_settings(server, options.folder), WEB_STORE=store)
            print(f"Open http://localhost:{options.port} (Ctrl-C ends it, {options.folder} keeps its data)", flush=True)
            how: dict[str, Any] = {"log_level": "warning", "timeout_graceful_shutdown": 1, "workers": options.workers}
            uvicorn.run("examples.web.app:create_app", factory=True, host="localhost", port=options.port, **how)
    except CannotServe as error:
        print(f"There is no local pool: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
