"""Start the sample on a local user pool: `make web`, or `python -m examples.web`."""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path

import uvicorn

from examples.local_pool import CannotServe, Pool, Server, end_on_sigterm, serve

from .app import create_app

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


def kept_pool(server: Server, folder: Path) -> Pool:
    """Return the pool of the last start, or a new one."""
    known = folder / "pool.json"
    if known.exists():
        found = json.loads(known.read_text())
        return Pool(found["id"], found["client_id"], None, server.endpoint, server.admin)
    pool = sample_pool(server)
    known.write_text(json.dumps({"id": pool.id, "client_id": pool.client_id}))
    return pool


def kept_secret(folder: Path) -> bytes:
    """Return the secret of the last start, or a new one. A real program takes it from a store of secrets."""
    known = folder / "secret"
    if not known.exists():
        known.touch(mode=0o600)
        known.write_bytes(secrets.token_bytes(32))
    return known.read_bytes()


def main() -> int:
    """Run the pool and the application until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="make web", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="the port of this machine; the default is 8000")
    parser.add_argument("--folder", type=Path, default=Path(".web"), help="where pool and visits are kept")
    options = parser.parse_args()
    end_on_sigterm()
    options.folder.mkdir(mode=0o700, exist_ok=True)
    try:
        with serve(extras=True, folder=(options.folder / "pool").resolve()) as server:
            pool = kept_pool(server, options.folder)
            app = create_app(pool.config(), options.folder, kept_secret(options.folder), USERS)
            print(f"Open http://localhost:{options.port} (Ctrl-C ends it, {options.folder} keeps its data)", flush=True)
            uvicorn.run(app, host="localhost", port=options.port, log_level="warning", timeout_graceful_shutdown=1)
    except CannotServe as error:
        print(f"There is no local pool: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
