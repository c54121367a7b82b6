#!/usr/bin/env python3
"""Compares installed programs that move a file with wirewright, on one file, in one table.

Started by benches/peers.sh. Python's standard library, Linux.

    round 1:  iperf3  nginx+curl  wirewright  tokio  ...     interleaved, so that noise of the
    round 2:  iperf3  nginx+curl  wirewright  tokio  ...     machine affects all of them

Each figure is measured in the same way: the server runs already; the rate is bytes of FILE divided
by the wall time of the whole client process including its start. Processor time of the client comes
from wait4(2), that of the server and its children from /proc before and after. Peak memory is VmHWM
in /proc, read every few milliseconds; it never decreases. (wait4 would report the memory of this
script, from which the process was forked.) FILE is in the page cache. Before the rounds every
program moves the file once, untimed, and the result is compared with FILE.
"""
import argparse
import contextlib
import filecmp
import getpass
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TICK = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20
GIB = 1 << 30
# The tokio peer is tried with these; the best one competes.
CHUNKS = [64 << 10, 192 << 10, 1 << 20, 4 << 20, 16 << 20]
# Python's pair as the chapter has it appends to bytes: each recv(1024) copies all that came before.
CHAPTER_BYTES = 2 * MIB
# Put right (large reads, joined once) it still holds the file some six times over.
WHOLE_BYTES = 256 * MIB


class Failed(Exception):
    """What went wrong, in one line."""


# ---- processes ---------------------------------------------------------------------------------

def children(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as lines:
                found += [int(word) for word in lines.read().split()]
    return found


def processor(pid):
    """Processor seconds of a process, of those it has waited for, and of those it has."""
    try:
        with open(f"/proc/{pid}/stat") as line:
            fields = line.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / TICK
    return own + sum(processor(child) for child in children(pid))


def peak(pid):
    """The greatest resident memory of a process so far, in bytes."""
    try:
        with open(f"/proc/{pid}/status") as lines:
            found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    except OSError:
        return 0
    return int(found[0]) * 1024 if found else 0


def peak_of_all(pid):
    """The same, or that of one of its children if it is greater."""
    return max([peak(pid), *(peak_of_all(child) for child in children(pid))])


class Watch:
    """Looks at the memory of a client, and of a server if one is given, until it is told to stop.

    The server only where nothing is timed: to find its children costs time."""

    def __init__(self, client, server, pause):
        self.pids, self.client, self.server = (client, server), 0, 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look, args=(pause,), daemon=True)
        self.thread.start()

    def look(self, pause):
        client, server = self.pids
        while True:
            self.client = max(self.client, peak(client))
            if server:
                self.server = max(self.server, peak_of_all(server.pid))
            if self.over.wait(pause):
                return

    def end(self):
        self.over.set()
        self.thread.join()


def listens(port):
    """Whether a socket listens there; asked of the system, so that no server sees a visitor."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError), open(table) as lines:
            for line in lines:
                fields = line.split()
                if fields[3] == "0A" and fields[1].endswith(f":{port:04X}"):
                    return True
    return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens. Ended by its pid, when the stack it was entered in unwinds."""

    def __init__(self, stack, command, port=None, log=None):
        self.name = os.path.basename(command[0])
        self.log = log
        # A session of its own: Ctrl-C comes to us, and we end it.
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if port is None else log,
            stderr=log or subprocess.DEVNULL, start_new_session=True, text=True)
        self.pid, self.peak = self.process.pid, 0
        stack.callback(self.end)
        self.address = self.announced() if port is None else self.waited_for(port)

    def announced(self):
        line = self.process.stdout.readline()
        found = re.match(r"listening on (\S+)", line)
        if not found:
            raise Failed(f"{self.name} did not start")
        return found[1]

    def waited_for(self, port):
        for _ in range(500):
            if listens(port):
                return f"127.0.0.1:{port}"
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise Failed(f"{self.name} does not listen on port {port}")

    def end(self):
        """Ends it, and those it started; its peak of memory stays known."""
        if self.process.poll() is not None:
            return
        self.peak = max(self.peak, peak_of_all(self.pid))
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            # Its group is its own, see start_new_session, and it has not been waited for.
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


