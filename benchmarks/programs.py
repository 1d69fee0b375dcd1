"""The measured programs: one for each task and peer, written as in the peer's own manual.

Each runs in a separate process, with the server's settings as `pool`. It prints one or two numbers, or nothing if only
the process is measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

PYTHON: Final = "import json, sys\npool = json.loads(sys.argv[1])\n"
NODE: Final = "const pool = JSON.parse(process.argv[1]);\n"
# Common to the programs of warm tasks: the CPU milliseconds of one act, after some acts to warm up.
_TIMED: Final = """
import time
def timed(act, times):
    for _ in range(max(1, times // 10)):
        act()
    before = time.process_time()
    for _ in range(times):
        act()
    print((time.process_time() - before) * 1000 / times)
"""
_TIMED_NODE: Final = """
async function timed(act, times) {
  for (let i = 0; i < times / 10; i++) await act();
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await act();
  const spent = process.cpuUsage(before);
  console.log((spent.user + spent.system) / 1000 / times);
}
"""

# The server's certificate counts as one of Amazon's roots, as in the service's own chain.
_OURS: Final = """
from cognito_raw import Config, Session
from cognito_raw.transport import certificates
certificates.AMAZON_ROOTS |= {{bytes.fromhex(pool["root"])}}
session = Session(Config(pool["iss"], pool["client"], endpoint=pool["endpoint"]){transport})
assert session.login("bob", pool["password"]).unwrap().payload["email"]
"""
# Each certificate in a separate file of a folder, as on Debian, instead of all in one file.
_FROM_A_FOLDER: Final = (
    "import os\ndel os.environ['SSL_CERT_FILE']\nos.environ['SSL_CERT_DIR'] = pool['certificates']\n"
)
_OURS_SLOW: Final = "import os\nos.environ['COGNITO_RAW_OPENSSL'] = '0'\n"
PYCOGNITO: Final = """
import os
os.environ["COGNITO_JWKS"] = repr(pool["keys"])  # or it would fetch them too
from pycognito import Cognito
user = Cognito(pool["pool"], pool["client"], username="bob", boto3_client_kwargs={"endpoint_url": pool["endpoint"]})
user.authenticate(pool["password"])
assert user.id_claims["email"]
"""
_WARRANT: Final = """
import locale
try:
    locale.setlocale(locale.LC_ALL, ("en_US", "UTF-8"))
except locale.Error:  # it needs this locale; if it is not installed, another must do
    there = locale.setlocale
    locale.setlocale = lambda category, _: there(category, "C")
import boto3
from warrant_lite import WarrantLite
client = boto3.client("cognito-idp", region_name=pool["region"], endpoint_url=pool["endpoint"])
made = WarrantLite("bob", pool["password"], pool["pool"], pool["client"], client=client)
assert made.authenticate_user()["AuthenticationResult"]["IdToken"]
"""
_BODIES: Final = """
A = {"AuthFlow": "USER_SRP_AUTH", "ClientId": pool["client"], "AuthParameters": {"USERNAME": "bob", "SRP_A": "f" * 768}}
B = {"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": pool["client"], "AuthParameters": {"REFRESH_TOKEN": "x" * 1400}}
"""
_HTTPX: Final = (
    "import httpx\n"
    + _BODIES
    + """
headers = {"Content-Type": "application/x-amz-json-1.1",
           "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
"""
)

COLD: Final = {
    "python alone": "",
    "cognito_raw": _OURS.format(transport=""),
    "cognito_raw, standard": _OURS.format(transport=', transport="standard"'),
    "cognito_raw, standard, certificates in a folder": _FROM_A_FOLDER
    + _OURS.format(transport=', transport="standard"'),
    "cognito_raw, standard, a private authority": _OURS.format(transport=', transport="standard"').replace(
        'pool["endpoint"]', 'pool["private"]'
    ),
    "cognito_raw, without OpenSSL": _OURS_SLOW + _OURS.format(transport=""),
    "pycognito": PYCOGNITO,
    "warrant-lite": _WARRANT,
    "boto3, two calls": "import boto3\n"
    + _BODIES
    + """
client = boto3.client("cognito-idp", region_name=pool["region"], endpoint_url=pool["endpoint"])
for call in (A, B):
    client.initiate_auth(**call)
""",
    "httpx, two posts": _HTTPX
    + """
with httpx.Client() as client:
    for call in (A, B):
        client.post(pool["endpoint"], headers=headers, json=call).raise_for_status().json()
""",
    "httpx, two posts, a client each": _HTTPX
    + """
for call in (A, B):
    httpx.post(pool["endpoint"], headers=headers, json=call).raise_for_status().json()
""",
}

_JS: Final = """
const { AuthenticationDetails, CognitoUser, CognitoUserPool } = require("amazon-cognito-identity-js");
const users = new CognitoUserPool({ UserPoolId: pool.pool, ClientId: pool.client, endpoint: pool.endpoint });
function signIn() {
  return new Promise((resolve, reject) => {
    new CognitoUser({ Username: "bob", Pool: users }).authenticateUser(
      new AuthenticationDetails({ Username: "bob", Password: pool.password }),
      { onSuccess: resolve, onFailure: reject });
  });
}
"""
COLD_NODE: Final = {"amazon-cognito-identity-js": _JS + "signIn();\n"}

IMPORT: Final = {
    "cognito_raw": "import cognito_raw",
    "httpx": "import httpx",
    "http.client": "import http.client",
    "boto3": "import boto3",
    "pycognito": "import pycognito",
    "warrant-lite": "import warrant_lite",
}

# --- the arithmetic of one sign-in: A, and the key that signs

_B: Final = "0x" + "b7" * 384
_OUR_KEY: Final = f"""
from cognito_raw.srp import exchange as srp
B = {_B} % srp.N
def act():
    pair = srp.Ephemeral.draw(random)
    u = srp.scramble(pair.A, B)
    x = srp.private_key(0x1234, "AbCdEf123", "bob", "password")
    return srp.session_key(srp.premaster(pair, B, u, x), u)
from secrets import token_bytes as random
timed(act, 50)
"""
_THEIR_KEY: Final = f"""
def act():
    made = Client("bob", "password", pool["pool"], "client", client=object())
    return made.get_password_authentication_key("bob", "password", {_B} % made.big_n, SALT)
timed(act, 20)
"""
ARITHMETIC: Final = {
    "cognito_raw": _TIMED + _OUR_KEY,
    "cognito_raw, without OpenSSL": _OURS_SLOW + _TIMED + _OUR_KEY,
    "pycognito": "from pycognito.aws_srp import AWSSRP as Client\nSALT = 0x1234\n" + _TIMED + _THEIR_KEY,
    "warrant-lite": "from warrant_lite import WarrantLite as Client\nSALT = '1234'\n" + _TIMED + _THEIR_KEY,
}
ARITHMETIC_NODE: Final = {
    "amazon-cognito-identity-js": _TIMED_NODE
    + """
const Helper = require("amazon-cognito-identity-js/lib/AuthenticationHelper").default;
const BigInteger = require("amazon-cognito-identity-js/lib/BigInteger").default;
const B = new BigInteger("b7".repeat(384), 16), salt = new BigInteger("1234", 16);
timed(() => new Promise((resolve, reject) => {
  const helper = new Helper("AbCdEf123");
  helper.getLargeAValue(() => helper.getPasswordAuthenticationKey("bob", "password", B, salt,
    (error, key) => error ? reject(error) : resolve(key)));
}), 10);
"""
}

# --- a further sign-in of a process

_AGAIN: Final = """
session = Session(Config(pool["iss"], pool["client"], endpoint=pool["endpoint"]), transport=TRANSPORT)
timed(lambda: session.login("bob", pool["password"]).unwrap(), 50)
"""
WARM: Final = {
    "cognito_raw": "from cognito_raw import Config, Session\nTRANSPORT = None\n" + _TIMED + _AGAIN,
    "cognito_raw, standard": "from cognito_raw import Config, Session\nTRANSPORT = 'standard'\n" + _TIMED + _AGAIN,
    "pycognito": PYCOGNITO + _TIMED + "timed(lambda: user.authenticate(pool['password']), 15)\n",
    "warrant-lite": _WARRANT
    + _TIMED
    + """
timed(lambda: WarrantLite("bob", pool["password"], pool["pool"], pool["client"], client=client).authenticate_user(), 15)
""",
}
WARM_NODE: Final = {"amazon-cognito-identity-js": _TIMED_NODE + _JS + "timed(signIn, 10);\n"}

# --- the token of a signed-in session: milliseconds for a thousand are microseconds for one

_THOUSANDFOLD: Final = """
def act():
    for _ in range(1000):
        give()
timed(act, 20)
"""
FRESH: Final = {
    "cognito_raw": _OURS.format(transport="") + _TIMED + "give = session.id_token\n" + _THOUSANDFOLD,
    "cognito_raw, with a store": "from cognito_raw.store import MemoryStore\n"
    + _OURS.format(transport=', store=MemoryStore(), key="bob"')
    + _TIMED
    + "give = session.id_token\n"
    + _THOUSANDFOLD,
    "pycognito": PYCOGNITO
    + _TIMED
    + """
def give():
    user.check_token()
    return user.id_token
"""
    + _THOUSANDFOLD,
}

# --- verification: an access token of this pool

_VERIFIER: Final = (Path(__file__).parent / "verification.py").read_text(encoding="utf-8")
_TOKEN: Final = """
token = pool["access"]
issuer = f"https://cognito-idp.{pool['region']}.amazonaws.com/{pool['pool']}"
"""
VERIFY: Final = {
    "cognito_raw": _VERIFIER
    + _TOKEN
    + _TIMED
    + """
verify = verifier(issuer, pool["client"], pool["keys"])
assert verify(token)
timed(lambda: verify(token), 2000)
""",
    "PyJWT decode": "import jwt\n"
    + _TOKEN
    + _TIMED
    + """
keys = {key["kid"]: jwt.PyJWK(key) for key in pool["keys"]["keys"]}
def act():
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], issuer=issuer, options={"require": ["exp", "iat", "sub"]})
assert act()["client_id"] == pool["client"]
timed(act, 2000)
""",
    "fastapi-cognito": "import asyncio, os, tempfile\n"
    + _TOKEN
    + _TIMED
    + """
from fastapi_cognito import CognitoAuth
from types import SimpleNamespace
from starlette.requests import HTTPConnection
with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
    json.dump(pool["keys"], file)
one = {"region": pool["region"], "userpool_id": pool["pool"], "app_client_id": pool["client"], "jwks_url": file.name}
auth = CognitoAuth(SimpleNamespace(userpools={"one": one}, jwt_header_name="Authorization",
                                   jwt_header_prefix="Bearer", check_expiration=True))
request = HTTPConnection({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})
with asyncio.Runner() as runner:
    async def many(times):
        for _ in range(times):
            assert (await auth.auth_required(request)).client_id == pool["client"]
    runner.run(many(100))
    before = time.process_time()
    runner.run(many(1000))
    print((time.process_time() - before) * 1000 / 1000)
os.unlink(file.name)
""",
}
VERIFY_NODE: Final = {
    "aws-jwt-verify": _TIMED_NODE
    + """
const { CognitoJwtVerifier } = require("aws-jwt-verify");
const verifier = CognitoJwtVerifier.create({ userPoolId: pool.pool, tokenUse: "access", clientId: pool.client });
verifier.cacheJwks(pool.keys);
timed(() => verifier.verifySync(pool.access), 2000);
"""
}
