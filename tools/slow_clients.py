"""The part of tools/slow_clients that starts, delays and measures."""

import argparse
import asyncio
import json
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = "127.0.0.1"
KIB = 1024
MIB = 1024 * KIB
COUNT = 200
TICK = 0.5
# The daemon looks at the rate of a body every so many seconds.
RATE_WINDOW = 10
BODY_RATE_MIN = 200
# What a loaded machine may add to any time.
GRACE = 3.0

# What rproxy may hold for one of them: high-watermark, and what was read last.
HELD_MAX = (256 + 128) * KIB
MEMORY_SLACK = 16 * MIB

# A slow body or a slow reader holds a backend connection as long as it lives:
# a pool that is smaller than their number is theirs. The good client has a
# backend of its own, because 200 large responses keep this one busy, written
# in Python as it is.
RPROXY_CONFIG = """
server {{
  addr = {host}
  port = {port}
  threads = 2
  header-timeout = {limit}s
  keep-alive-timeout = {limit}s
  read-timeout = {limit}s
  write-timeout = {limit}s
  min-body-rate = {rate}
  backend slow {{ addr = {host} port = {slow} connections = 700 }}
  backend good {{ addr = {host} port = {good} connections = 8 }}
  vhost "*" {{
    rule good {{ uri-gmatch = "/good*" backends = {{ good }} }}
    rule slow {{ uri-gmatch = "*" backends = {{ slow }} }}
  }}
}}
"""

failures = []


def report(name, good, detail):
    print(f"{'ok  ' if good else 'FAIL'} {name}: {detail}", flush=True)
    if not good:
        failures.append(name)


# --- The backend, a process of its own


