"""A user pool on this machine, for the demo and the tests: ministack, which checks SRP proofs like the service.

`serve` starts it on a free port of 127.0.0.1, and later removes it with all that it wrote. Pools, clients and users are
created through boto3, as with the real service, since only an administrator may do so.

`python -m examples.local_pool` keeps a pool running until Ctrl-C, and says how to use it.
"""

from __future__ import annotations

import argparse
import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cognito_raw import Config

from .kept_server import keep

REGION = "eu-west-1"
# The codes that ministack always uses, since it sends none.
SIGN_UP_CODE = "123456"
RESET_CODE = "654321"

_START_TIMEOUT = 60.0
_SERVER = """
import os, sys

sys.path.insert(0, os.environ["ROOT"])
if os.environ["EXTRAS"]:
    from examples import pool_extras
    pool_extras.install()
from cognito_raw.srp.openssl import power
from ministack.app import main
from ministack.services import cognito
cognito.pow = power  # OpenSSL's: the same numbers in a tenth of the time
main()
"""


class CannotServe(Exception):
    """Raised if the local pool cannot start, with the reason in one sentence."""


@dataclass(frozen=True)
class Pool:
    """One user pool of the local server, with one app client."""

    id: str
    client_id: str
    client_secret: str | None = field(repr=False)
    endpoint: str
    admin: Any = field(repr=False)

    def config(self, **changes: Any) -> Config:
        """Return the configuration of this pool."""
        iss = f"https://cognito-idp.{REGION}.amazonaws.com/{self.id}"
        return Config(iss, self.client_id, self.client_secret, endpoint=self.endpoint, **changes)

    def add_user(self, username: str, password: str, *, temporary: bool = False, **attributes: str) -> None:
        """Add a user as an administrator: confirmed, or with a temporary password that must be replaced."""
        named = [{"Name": name, "Value": value} for name, value in attributes.items()]
        self.admin.admin_create_user(
            UserPoolId=self.id, Username=username, TemporaryPassword=password, UserAttributes=named
        )
        if not temporary:
            self.admin.admin_set_user_password(UserPoolId=self.id, Username=username, Password=password, Permanent=True)

    def add_users_of_the_readme(self) -> None:
        """Add the users of the README's examples."""
        self.add_user("ada", "An-Engine-1843", email="ada@example.com", email_verified="true")
        self.add_user("charles", "Temporary-1822", temporary=True)


@dataclass(frozen=True)
class Server:
    """The running server."""

    endpoint: str
    admin: Any = field(repr=False)

    def pool(self, *, secret: bool = False, seconds: int = 3600, flows: Sequence[str] = (), **settings: Any) -> Pool:
        """Create a pool with a client that signs in over SRP, and by the given other flows.

        seconds: the life of its ID and access tokens. flows: such as USER_PASSWORD_AUTH. settings: those of
            CreateUserPool.
        """
        pool_id = self.admin.create_user_pool(PoolName="local", **settings)["UserPool"]["Id"]
        client = self.admin.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="local",
            GenerateSecret=secret,
            ExplicitAuthFlows=[f"ALLOW_{flow}" for flow in ("USER_SRP_AUTH", "REFRESH_TOKEN_AUTH", *flows)],
            IdTokenValidity=seconds,
            AccessTokenValidity=seconds,
            TokenValidityUnits={"IdToken": "seconds", "AccessToken": "seconds"},
        )["UserPoolClient"]
        return Pool(pool_id, client["ClientId"], client.get("ClientSecret"), self.endpoint, self.admin)

    def full_pool(
        self,
        *,
        mfa: Literal["OFF", "OPTIONAL", "ON"] = "OPTIONAL",
        verification: Literal["required", "preferred"] = "required",
        **options: Any,
    ) -> Pool:
        """Create a pool with all that the extras add: second factors, passkeys for localhost, remembered devices.

        verification: whether a passkey must verify its user. options: those of `pool`.
        """
        devices = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": False}
        pool = self.pool(
            **{
                "flows": ("USER_AUTH", "CUSTOM_AUTH"),
                "MfaConfiguration": mfa,
                "DeviceConfiguration": devices,
                **options,
            }
        )
        self.admin.set_user_pool_mfa_config(
            UserPoolId=pool.id,
            SoftwareTokenMfaConfiguration={"Enabled": True},
            EmailMfaConfiguration={"Message": "Your code is {####}"},
            WebAuthnConfiguration={"RelyingPartyId": "localhost", "UserVerification": verification},
            MfaConfiguration=mfa,
        )
        return pool


