"""Programs whose whole process is measured, as text: one for each peer, written as in the peer's own manual."""

from __future__ import annotations

from typing import Final

PYTHON: Final = "import json, sys\npool = json.loads(sys.argv[1])\n"
NODE: Final = "const pool = JSON.parse(process.argv[1]);\n"

# The server's certificate counts as one of Amazon's roots, as in the service's own chain.
_OURS: Final = """
from cognito_raw import Config, Session
from cognito_raw.transport import certificates
certificates.AMAZON_ROOTS |= {{bytes.fromhex(pool["root"])}}
config = Config(pool["iss"], pool["client"], endpoint=pool["{endpoint}"], deadline=100)  # cachegrind takes its time
session = Session(config, transport={transport})
assert session.login("bob", pool["password"]).unwrap().payload["email"]
"""
# Each certificate in a separate file of a folder, as on Debian, instead of all in one file.
_FROM_A_FOLDER: Final = (
    "import os\ndel os.environ['SSL_CERT_FILE']\nos.environ['SSL_CERT_DIR'] = pool['certificates']\n"
)
# The sources alone, as in a package that was built without bytecode.
_WITHOUT_BYTECODE: Final = "sys.dont_write_bytecode = True\nsys.path.insert(0, pool['sources'])\n"
WITHOUT_OPENSSL: Final = "import os\nos.environ['COGNITO_RAW_OPENSSL'] = '0'\n"
PYCOGNITO: Final = """
import os
os.environ["COGNITO_JWKS"] = repr(pool["keys"])  # or it would fetch them too
from pycognito import Cognito
user = Cognito(pool["pool"], pool["client"], username="bob", boto3_client_kwargs={"endpoint_url": pool["endpoint"]})
user.authenticate(pool["password"])
assert user.id_claims["email"]
"""
WARRANT: Final = """
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
_BOTO3: Final = (
    "import boto3\n"
    + _BODIES
    + """
client = boto3.client("cognito-idp", region_name=pool["region"], endpoint_url=pool["endpoint"])
for call in (A, B):
    client.initiate_auth(**call)
"""
)
_HTTPX: Final = (
    "import httpx\n"
    + _BODIES
    + """
headers = {"Content-Type": "application/x-amz-json-1.1",
           "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
"""
)
_TWO_POSTS: Final = (
    _HTTPX
    + """
with httpx.Client() as client:
    for call in (A, B):
        client.post(pool["endpoint"], headers=headers, json=call).raise_for_status().json()
"""
)
_A_CLIENT_EACH: Final = (
    _HTTPX
    + """
for call in (A, B):
    httpx.post(pool["endpoint"], headers=headers, json=call).raise_for_status().json()
"""
)
# Each prints the CPU time of its act. Both have imported all that a program imports at its top.
_FIRST: Final = (
    "import asyncio, time\n"
    + _HTTPX
    + """
from cognito_raw import AsyncSession, Config
from cognito_raw.transport import certificates

async def sign_in():
    certificates.AMAZON_ROOTS |= {bytes.fromhex(pool["root"])}
    config = Config(pool["iss"], pool["client"], endpoint=pool["endpoint"], deadline=60)
    async with AsyncSession(config) as session:
        assert (await session.login("bob", pool["password"])).unwrap().payload["email"]

async def post():
    async with httpx.AsyncClient() as client:
        for call in (A, B):
            (await client.post(pool["endpoint"], headers=headers, json=call)).raise_for_status().json()

before = time.process_time()
"""
)
_TOLD: Final = "print(json.dumps({'ms': (time.process_time() - before) * 1000}))\n"


def ours(transport: str | None = None, endpoint: str = "endpoint") -> str:
    """Return the program that signs in once."""
    return _OURS.format(transport=repr(transport), endpoint=endpoint)


BY_HAND: Final = "by hand: http.client, ssl, three powers of OpenSSL"
COLD: Final = {
    "python alone": "",
    "cognito_raw": ours(),
    "cognito_raw, a private authority": ours(endpoint="private"),
    "cognito_raw, httpx2": ours("httpx2"),
    "cognito_raw, standard": ours("standard"),
    "cognito_raw, standard, certificates in a folder": _FROM_A_FOLDER + ours("standard"),
    "cognito_raw, standard, a private authority": ours("standard", "private"),
    "cognito_raw, without OpenSSL": WITHOUT_OPENSSL + ours(),
    "cognito_raw, without bytecode": _WITHOUT_BYTECODE + ours(),
    BY_HAND: "from benchmarks.programs.by_hand import sign_in\nassert sign_in(pool)['email']\n",
    "pycognito": PYCOGNITO,
    "warrant-lite": WARRANT,
    "boto3, two calls": _BOTO3,
    "httpx, two posts": _TWO_POSTS,
    "httpx, two posts, without bytecode": _WITHOUT_BYTECODE + _TWO_POSTS,
    "httpx, two posts, a client each": _A_CLIENT_EACH,
    "httpx2, two posts": _TWO_POSTS.replace("httpx", "httpx2"),
}
FIRST: Final = {
    "cognito_raw": _FIRST + "asyncio.run(sign_in())\n" + _TOLD,
    "httpx.AsyncClient, two posts": _FIRST + "asyncio.run(post())\n" + _TOLD,
}
IMPORT: Final = {
    "python alone": "",
    "cognito_raw": "import cognito_raw",
    "httpx": "import httpx",
    "http.client": "import http.client",
    "boto3": "import boto3",
    "pycognito": "import pycognito",
    "warrant-lite": "import warrant_lite",
}

# --- Node: `timed` reports the CPU milliseconds of one act, after so many that its compiler has done its work

_TIMED: Final = """
async function timed(act, times, warm) {
  if (pool.times) [times, warm] = [pool.times, 1];
  for (let i = 0; i < warm; i++) await act();
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) await act();
  const spent = process.cpuUsage(before);
  console.log(JSON.stringify({ ms: (spent.user + spent.system) / 1000 / times }));
}
"""
_SIGN_IN: Final = """
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
COLD_NODE: Final = {"amazon-cognito-identity-js": _SIGN_IN + "signIn();\n"}
WARM_NODE: Final = {"amazon-cognito-identity-js": _TIMED + _SIGN_IN + "timed(signIn, 10, 10);\n"}
ARITHMETIC_NODE: Final = {
    "amazon-cognito-identity-js": _TIMED
    + """
const Helper = require("amazon-cognito-identity-js/lib/AuthenticationHelper").default;
const BigInteger = require("amazon-cognito-identity-js/lib/BigInteger").default;
const B = new BigInteger("b7".repeat(384), 16), salt = new BigInteger("1234", 16);
timed(() => new Promise((resolve, reject) => {
  const helper = new Helper("AbCdEf123");
  helper.getLargeAValue(() => helper.getPasswordAuthenticationKey("bob", "password", B, salt,
    (error, key) => error ? reject(error) : resolve(key)));
}), 10, 10);
"""
}
VERIFY_NODE: Final = {
    "aws-jwt-verify": _TIMED
    + """
const { CognitoJwtVerifier } = require("aws-jwt-verify");
const verifier = CognitoJwtVerifier.create({ userPoolId: pool.pool, tokenUse: "access", clientId: pool.client });
verifier.cacheJwks(pool.keys);
timed(() => verifier.verifySync(pool.access), 10000, 40000);
"""
}
