"""Programs with many sign-ins at once, many callers at once, and many sessions in memory, written like `programs`."""

from __future__ import annotations

from typing import Final

from benchmarks.programs import PYCOGNITO

# --- sign-ins per second, many at once: each program prints the rate

_RATE: Final = """
import threading, time
from concurrent.futures import ThreadPoolExecutor
def rate(act, times, start=None):
    together = threading.Barrier(8)
    with ThreadPoolExecutor(8, initializer=start) as threads:
        list(threads.map(lambda number: (together.wait(), act(number)), range(8)))
        before = time.perf_counter()
        list(threads.map(act, range(times)))
        print(times / (time.perf_counter() - before))
"""
RATE: Final = {
    "cognito_raw, 8 threads": _RATE
    + """
from cognito_raw import Client, Config
client = Client(Config(pool["iss"], pool["client"], endpoint=pool["endpoint"]))
rate(lambda _: client.sign_in("bob", pool["password"]).unwrap(), 200)
""",
    "cognito_raw, standard, 8 threads": _RATE
    + """
from cognito_raw import Client, Config
client = Client(Config(pool["iss"], pool["client"], endpoint=pool["endpoint"]), transport="standard")
rate(lambda _: client.sign_in("bob", pool["password"]).unwrap(), 200)
""",
    "cognito_raw, 32 tasks": """
import asyncio, time
from cognito_raw import AsyncClient, Config
async def main():
    async with AsyncClient(Config(pool["iss"], pool["client"], endpoint=pool["endpoint"])) as client:
        async def some(times):
            for _ in range(times):
                (await client.sign_in("bob", pool["password"])).unwrap()
        await asyncio.gather(*(some(1) for _ in range(32)))
        before = time.perf_counter()
        await asyncio.gather(*(some(6) for _ in range(32)))
        print(192 / (time.perf_counter() - before))
asyncio.run(main())
""",
    "pycognito, 8 threads": _RATE
    + PYCOGNITO
    + """
made, one = threading.local(), threading.Lock()
def start():  # a user for each thread, with the client of pycognito's manual; not counted
    with one:
        made.user = Cognito(pool["pool"], pool["client"], username="bob",
                            boto3_client_kwargs={"endpoint_url": pool["endpoint"]})
rate(lambda _: made.user.authenticate(pool["password"]), 60, start)
""",
}

# --- a thousand callers at the moment when the tokens expire: the number of requests, and the time

_THOUSAND: Final = """
import ssl, threading, time, urllib.request
def asked():
    return json.load(urllib.request.urlopen(pool["endpoint"] + "/asked"))
def thousand(act):
    start = threading.Barrier(1001)
    def wait():
        start.wait()
        act()
    threading.stack_size(256 * 1024)
    threads = [threading.Thread(target=wait) for _ in range(1000)]
    for thread in threads:
        thread.start()
    asked()
    start.wait()
    before = time.perf_counter()
    for thread in threads:
        thread.join()
    took = (time.perf_counter() - before) * 1000
    counted = asked()
    print(sum(counted.get(name, 0) for name in ("GetTokensFromRefreshToken", "InitiateAuth")), took)
"""
REFRESH: Final = {
    "cognito_raw": _THOUSAND
    + """
from cognito_raw import Config, Session
session = Session(Config(pool["iss"], pool["client"], endpoint=pool["endpoint"]))
session.login("brief", pool["password"]).unwrap()  # tokens with a life of two seconds
time.sleep(2.5)
thousand(lambda: session.id_token().unwrap())
""",
    "pycognito": _THOUSAND
    + PYCOGNITO
    + """
user = Cognito(pool["pool"], pool["client"], username="brief", boto3_client_kwargs={"endpoint_url": pool["endpoint"]})
user.authenticate(pool["password"])
time.sleep(2.5)
thousand(lambda: user.check_token())
""",
}

# --- memory: kilobytes for each further signed-in session

_RESIDENT: Final = """
import gc, os
def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024
def grown(make, count):
    kept = [make() for _ in range(max(1, count // 100))]
    before = resident()
    kept += [make() for _ in range(count)]
    print((resident() - before) / count)
"""
MEMORY: Final = {
    "cognito_raw, 10,000 sessions": _RESIDENT
    + """
from cognito_raw import Config, Session, State
config = Config(pool["iss"], pool["client"], endpoint=pool["endpoint"])
session = Session(config)
session.login("bob", pool["password"]).unwrap()
saved = json.dumps(session.state.to_dict())
grown(lambda: Session(config, state=State.from_dict(json.loads(saved))), 10_000)
""",
    "pycognito, 50 sessions": _RESIDENT
    + PYCOGNITO
    + """
def make():
    made = Cognito(pool["pool"], pool["client"], username="bob", id_token=str(user.id_token + " ")[:-1],
                   access_token=str(user.access_token + " ")[:-1], refresh_token=str(user.refresh_token + " ")[:-1],
                   boto3_client_kwargs={"endpoint_url": pool["endpoint"]})
    return made
grown(make, 50)
""",
}