class Ran:
    """A client process that has run to its end, and what it took."""

    def __init__(self, command, server=None):
        with tempfile.TemporaryFile() as said:
            began = time.monotonic()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            try:
                watch = Watch(process.pid, server, 0.002 if server else 0.005)
                # Waits, and leaves it to be looked at.
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
                self.wall = time.monotonic() - began
                watch.end()
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            except BaseException:
                process.kill()
                process.wait()
                watch.end()
                raise
            said.seek(0)
            self.text = said.read().decode(errors="replace")
        if process.returncode != 0:
            words = " ".join(self.text.split())[-300:]
            raise Failed(f"{os.path.basename(command[0])} failed: {words}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = watch.client
        if server:
            server.peak = max(server.peak, watch.server)


# ---- contestants -------------------------------------------------------------------------------

class Contestant:
    """One way to move one file: a server that runs, and a client's command line."""

    def __init__(self, group, name, server, source, command, into=None, checked=None):
        self.group, self.name, self.server, self.source = group, name, server, source
        # `command` is given where the file is to go; `into` says so, None where it goes nowhere.
        self.command, self.into, self.checked = command, into, checked
        self.rates, self.server_cpu, self.client_cpu, self.client_peak = [], 0.0, 0.0, 0
        self.size = os.path.getsize(source)

    def clean(self):
        if self.into and os.path.exists(self.into):
            os.remove(self.into)

    def check(self, place):
        """Moves the file once, untimed, into a file, and compares."""
        # Here the server is looked at, too, often: one may fork for each visitor.
        into = self.into or os.path.join(place, "checked")
        ran = Ran(self.command(into), self.server)
        self.client_peak = ran.peak
        if self.checked:
            return self.checked(ran.text)
        same = filecmp.cmp(self.source, into, shallow=False)
        os.remove(into)
        if not same:
            raise Failed(f"{self.name}: other bytes arrived than were sent")

    def measure(self):
        self.clean()
        before = processor(self.server.pid)
        ran = Ran(self.command(self.into or "/dev/null"))
        # A server may still be closing, or burying the child that served.
        time.sleep(0.05)
        if self.into and os.path.getsize(self.into) != self.size:
            raise Failed(f"{self.name}: the file is not whole")
        self.clean()
        self.rates.append(self.size / ran.wall / 1e9)
        self.server_cpu += processor(self.server.pid) - before
        self.client_cpu += ran.cpu
        self.client_peak = max(self.client_peak, ran.peak)

    def row(self, reference):
        moved = self.size * len(self.rates) / 1e9
        self.server.end()
        median = statistics.median(self.rates)
        return {
            "group": self.group, "name": self.name, "bytes": self.size,
            "gb_per_s": {"min": min(self.rates), "median": median, "max": max(self.rates)},
            "server": {"cpu_s_per_gb": self.server_cpu / moved,
                       "peak_rss_bytes": self.server.peak},
            "client": {"cpu_s_per_gb": self.client_cpu / moved,
                       "peak_rss_bytes": self.client_peak},
            "ratio": median / statistics.median(reference.rates) if reference else None,
        }


NULL = "to /dev/null"
STORED = "to a file"
CLASSIC = "classic: one JSON object, to a file"


class Field:
    """Everything that is there, and what is not."""

    def __init__(self, stack, folder, target, source, options):
        self.stack, self.folder, self.target = stack, folder, target
        self.source, self.options = source, options
        self.all, self.missing = [], []
        self.log = open(os.path.join(folder, "log"), "w")
        stack.callback(self.log.close)
        self.tools = options.tools

    def program(self, name):
        """Where a program is; None, and listed as not installed, where it is not."""
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if not found:
            self.missing.append(f"{name}: not installed")
        return found

    def built(self, name, how):
        path = os.path.join(self.tools, name)
        if not os.access(path, os.X_OK):
            self.missing.append(f"{name}: not built; {how}")
            return None
        return path

    def serve(self, command, port=None):
        return Server(self.stack, command, port, self.log)

    def add(self, *what, **more):
        self.all.append(Contestant(*what, **more))

    def into(self, name):
        return os.path.join(self.target, name)

    # One method for each of those that compete.

    def iperf3(self):
        program = self.program("iperf3")
        if not program:
            return
        port = free_port()
        server = self.serve([program, "-s", "-B", "127.0.0.1", "-p", str(port)], port)
        size = os.path.getsize(self.source)
        command = [program, "-c", "127.0.0.1", "-p", str(port), "-R", "-J", "-l", "1M",
                   "-n", str(size)]

        def checked(text):
            if json.loads(text)["end"]["sum_received"]["bytes"] < size:
                raise Failed("iperf3 moved less than it was told")

        self.add(NULL, "iperf3 (raw TCP, no file)", server, self.source, lambda _: command,
                 checked=checked)

    def nginx(self):
        program, curl = self.program("nginx"), self.program("curl")
        if not (program and curl):
            return
        port, home = free_port(), os.path.join(self.folder, "nginx")
        os.mkdir(home)
        config = os.path.join(home, "nginx.conf")
        with open(config, "w") as out:
            out.write(NGINX % {
                "user": f"user {getpass.getuser()};" if os.geteuid() == 0 else "",
                "home": home, "port": port, "file": self.source})
        server = self.serve([program, "-p", home, "-c", config, "-e", f"{home}/error"], port)
        for group, into in ((NULL, None), (STORED, self.into("curl"))):
            self.add(group, "nginx + curl", server, self.source,
                     lambda to: [curl, "-sS", "--fail", "-o", to, f"http://127.0.0.1:{port}/file"],
                     into=into)

    def wirewright(self):
        program = self.wirewright_program()
        name = os.path.basename(self.source)

        def entry(group, title, into, *words):
            # Each has a server of its own, so that each has a peak of its own.
            server = self.serve([program, "serve", self.source, "--listen", "127.0.0.1:0",
                                 "--quiet"])
            self.add(group, title, server, self.source,
                     lambda to: [program, "get", "--quiet", server.address, name, "-o", to, *words],
                     into=into)

        entry(NULL, "wirewright --digest none", None, "--digest", "none")
        entry(STORED, "wirewright, the defaults (blake3, fsync)", self.into("wirewright"))

    def wirewright_program(self):
        program = self.built("wirewright", "cargo build --release")
        if not program:
            raise Failed(f"there is no wirewright in {self.tools}; cargo build --release")
        return program

    def rsync(self):
        program = self.program("rsync")
        if not program:
            return
        port, config = free_port(), os.path.join(self.folder, "rsyncd.conf")
        with open(config, "w") as out:
            out.write(f"use chroot = no\nreverse lookup = no\nuid = {os.getuid()}\n"
                      f"gid = {os.getgid()}\nlog file = /dev/null\n[m]\n"
                      f"path = {os.path.dirname(self.source)}\n")
        server = self.serve([program, "--daemon", "--no-detach", f"--config={config}",
                             f"--port={port}", "--address=127.0.0.1"], port)
        name = os.path.basename(self.source)
        self.add(STORED, "rsync daemon, --whole-file", server, self.source,
                 lambda to: [program, "--whole-file", f"rsync://127.0.0.1:{port}/m/{name}", to],
                 into=self.into("rsync"))

    def tokio(self):
        program = self.built("examples/peer_tokio", "cargo build --release --example peer_tokio")
        if not program:
            return

        def started(chunk, source):
            server = self.serve([program, "serve", source, "--chunk", str(chunk)])
            return server, lambda to: [program, "get", server.address,
                                       *(["-o", to] if to != "/dev/null" else [])]

        rates = {}
        for chunk in CHUNKS:
            server, command = started(chunk, self.source)
            rates[chunk] = min(Ran(command("/dev/null")).wall for _ in range(2))
            server.end()
        chunk = min(rates, key=rates.get)
        for group, into in ((NULL, None), (STORED, self.into("tokio"))):
            server, command = started(chunk, self.source)
            self.add(group, f"tokio peer, chunks of {size_text(chunk)}", server, self.source,
                     command, into=into)
        part = self.part(WHOLE_BYTES)
        server, command = started(0, part)
        self.add(CLASSIC, "tokio peer, the file as one frame", server, part, command,
                 into=self.into("tokio-whole"))

    def classic(self):
        """The chapter's pair, as it stands and put right, and ours on files of the same sizes."""
        scripts = os.path.join(ROOT, "tests", "python")
        serve = [sys.executable, os.path.join(scripts, "classic_server.py")]
        chapter = [sys.executable, os.path.join(scripts, "classic_client.py")]
        right = [sys.executable, os.path.abspath(__file__), "--classic-client"]
        home = os.path.join(self.target, "classic")
        os.mkdir(home)
        program = self.wirewright_program()

        def python(title, client, part):
            server = self.serve([*serve, part])
            self.add(CLASSIC, title, server, part, lambda _: [*client, server.address, home],
                     into=os.path.join(home, os.path.basename(part)))

        def ours(part):
            server = self.serve([program, "serve", "--classic", "--quiet", part,
                                 "--listen", "127.0.0.1:0"])
            self.add(CLASSIC, "wirewright --classic", server, part,
                     lambda to: [program, "get", "--classic", "--quiet", server.address, "-o", to],
                     into=self.into(f"classic-{os.path.getsize(part)}"))

        for title, client, size in (("Python, the chapter's pair", chapter, CHAPTER_BYTES),
                                    ("Python, large reads, joined once", right, WHOLE_BYTES)):
            part = self.part(size)
            python(title, client, part)
            ours(part)

    def part(self, size):
        """The beginning of FILE as a file of its own; FILE where it is not longer."""
        if os.path.getsize(self.source) <= size:
            return self.source
        path = os.path.join(self.folder, f"part-{size}")
        if not os.path.exists(path):
            with open(self.source, "rb") as whole, open(path, "wb") as out:
                for _ in range(size // MIB):
                    out.write(whole.read(MIB))
        return path


NGINX = """
%(user)s
daemon off;
worker_processes 1;
pid %(home)s/pid;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  client_body_temp_path %(home)s/body;
  proxy_temp_path %(home)s/proxy;
  fastcgi_temp_path %(home)s/fastcgi;
  uwsgi_temp_path %(home)s/uwsgi;
  scgi_temp_path %(home)s/scgi;
  server {
    listen 127.0.0.1:%(port)d;
    location = /file { alias "%(file)s"; }
  }
}
"""


def classic_client(address, folder):
    """The chapter's client put right: large reads, joined once, nothing held longer than needed."""
    import base64
    host, port = address.rsplit(":", 1)
    pieces = []
    with socket.create_connection((host, int(port))) as client:
        while piece := client.recv(MIB):
            pieces.append(piece)
    text = b"".join(pieces)
    pieces.clear()
    document = json.loads(text)
    del text
    with open(os.path.join(folder, document["filename"]), "wb") as out:
        out.write(base64.b64decode(document["filedata"]))


# ---- the run -----------------------------------------------------------------------------------

def size_text(size):
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} B"


def made_file(folder, size):
    path = os.path.join(folder, "file")
    with open(path, "wb") as out:
        left = size
        while left:
            left -= out.write(os.urandom(min(left, 8 * MIB)))
    return path


def warm(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(MIB):
            pass


def target_folder(stack, size):
    """On a tmpfs if there is one with room, so that no disk is measured; and whether it is one."""
    with contextlib.suppress(OSError), open("/proc/mounts") as mounts:
        on = any(line.split()[1:3] == ["/dev/shm", "tmpfs"] for line in mounts)
        if on and shutil.disk_usage("/dev/shm").free > 2 * size + 64 * MIB:
            where = tempfile.TemporaryDirectory(prefix="wirewright-peers-", dir="/dev/shm")
            return stack.enter_context(where), "tmpfs"
    where = tempfile.TemporaryDirectory(prefix="wirewright-peers-")
    return stack.enter_context(where), "no tmpfs: the temporary folder"


def machine():
    with open("/proc/cpuinfo") as lines:
        models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    with open("/proc/sys/net/ipv4/tcp_congestion_control") as line:
        congestion = line.read().strip()
    return {"cpu": models[0] if models else "?", "cores": len(os.sched_getaffinity(0)),
            "congestion_control": congestion, "kernel": os.uname().release,
            "load": os.getloadavg()[0], "date": time.strftime("%Y-%m-%d")}


def rate_text(rate):
    return f"{rate:.3f}" if rate >= 0.01 else f"{rate:.5f}"


def table(rows, field, kind, rounds):
    head = ("what", "bytes", "min", "median", "max", "srv cpu", "cli cpu", "srv peak", "cli peak",
            "ratio")
    lines = ["%-41s %8s  %7s %7s %7s  %7s %7s  %10s %10s  %6s" % head]
    group = None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            lines.append(f"-- {group}")
        rate, server, client = row["gb_per_s"], row["server"], row["client"]
        lines.append("%-41s %8s  %7s %7s %7s  %7.2f %7.2f  %10s %10s  %6s" % (
            row["name"], size_text(row["bytes"]),
            *(rate_text(rate[which]) for which in ("min", "median", "max")),
            server["cpu_s_per_gb"], client["cpu_s_per_gb"],
            size_text(server["peak_rss_bytes"]), size_text(client["peak_rss_bytes"]),
            "-" if row["ratio"] is None else f"{row['ratio']:.3g}"))
    lines += [f"not there: {what}" for what in field.missing]
    return "\n".join(lines) + NOTES % {"rounds": rounds, "kind": kind, **machine()}


NOTES = """

GB/s: 10^9 bytes of FILE a second in %(rounds)d interleaved rounds, by the wall time of the whole
client process, its start included, for all alike; FILE is in the page cache, files go to
%(kind)s.
cpu: processor seconds for 10^9 bytes of FILE, of server and client. peak: resident memory.
ratio: of medians, to nginx + curl of the same kind; for classic, to the one that stores.
Each result was compared once, untimed. curl neither compares nor syncs; rsync compares a checksum
of the whole file and does not sync; the tokio peer neither. Files are smaller where more takes too
much memory (the whole file at once) or time (the chapter's client copies all for each 1,024 bytes).
%(cpu)s, %(cores)d cores, kernel %(kernel)s, TCP %(congestion_control)s, %(date)s"""


def compete(field, rounds, place):
    for contestant in field.all:
        contestant.check(place)
    for at in range(rounds):
        for contestant in field.all:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[Kround {at + 1} of {rounds}: {contestant.name}")
            contestant.measure()
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    reference = {c.group: c for c in field.all if c.name == "nginx + curl"}
    reference[CLASSIC] = reference.get(STORED)
    order = {NULL: 0, STORED: 1, CLASSIC: 2}
    rows = [c.row(reference.get(c.group)) for c in field.all]
    return sorted(rows, key=lambda row: order[row["group"]])


def arguments():
    parser = argparse.ArgumentParser(
        prog="peers.sh", description="Other ways to move a file, beside ours, in one table.")
    parser.add_argument("file", nargs="?", metavar="FILE",
                        help="what to move [default: random bytes, made for it]")
    parser.add_argument("--size", type=int, default=GIB, metavar="BYTES",
                        help="how much to make where no FILE is given [default: 1 GiB]")
    parser.add_argument("--rounds", type=int, default=7, metavar="N")
    parser.add_argument("--only", metavar="A,B", default="",
                        help="of iperf3, nginx, wirewright, rsync, tokio, classic")
    parser.add_argument("--tools", metavar="DIR", help="where wirewright and examples/peer_tokio "
                        "were built [default: the release folder of cargo's target]",
                        default=os.path.join(os.environ.get("CARGO_TARGET_DIR",
                                             os.path.join(ROOT, "target")), "release"))
    parser.add_argument("--json", action="store_true", help="one JSON document instead")
    options = parser.parse_args()
    if options.rounds < 1 or options.size < 1:
        parser.error("--rounds and --size are at least 1")
    return options


ENTRANTS = ["iperf3", "nginx", "wirewright", "rsync", "tokio", "classic"]


def main():
    options = arguments()
    chosen = options.only.split(",") if options.only else ENTRANTS
    if unknown := set(chosen) - set(ENTRANTS):
        raise Failed(f"{', '.join(unknown)}: no such contestant; there are {', '.join(ENTRANTS)}")
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="wirewright-peers-"))
        source = os.path.realpath(options.file) if options.file else None
        if source and not os.path.isfile(source):
            raise Failed(f"{options.file}: not a regular file")
        source = source or made_file(folder, options.size)
        warm(source)
        target, kind = target_folder(stack, os.path.getsize(source))
        field = Field(stack, folder, target, source, options)
        for name in ENTRANTS:
            if name in chosen:
                getattr(field, name)()
        rows = compete(field, options.rounds, target)
        if options.json:
            print(json.dumps({"rows": rows, "missing": field.missing, "rounds": options.rounds,
                              "target": kind, "machine": machine()}, indent=1))
        else:
            print(table(rows, field, kind, options.rounds))


def stop(number, _):
    sys.exit(128 + number)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--classic-client"]:
        classic_client(*sys.argv[2:])
        sys.exit()
    # What was started is ended and removed on the way out; see ExitStack.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        main()
    except Failed as failure:
        sys.exit(f"error: peers.sh: {failure}")
