"""The part of tools/real_input_check that starts, drives and counts."""

import argparse
import hashlib
import http.client
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = "127.0.0.1"
KIB = 1024
MIB = 1024 * KIB
MEMORY_MAX = 32 * MIB

NGINX_CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen {host}:{port}; root {folder}/files; }}
}}
"""

RPROXY_CONFIG = """
server {{
  addr = {host}
  port = {port}
  threads = 2
  backend nginx {{ addr = {host} port = {backend} connections = 32 }}
  vhost "*" {{ rule all {{ uri-gmatch = "*" backends = {{ nginx }} }} }}
}}
"""

failures = []


def report(name, good, detail=""):
    print(f"{'ok  ' if good else 'FAIL'} {name}{': ' if detail else ''}{detail}",
          flush=True)
    if not good:
        failures.append(name)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def wait_for_port(port):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def make_files(folder, large):
    sizes = [0, 1, KIB, 64 * KIB + 1, MIB + 7, 16 * MIB, large]
    os.makedirs(f"{folder}/files")
    for size in sizes:
        with open(f"{folder}/files/{size}", "wb") as out:
            left = size
            while left > 0:
                out.write(os.urandom(min(left, MIB)))
                left -= min(left, MIB)
    return sizes


def digest(port, name):
    curl = subprocess.Popen(["curl", "-sS", f"http://{HOST}:{port}/{name}"],
                            stdout=subprocess.PIPE)
    value = hashlib.sha256()
    while piece := curl.stdout.read(MIB):
        value.update(piece)
    return value.hexdigest() if curl.wait() == 0 else f"curl: {curl.returncode}"


def memory(pid, key):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(rf"{key}:\s+(\d+) kB", status.read())[1]) * KIB


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def settle(pid, wanted):
    """Waits until closed connections are gone; returns the count."""
    deadline = time.monotonic() + 20
    while descriptors(pid) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return descriptors(pid)


def check_files(proxy, backend, sizes):
    for size in sizes:
        report(f"GET of {size} bytes", digest(proxy, size) ==
               digest(backend, size))


def check_sequential(proxy, count):
    with open(f"{check_sequential.folder}/files/{KIB}", "rb") as file:
        wanted = file.read()
    client = http.client.HTTPConnection(HOST, proxy)
    client.connect()
    # Otherwise the system may wait for our acknowledgements.
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    first = client.sock
    good = 0
    for _ in range(count):
        client.request("GET", f"/{KIB}")
        answer = client.getresponse()
        good += answer.status == 200 and answer.read() == wanted
    report(f"{count} requests on one connection",
           good == count and client.sock is first, f"{good} right")
    client.close()


def check_wrk(proxy, seconds):
    out = subprocess.run(
        ["wrk", "-c", "256", "-t", "1", "-d", str(seconds),
         f"http://{HOST}:{proxy}/{KIB}"], capture_output=True, text=True,
        check=True).stdout
    rate = re.search(r"Requests/sec:\s+(\S+)", out)[1]
    report("wrk -c 256", "Socket errors" not in out and
           "Non-2xx" not in out, f"{rate} requests/s")


def check_h2load(proxy, count):
    out = subprocess.run(
        ["h2load", "--h1", "-n", str(count), "-c", "64",
         f"http://{HOST}:{proxy}/{KIB}"], capture_output=True, text=True,
        check=True).stdout
    report(f"h2load --h1 -n {count}", f"{count} succeeded" in out and
           f"status codes: {count} 2xx" in out)


def check_slow_clients(proxy, pid, count, stall):
    """`count` clients that do not read for a while, and then little by little.

    Meanwhile a good client must be served at once.
    """
    size = MIB + 7
    with open(f"{check_sequential.folder}/files/{size}", "rb") as file:
        wanted = hashlib.sha256(file.read()).hexdigest()
    selector = selectors.DefaultSelector()
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
        client.connect((HOST, proxy))
        client.sendall(f"GET /{size} HTTP/1.1\r\nHost: x\r\n"
                       "Connection: close\r\n\r\n".encode())
        client.setblocking(False)
        selector.register(client, selectors.EVENT_READ,
                          {"head": b"", "body": None})
    begin = time.monotonic()
    slowest = 0.0
    # The slow ones hold every backend connection for a while; one that waits
    # for them is served as soon as they move on.
    while time.monotonic() < begin + stall:
        before = time.monotonic()
        with socket.create_connection((HOST, proxy), 10) as good:
            good.sendall(b"GET /nowhere HTTP/1.1\r\nHost: a b\r\n\r\n")
            answer = good.recv(KIB)
        slowest = max(slowest, time.monotonic() - before)
        if not answer.startswith(b"HTTP/1.1 400 "):
            report("an answer beside slow clients", False, repr(answer[:80]))
            break
        time.sleep(0.05)
    peak = memory(pid, "VmRSS")
    right = 0
    while selector.get_map():
        for key, _ in selector.select(10):
            state = key.data
            piece = key.fileobj.recv(8 * KIB)
            if not piece:
                right += (state["body"] is not None and
                          state["body"].hexdigest() == wanted)
                selector.unregister(key.fileobj)
                key.fileobj.close()
            elif state["body"] is None:
                state["head"] += piece
                head, end, rest = state["head"].partition(b"\r\n\r\n")
                if end:
                    state["body"] = hashlib.sha256(rest)
            else:
                state["body"].update(piece)
    report(f"{count} slow clients", right == count,
           f"{right} got every byte; {peak // KIB} KiB resident meanwhile")
    report("others beside them", slowest < 1,
           f"the slowest answer took {slowest * 1000:.0f} ms")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    quick = options.quick

    with tempfile.TemporaryDirectory() as folder:
        check_sequential.folder = folder
        os.chmod(folder, 0o755)
        sizes = make_files(folder, 64 * MIB if quick else 1024 * MIB)
        backend, proxy = free_port(), free_port()
        with open(f"{folder}/nginx.conf", "w", encoding="ascii") as out:
            out.write(NGINX_CONFIG.format(folder=folder, host=HOST,
                                          port=backend))
        with open(f"{folder}/rproxy.conf", "w", encoding="ascii") as out:
            out.write(RPROXY_CONFIG.format(host=HOST, port=proxy,
                                           backend=backend))
        nginx = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"],
                                 stderr=subprocess.DEVNULL)
        rproxy = None
        try:
            wait_for_port(backend)
            rproxy = subprocess.Popen(
                [options.binary, f"--config={folder}/rproxy.conf"])
            wait_for_port(proxy)
            pid = rproxy.pid

            # What it holds once everything has been used once.
            digest(proxy, KIB)
            before = settle(pid, descriptors(pid))
            check_files(proxy, backend, sizes)
            check_sequential(proxy, 1000 if quick else 10000)
            check_wrk(proxy, 2 if quick else 10)
            check_h2load(proxy, 2000 if quick else 50000)
            warm = memory(pid, "VmRSS")
            check_slow_clients(proxy, pid, 200, 1 if quick else 3)
            check_wrk(proxy, 2 if quick else 10)

            after = settle(pid, before)
            report("descriptors afterwards", after == before,
                   f"{before} before, {after} after")
            rest = memory(pid, "VmRSS")
            report("memory afterwards", rest < warm + 8 * MIB,
                   f"{warm // KIB} KiB warm, {rest // KIB} KiB after")
            peak = memory(pid, "VmHWM")
            report("peak memory", peak < MEMORY_MAX, f"{peak // KIB} KiB")
            rproxy.send_signal(signal.SIGTERM)
            report("SIGTERM", rproxy.wait(20) == 0)
        finally:
            for process in (rproxy, nginx):
                if process is not None and process.poll() is None:
                    process.terminate()
                    process.wait(20)
    if failures:
        sys.exit(f"{len(failures)} of the checks failed")


if __name__ == "__main__":
    main()
