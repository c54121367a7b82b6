#!/usr/bin/env python3
"""Our mail client beside smtplib and Postfix's smtp-source.

    benches/smtp.py [--rounds N] [--only one|sixteen|large|sink]

Needs Postfix's smtp-sink and smtp-source, and `cargo build --release`.

    one       20,000 messages of 1 KiB over one connection to smtp-sink       messages a second
    sixteen   the same over 16 connections                                    messages a second
    large     100 messages of 10 MB over one connection to smtp-sink          bytes a second
    sink      the same to our own sink (`bench smtp --listen`), which is faster than smtp-sink:
              that one reads messages byte by byte                            bytes a second

All programs take turns within one run, after one untimed round each; a figure is the median of the
rounds, for whole processes including their start. Each fails unless all messages were accepted.
Ours reads an attachment and writes it in base64; smtp-source sends one line repeatedly.
"""
import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

from contest import free_port, rounds, show

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.join(ROOT, "target/release/wirewright")
MANY, SMALL_BYTES, FEW, LARGE_BYTES = 20_000, 1024, 100, 10_000_000

SMTPLIB = """
import smtplib, sys
port, count, size = map(int, sys.argv[1:])
text = "Subject: A message of a benchmark\\r\\n\\r\\n"
text += ("x" * 70 + "\\r\\n") * ((size - len(text)) // 72)
with smtplib.SMTP("127.0.0.1", port) as server:
    server.ehlo()
    for _ in range(count):
        server.sendmail("a@example.org", ["b@example.net"], text)
"""


def program(name):
    return shutil.which(name) or f"/usr/sbin/{name}"


@contextlib.contextmanager
def listening(command, port):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait()


def smtp_sink():
    port = free_port()
    # It wants to be another user where it is started by root.
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    return listening([program("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"], port)


def own_sink():
    port = free_port()
    return listening([OURS, "bench", "smtp", "--listen", f"127.0.0.1:{port}"], port)


def ours(port, messages, size, connections):
    return [OURS, "bench", "smtp", "--server", f"smtp://127.0.0.1:{port}", "--rounds", "1", "--quiet",
            "--messages", str(messages), "--message-size", str(size), "--connections", str(connections)]


def source(port, messages, size, connections):
    return [program("smtp-source"), "-d", "-s", str(connections), "-l", str(size), "-m", str(messages),
            "-f", "a@example.org", "-t", "b@example.net", f"127.0.0.1:{port}"]


def one(port, count):
    contestants = {
        "wirewright": (ours(port, MANY, SMALL_BYTES, 1), None),
        "smtplib": ([sys.executable, "-c", SMTPLIB, str(port), str(MANY), str(SMALL_BYTES)], None),
        "smtp-source": (source(port, MANY, SMALL_BYTES, 1), None),
    }
    show("20,000 messages of 1 KiB over one connection", rounds(contestants, count), MANY, "1/s ")


def sixteen(port, count):
    contestants = {
        "wirewright": (ours(port, MANY, SMALL_BYTES, 16), None),
        "smtp-source": (source(port, MANY, SMALL_BYTES, 16), None),
    }
    show("20,000 messages of 1 KiB over 16 connections", rounds(contestants, count), MANY, "1/s ")


def large(port, count, where):
    contestants = {
        "wirewright": (ours(port, FEW, LARGE_BYTES, 1), None),
        "smtp-source": (source(port, FEW, LARGE_BYTES, 1), None),
    }
    results = rounds(contestants, count)
    show(f"100 messages of 10 MB to {where}", results, FEW * LARGE_BYTES / 1e6, "MB/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["one", "sixteen", "large", "sink"])
    args = parser.parse_args()
    for needed in (OURS, program("smtp-sink"), program("smtp-source")):
        if not os.path.exists(needed):
            sys.exit(f"error: {needed} is not there; see --help")
    wanted = lambda name: args.only in (None, name)
    with smtp_sink() as port:
        if wanted("one"):
            one(port, args.rounds)
        if wanted("sixteen"):
            sixteen(port, args.rounds)
        if wanted("large"):
            large(port, args.rounds, "smtp-sink")
    if wanted("sink"):
        with own_sink() as port:
            large(port, args.rounds, "our own sink")


main()