def end_on_sigterm() -> None:
    """Make SIGTERM end this program like `sys.exit`, so that `serve` cleans up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def serve(
    port: int | None = None, *, extras: bool = False, challenge_seconds: float = 180, folder: Path | None = None
) -> Iterator[Server]:
    """Run a server while the block lasts. Raise `CannotServe` if it cannot start.

    extras: whether to add the operations of `pool_extras`, which ministack lacks. challenge_seconds: the life of their
        challenges. folder: keeps the server's state for its next start; without it, all is removed at the end.
    """
    for tool in ("ministack", "cryptography", "boto3"):
        if importlib.util.find_spec(tool) is None:
            raise CannotServe(f"the Python package {tool} is not installed; `make demo` and `make test` install it")
    chosen = _checked(port) if port is not None else _free_port()
    with nullcontext(str(folder)) if folder else tempfile.TemporaryDirectory(prefix="cognito_raw-") as place:
        Path(place).mkdir(parents=True, exist_ok=True)
        environment = _environment(chosen, place) | {
            "ROOT": str(Path(__file__).resolve().parent.parent),
            "EXTRAS": "1" if extras else "",
            "CHALLENGE_SECONDS": str(challenge_seconds),
            "PERSIST_STATE": "1" if folder else "0",
        }
        with keep([sys.executable, "-c", _SERVER], environment, Path(place), is_kept=folder is not None) as process:
            _wait_until_up(process, chosen, Path(place, "log"))
            endpoint = f"http://127.0.0.1:{chosen}"
            yield Server(endpoint, _admin(endpoint))


def _environment(port: int, folder: str) -> dict[str, str]:
    return {
        **os.environ,
        "AUTH": "true",  # without it neither codes nor tokens are checked
        "SERVICES": "cognito-idp,iam,lambda",  # the last two for pools with triggers of their own
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "STATE_DIR": folder,
        "TMPDIR": folder,  # for the file with its process id
        "IOT_MTLS_ENABLED": "0",  # it would listen on a fixed port, and two servers could not run side by side
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _checked(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CannotServe(f"port {port} of 127.0.0.1 cannot be used ({error}); leave --port out") from None
    return port


def _wait_until_up(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _START_TIMEOUT
    while not _is_up(port):
        if process.poll() is not None or time.monotonic() > ends:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise CannotServe(f"the local server did not come up on port {port}; its last lines were:\n{last}")
        time.sleep(0.05)


def _is_up(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _admin(endpoint: str) -> Any:
    import boto3
    from botocore.config import Config as BotoConfig

    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION).client(
        "cognito-idp", endpoint_url=endpoint, config=BotoConfig(proxies={}, retries={"mode": "standard"})
    )


@dataclass(frozen=True)
class Example:
    """A user to try things on."""

    name: str
    password: str
    purpose: str


EXAMPLES = (
    Example("ada", "An-Engine-1843", "signs in at once"),
    Example("charles", "Temporary-1822", "must replace this temporary password"),
    Example("joan", "A-Compiler-1952", "has registered, and must confirm"),
    Example("alan", "A-Machine-1936", "is disabled"),
    Example("edith", "A-Program-1948", "must reset the password"),
)


def reset_users(pool: Pool) -> None:
    """Delete all users of the pool, and add the examples."""
    admin, named = pool.admin, {"UserPoolId": pool.id}
    for user in admin.list_users(**named)["Users"]:
        admin.admin_delete_user(**named, Username=user["Username"])
    for example in EXAMPLES:
        email = f"{example.name}@example.com"
        if example.name == "joan":
            secret = {} if pool.client_secret is None else {"SecretHash": pool.config().secret_hash(example.name)}
            attributes = [{"Name": "email", "Value": email}]
            signing = {"Username": example.name, "Password": example.password, "UserAttributes": attributes, **secret}
            admin.sign_up(ClientId=pool.client_id, **signing)
            continue
        temporary = example.name == "charles"
        pool.add_user(example.name, example.password, temporary=temporary, email=email, email_verified="true")
    admin.admin_disable_user(**named, Username="alan")
    admin.admin_reset_user_password(**named, Username="edith")


def describe(pool: Pool) -> str:
    """Return the pool's `Config`, its `export` lines, codes and users."""
    config = pool.config()
    secret = "" if pool.client_secret is None else f'client_secret="{pool.client_secret}", '
    settings = {
        "COGNITO_ISS": config.iss,
        "COGNITO_CLIENT_ID": config.client_id,
        "COGNITO_CLIENT_SECRET": pool.client_secret,
        "COGNITO_ENDPOINT": config.endpoint,
    }
    return "\n".join(
        (
            f'Config(iss="{config.iss}", client_id="{config.client_id}", {secret}endpoint="{config.endpoint}")',
            "",
            *(f"export {name}={value}" for name, value in settings.items() if value is not None),
            "",
            f"Codes: {SIGN_UP_CODE}; {RESET_CODE} for a forgotten password; 7 for a custom challenge.",
            "",
            *(f"  {example.name:<9}{example.password:<17}{example.purpose}" for example in EXAMPLES),
            "",
            "Enter adds these users anew. Ctrl-C ends the pool.",
        )
    )


def main() -> int:
    """Run a pool until Ctrl-C, and say how to use it."""
    parser = argparse.ArgumentParser(prog="make pool", description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--port", type=int, help="the port of 127.0.0.1 to use; the default is a free one")
    parser.add_argument("--mfa", action="store_true", help="demand a second factor of every user")
    parser.add_argument("--secret", action="store_true", help="give the app client a secret")
    parser.add_argument("--password-flow", action="store_true", help="allow USER_PASSWORD_AUTH")
    parser.add_argument("--custom", action="store_true", help="allow CUSTOM_AUTH, which asks a question")
    options = parser.parse_args()
    allowed = {"USER_AUTH": True, "USER_PASSWORD_AUTH": options.password_flow, "CUSTOM_AUTH": options.custom}
    flows = [name for name, is_allowed in allowed.items() if is_allowed]
    end_on_sigterm()
    try:
        with serve(options.port, extras=True) as server:
            pool = server.full_pool(mfa="ON" if options.mfa else "OPTIONAL", secret=options.secret, flows=flows)
            reset_users(pool)
            print(describe(pool), flush=True)
            for _ in sys.stdin:
                reset_users(pool)
                print("The users are as they were.", flush=True)
            while True:
                time.sleep(1)
    except CannotServe as error:
        print(f"There is no local pool: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