async def serve(reader, writer):
    """GET /N is answered with N bytes, a body when it is complete."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
            if length:
                await reader.readexactly(int(length[1]))
            size = re.match(rb"GET /\D*(\d+)", head)
            left = int(size[1]) if size else 2
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" %
                         left)
            while left > 0:
                writer.write(b"x" * min(left, 64 * KIB))
                left -= min(left, 64 * KIB)
                await writer.drain()
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


async def run_backend():
    server = await asyncio.start_server(serve, HOST, 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# --- The good client, a process of its own


def run_good(port, seconds):
    """Asks on a kept connection and on new ones in turn; prints figures."""
    request = b"GET /good/1024 HTTP/1.1\r\nHost: a\r\n\r\n"
    kept = None
    times, wrong = [], []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        begin = time.monotonic()
        fresh = len(times) % 2 == 0
        try:
            if fresh or kept is None:
                client = socket.create_connection((HOST, port), 10)
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            else:
                client = kept
            client.sendall(request)
            answer = b""
            while not answer.endswith(b"x" * 1024):
                piece = client.recv(64 * KIB)
                if not piece:
                    raise OSError("closed")
                answer += piece
            if not answer.startswith(b"HTTP/1.1 200 "):
                raise OSError(repr(answer[:40]))
        except OSError as error:
            wrong.append(str(error))
            kept = None
        else:
            if kept is None:
                kept = client
            elif fresh:
                client.close()
        times.append(time.monotonic() - begin)
        time.sleep(0.005)
    times.sort()
    print(json.dumps({"count": len(times), "wrong": wrong[:3],
                      "p50": times[len(times) // 2],
                      "p99": times[len(times) * 99 // 100]}))


class Good:
    """A good client beside whatever happens."""

    def __init__(self, port, seconds):
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--good", str(port), str(seconds)],
            stdout=subprocess.PIPE, text=True)

    def figures(self):
        return json.loads(self.process.communicate(timeout=60)[0])


def milliseconds(figures):
    return (f"p50 {figures['p50'] * 1000:.1f} ms, "
            f"p99 {figures['p99'] * 1000:.1f} ms, {figures['count']} answers")


# --- The slow clients


class Kind:

    def __init__(self, name, first, drip=b"", idle_after=None, reads=True,
                 time_max=0.0, status=None):
        self.name = name
        self.first = first  # Sent at once.
        self.drip = drip  # Sent each TICK.
        self.idle_after = idle_after  # Ends the answer that is waited for.
        self.reads = reads  # False: 16 bytes each TICK.
        self.time_max = time_max
        self.status = status  # What the proxy says in the end, if anything.


def kinds(limit):
    large = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % (8 * MIB)
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n"
    return [
        Kind("silent after connect", b"", time_max=limit),
        Kind("slow head", b"GET / HTTP/1.1\r\nHost: a\r\nA: ", drip=b"b",
             time_max=limit, status=408),
        Kind("stalled body", post + b"some", time_max=limit, status=408),
        Kind("slow body", post, drip=b"b", time_max=RATE_WINDOW, status=408),
        Kind("idle after an answer",
             b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n", idle_after=b"xx",
             time_max=limit),
        Kind("slow head after an answer",
             b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
             b"GET / HTTP/1.1\r\nHost: a\r\nA: ", drip=b"b",
             idle_after=b"xx", time_max=limit, status=408),
        # Progress is looked at once a period, so that two may pass.
        Kind("slow reader", large, reads=False, time_max=2 * limit),
    ]


class SlowClient:

    def __init__(self, port, kind):
        self.kind = kind
        self.socket = socket.socket()
        if not kind.reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   4 * KIB)
        self.socket.connect((HOST, port))
        self.since = time.monotonic()
        self.socket.sendall(kind.first)
        self.socket.setblocking(False)
        self.received = b""
        self.released_after = None

    def read(self, size):
        try:
            piece = self.socket.recv(size)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self.released_after = time.monotonic() - self.since
            self.socket.close()
            return
        if self.kind.idle_after and self.kind.idle_after not in self.received:
            self.since = time.monotonic()
        self.received = (self.received + piece)[:KIB]

    def tick(self):
        try:
            if self.kind.drip:
                self.socket.send(self.kind.drip)
            if not self.kind.reads:
                self.read(16)
        except OSError:
            pass  # Reading tells.

    def right(self):
        """True if it was released in time, and told so."""
        answers = re.findall(rb"HTTP/1\.1 (\d+) ", self.received)
        return (self.released_after is not None and
                self.released_after < self.kind.time_max + GRACE and
                (self.kind.status is None or
                 answers[-1:] == [str(self.kind.status).encode()]))


def drive(clients, seconds, watch):
    """Lets them be slow until all are released or the time is over."""
    poll = select.epoll()
    by_number = {}
    for client in clients:
        number = client.socket.fileno()
        by_number[number] = client
        # Whoever does not read still sees the connection end.
        poll.register(number, select.EPOLLRDHUP |
                      (select.EPOLLIN if client.kind.reads else 0))
    begin = next_tick = time.monotonic()
    while by_number and time.monotonic() < begin + seconds:
        for number, events in poll.poll(max(0, next_tick - time.monotonic())):
            client = by_number[number]
            if client.kind.reads:
                client.read(64 * KIB)
            elif events & (select.EPOLLHUP | select.EPOLLERR |
                           select.EPOLLRDHUP):
                client.released_after = time.monotonic() - client.since
                client.socket.close()
            if client.released_after is not None:
                del by_number[number]
        if time.monotonic() >= next_tick:
            next_tick += TICK
            watch()
            for number, client in list(by_number.items()):
                client.tick()
                if client.released_after is not None:
                    del by_number[number]
    for client in by_number.values():
        client.socket.close()
    poll.close()


class Daemon:

    def __init__(self, binary, folder, backends, limit):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self.port = probe.getsockname()[1]
        with open(f"{folder}/rproxy.conf", "w", encoding="ascii") as out:
            out.write(RPROXY_CONFIG.format(
                host=HOST, port=self.port, slow=backends[0], good=backends[1],
                limit=limit, rate=BODY_RATE_MIN))
        self.process = subprocess.Popen(
            [binary, f"--config={folder}/rproxy.conf"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection((HOST, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.process.kill()
        sys.exit("rproxy does not listen")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status",
                  encoding="ascii") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * KIB

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def settle(self, wanted=None):
        """Waits until closed connections are gone and pools full again."""
        last, since = self.descriptors(), time.monotonic()
        deadline = since + 20
        while time.monotonic() < deadline:
            now = self.descriptors()
            if now == wanted:
                break
            if now != last:
                last, since = now, time.monotonic()
            if wanted is None and time.monotonic() > since + 1:
                break
            time.sleep(0.1)
        return self.descriptors()


class Check:

    def __init__(self, daemon):
        self.daemon = daemon
        self.before = Good(daemon.port, 3).figures()
        self.descriptors = daemon.settle()
        self.memory = daemon.memory()
        self.kept_max = 0
        report("good client alone", not self.before["wrong"],
               milliseconds(self.before))
        print(f"     {self.descriptors} descriptors, "
              f"{self.memory // KIB} KiB resident", flush=True)

    def beside(self, name, figures):
        """A starved client waits for seconds; a loaded machine does not."""
        good = (not figures["wrong"] and
                figures["p50"] < 3 * self.before["p50"] + 0.02 and
                figures["p99"] < 3 * self.before["p99"] + 0.25)
        report(f"good client beside {name}", good, milliseconds(figures) +
               "".join(f", {wrong}" for wrong in figures["wrong"]))

    def afterwards(self, name, peak, readers):
        """`readers` of them left responses unread."""
        after = self.daemon.settle(self.descriptors)
        memory = self.daemon.memory()
        # What was held for readers may be kept until the end, where it is
        # judged, so that one cause makes one failure.
        self.kept_max = max(self.kept_max, readers * HELD_MAX)
        bound = self.memory + self.kept_max + MEMORY_SLACK
        report(f"rproxy after {name}", after == self.descriptors and
               peak < bound and memory < bound,
               f"{after} descriptors, {memory // KIB} KiB resident "
               f"({peak // KIB} KiB meanwhile)")

    def ours(self, name, chosen):
        """COUNT clients of each of the chosen kinds, all at once."""
        longest = max(kind.time_max for kind in chosen)
        good = Good(self.daemon.port, min(longest, 5))
        clients = [SlowClient(self.daemon.port, kind)
                   for kind in chosen for _ in range(COUNT)]
        memory = [self.daemon.memory()]
        drive(clients, longest + 2 * GRACE,
              lambda: memory.append(self.daemon.memory()))
        for kind in chosen:
            members = [client for client in clients if client.kind is kind]
            right = sum(client.right() for client in members)
            times = [client.released_after for client in members
                     if client.released_after is not None] or [0]
            odd = next((client.received[-200:] for client in members
                        if not client.right()), b"")
            report(f"{COUNT} x {kind.name}", right == COUNT,
                   f"{right} released as they should be, after {min(times):.1f}"
                   f" to {max(times):.1f} s, configured {kind.time_max:.0f} s" +
                   (f"; another received {odd!r}" if right < COUNT else ""))
        self.beside(name, good.figures())
        self.afterwards(name, max(memory), sum(
            not client.kind.reads for client in clients))

    def slowhttptest(self, mode, arguments, path, time_max, readers=0):
        """Its own count is of no use: it looks at those that it lets wait only
        when their turn comes. The daemon's descriptors tell.
        """
        name = f"slowhttptest {mode}"
        good = Good(self.daemon.port, min(time_max, 5))
        begin = time.monotonic()
        test = subprocess.Popen(
            ["slowhttptest", mode, "-c", str(COUNT), "-r", str(COUNT),
             "-l", str(int(time_max + 10)), "-p", "3", "-v", "1",
             "-u", f"http://{HOST}:{self.daemon.port}{path}"] + arguments,
            stdout=subprocess.PIPE, text=True)
        most, peak, released = 0, 0, None
        # It takes a second to connect them all.
        while time.monotonic() < begin + time_max + 1 + 2 * GRACE:
            # Beside them there are the good client and its own probe.
            held = self.daemon.descriptors() - self.descriptors
            most = max(most, held)
            peak = max(peak, self.daemon.memory())
            if most > COUNT * 3 / 4 and held < 10:
                released = time.monotonic() - begin
                break
            time.sleep(0.05)
        test.send_signal(signal.SIGINT)
        out = re.sub(r"\x1b\[[0-9;]*m", "", test.communicate(timeout=60)[0])
        available = "NO" not in re.findall(r"service available:\s+(\w+)", out)
        report(name, released is not None and available and
               released < time_max + 1 + GRACE,
               f"{most} connections, " +
               (f"gone after {released:.1f} s" if released else "NOT GONE") +
               f", configured {time_max:.0f} s; its probe was "
               f"{'always' if available else 'NOT always'} answered")
        self.beside(name, good.figures())
        self.afterwards(name, peak, readers)


    def finish(self):
        after = Good(self.daemon.port, 2).figures()
        report("good client alone again", not after["wrong"],
               milliseconds(after))
        memory = self.daemon.memory()
        report("memory back to the start", memory < self.memory + MEMORY_SLACK,
               f"{self.memory // KIB} KiB resident then, {memory // KIB} now")


def run(options, folder, backends):
    limit = 2 if options.quick else 5
    daemon = Daemon(options.binary, folder, backends, limit)
    try:
        check = Check(daemon)
        for kind in kinds(limit):
            check.ours(kind.name, [kind])
        if not options.quick:
            check.ours("all kinds", kinds(limit))
        check.slowhttptest("-H", ["-i", "1", "-x", "8"], "/", limit)
        check.slowhttptest("-B", ["-i", "1", "-x", "8", "-s", "8192"], "/",
                           RATE_WINDOW)
        check.slowhttptest("-X", ["-w", "512", "-y", "1024", "-n", "1",
                                  "-z", "16"], f"/{8 * MIB}", 2 * limit, COUNT)
        check.finish()
        daemon.process.send_signal(signal.SIGTERM)
        report("SIGTERM", daemon.process.wait(40) == 0, "in good order")
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--backend", action="store_true")
    parser.add_argument("--good", nargs=2, type=float)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.backend:
        asyncio.run(run_backend())
    if options.good:
        run_good(int(options.good[0]), options.good[1])
        return

    begin = time.monotonic()
    backends = [subprocess.Popen([sys.executable, __file__, "--backend"],
                                 stdout=subprocess.PIPE, text=True)
                for _ in range(2)]
    try:
        ports = [int(backend.stdout.readline()) for backend in backends]
        with tempfile.TemporaryDirectory() as folder:
            run(options, folder, ports)
    finally:
        for backend in backends:
            backend.kill()
            backend.wait()
    print(f"{time.monotonic() - begin:.0f} s")
    if failures:
        sys.exit(f"{len(failures)} of the checks failed")


if __name__ == "__main__":
    main()
