#!/usr/bin/env python3
"""Measures the small services: 1 Gbit/s of paced datagrams of 1,400 bytes, 10,000 clients at once.

    cargo build --release && python3 benches/udp.py [PATH_OF_WIREWRIGHT] [ROUNDS]

Prints, for each round, the rate beside the requested one (they may differ by 2 %), the loss at the
receiver, and the processor seconds of the sender for one second of sending; then the time for
10,000 clients that one process connects as fast as it can (the limit is 2 s). Fails where a figure
is beyond its limit, and where nothing was measured.
"""
import json
import resource
import select
import socket
import subprocess
import sys
import time

RATE, SIZE, SECONDS, CLIENTS = 1_000_000_000, 1400, 2, 10_000


def start(args, stream):
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = getattr(process, stream).readline()
    assert line.startswith("listening on "), line
    return process, line.split()[-1]


def paced(binary):
    listen = ["udp", "recv", "--listen", "127.0.0.1:0", "--json"]
    receiver, address = start([binary, *listen], "stderr")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    args = [binary, "udp", "send", address, "--rate", str(RATE), "--size", str(SIZE)]
    args += ["--seconds", str(SECONDS), "--json"]
    out = subprocess.run(args, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    sent, got = json.loads(out.stdout), json.loads(receiver.communicate(timeout=30)[0])
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / SECONDS
    off = sent["bits_per_second"] / RATE - 1
    print(f"sent {sent['bits_per_second'] / 1e6:7.1f} Mbit/s ({off:+.2%}), lost {got['lost']} of "
          f"{got['sent']}, jitter {got['jitter_ms']:.3f} ms, sender's processor {cpu:.2f} s/s")
    assert got["received"] > 0 and got["run"] == sent["run"]
    return abs(off) <= 0.02


def burst(binary):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server, address = start([binary, "time", "serve", "--listen", "127.0.0.1:0"], "stdout")
    host, port = address.split(":")
    poll, waiting, began = select.epoll(), {}, time.monotonic()
    for _ in range(CLIENTS):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((host, int(port)))
        poll.register(client, select.EPOLLIN)
        waiting[client.fileno()] = client
    answered = 0
    while waiting and time.monotonic() - began < 30:
        for number, _ in poll.poll(1):
            text = waiting[number].recv(1024)
            answered += text.endswith(b"\n")
            waiting.pop(number).close()
    took = time.monotonic() - began
    server.terminate()
    server.wait(10)
    print(f"{answered} of {CLIENTS} clients answered in {took:.2f} s")
    return answered == CLIENTS and took <= 2


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/wirewright"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    good = [paced(binary) for _ in range(rounds)] + [burst(binary)]
    return 0 if all(good) else 1


sys.exit(main())
