"""Shared by the comparisons with other programs.

All programs take turns within one run, after one untimed round each; a figure is the median of the
rounds, for whole processes including their start.
"""
import contextlib
import dataclasses
import resource
import socket
import statistics
import subprocess
import sys
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclasses.dataclass
class Result:
    """What a contestant took, a number for each round."""
    seconds: list
    processor: list
    peak_mib: float = 0.0


def run(command, given=None):
    """Seconds of a whole process, those of its processor, and its largest resident memory in MiB."""
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(command, stdin=subprocess.PIPE if given else subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if given:
        process.stdin.write(given)
        process.stdin.close()
    # Looked at while it runs: what wait4(2) says counts this script, out of which it was born.
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(OSError, ValueError, StopIteration), \
                open(f"/proc/{process.pid}/status") as lines:
            peak = int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.005)
    if process.returncode:
        sys.exit(f"error: {command[0]}: status {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - began, processor, peak / 1024


def rounds(contestants, count, check=lambda: None, before=lambda: None):
    results = {name: Result([], []) for name in contestants}
    for at in range(count + 1):
        for name, (command, given) in contestants.items():
            before()
            seconds, processor, peak = run(command, given)
            check()
            result = results[name]
            result.peak_mib = max(peak, result.peak_mib)
            if at:
                result.seconds.append(seconds)
                result.processor.append(processor)
    return results


def show(title, results, work, unit):
    """`work` is in the unit, or nothing where seconds are the figure."""
    ours = statistics.median(results["wirewright"].seconds)
    print(f"\n{title}")
    for name, result in results.items():
        median = statistics.median(result.seconds)
        figure = work / median if work else median
        print(f"  {name:12} {figure:10.2f} {unit}   {min(result.seconds):.3f} {median:.3f} "
              f"{max(result.seconds):.3f} s   ours is {median / ours:5.2f} times as fast   "
              f"processor {statistics.median(result.processor):.2f} s   {result.peak_mib:6.1f} MiB")
