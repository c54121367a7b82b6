#!/usr/bin/env python3
"""Our HTTP client beside curl, ureq and reqwest, each with its defaults.

    benches/http.py [--rounds N] [--only large|many|waiting]

Needs nginx, curl, and two builds:

    cargo build --release
    cargo build --release --manifest-path benches/http_peers/Cargo.toml

    large     one body of 1 GiB from nginx, discarded                   bytes a second
    many      4,000 files of 10 KiB from nginx onto tmpfs, 64 in flight  files a second
    waiting   1,000 URLs that each wait 500 ms, 1,000 in flight          seconds

All programs take turns within one run, after one untimed round each; a figure is the median of the
rounds, for whole processes including their start. The result is checked: its length, or the number
of files and every tenth file byte by byte. Loopback only; nginx is started on a free port and ended
at the end.
"""
import argparse
import asyncio
import contextlib
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from contest import free_port, rounds, show

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.join(ROOT, "target/release/wirewright")
PEERS = os.path.join(ROOT, "benches/http_peers/target/release/http_peers")
LARGE_BYTES, MANY, MANY_BYTES, IN_FLIGHT = 1 << 30, 4000, 10 << 10, 64
WAITING, WAIT_SECONDS = 1000, 0.5


@contextlib.contextmanager
def nginx(folder):
    """Serves a folder; gives the URL."""
    port, conf = free_port(), os.path.join(folder, "nginx.conf")
    with open(conf, "w") as out:
        out.write(f"""daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err;
events {{ worker_connections 4096; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000; types {{ }}
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port} backlog=4096; root {folder}/files; }} }}
""")
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen([program, "-c", conf], stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def large(folder, url, count):
    path = os.path.join(folder, "files/large")
    with open(path, "wb") as out:
        block = os.urandom(1 << 20)
        for _ in range(LARGE_BYTES >> 20):
            out.write(block)
    url += "/large"
    contestants = {
        "wirewright": ([OURS, "http", url, "-o", "/dev/null", "--quiet"], None),
        "curl": (["curl", "-s", "-o", "/dev/null", url], None),
        "ureq": ([PEERS, "ureq", url], None),
        "reqwest": ([PEERS, "reqwest", url], None),
    }
    results = rounds(contestants, count)
    show("one body of 1 GiB", results, LARGE_BYTES / 1e9, "GB/s   ")


def many(folder, url, count):
    made, into = os.path.join(folder, "files/many"), os.path.join(folder, "into")
    os.mkdir(made)
    for at in range(MANY):
        with open(f"{made}/{at}.bin", "wb") as out:
            out.write(os.urandom(MANY_BYTES))
    urls = [f"{url}/many/{at}.bin" for at in range(MANY)]
    config = os.path.join(folder, "curl.config")
    with open(config, "w") as out:
        out.writelines(f"url={u}\noutput={into}/{at}.bin\n" for at, u in enumerate(urls))

    def before():
        shutil.rmtree(into, ignore_errors=True)
        os.mkdir(into)

    def check():
        if len(os.listdir(into)) != MANY:
            sys.exit("error: files are missing, or there are others")
        for at in range(0, MANY, 10):
            with open(f"{made}/{at}.bin", "rb") as one, open(f"{into}/{at}.bin", "rb") as other:
                if one.read() != other.read():
                    sys.exit(f"error: {at}.bin is another")

    contestants = {
        "wirewright": ([OURS, "download", "-j", str(IN_FLIGHT), "-o", into + "/", "--quiet", *urls], None),
        "curl": (["curl", "-s", "--parallel", "--parallel-max", str(IN_FLIGHT), "-K", config], None),
        "reqwest": ([PEERS, "reqwest-many", str(IN_FLIGHT), into], "\n".join(urls).encode()),
    }
    results = rounds(contestants, count, check, before)
    show("4,000 files of 10 KiB, 64 in flight", results, MANY, "files/s")


class Waiter(threading.Thread):
    """Answers every request after a while; all at the same time."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port = free_port()
        self.ready = threading.Event()

    def run(self):
        async def answer(reader, writer):
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    await asyncio.sleep(WAIT_SECONDS)
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    await writer.drain()

        async def main():
            await asyncio.start_server(answer, "127.0.0.1", self.port, backlog=4096)
            self.ready.set()
            await asyncio.Event().wait()

        asyncio.run(main())


def waiting(folder, count):
    server = Waiter()
    server.start()
    server.ready.wait()
    into = os.path.join(folder, "waited")
    urls = [f"http://127.0.0.1:{server.port}/{at}" for at in range(WAITING)]
    command = [OURS, "download", "-j", str(WAITING), "-o", into + "/", "--quiet", *urls]
    results = rounds({"wirewright": (command, None)}, count)
    show(f"{WAITING} URLs that each wait {WAIT_SECONDS} s, all in flight", results, 0, "s      ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=["large", "many", "waiting"])
    args = parser.parse_args()
    for program in (OURS, PEERS):
        if not os.path.exists(program):
            sys.exit(f"error: {os.path.relpath(program, ROOT)} is not built; see --help")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        # nginx's worker is another user.
        os.chmod(folder, 0o755)
        os.mkdir(f"{folder}/files")
        if args.only != "waiting":
            with nginx(folder) as url:
                if args.only in (None, "large"):
                    large(folder, url, args.rounds)
                if args.only in (None, "many"):
                    many(folder, url, args.rounds)
        if args.only in (None, "waiting"):
            waiting(folder, args.rounds)


main()
