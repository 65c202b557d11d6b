"""The part of tools/http_differential that starts, sends and compares."""

import argparse
import concurrent.futures
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import http_differential_cases as cases

HOST = "127.0.0.1"
KIB = 1024
PROXIES = ("nginx", "HAProxy", "rproxy")
# Copies of each proxy's listener and its backend: so many cases at a time.
LANES = 4
# What a proxy says after so many seconds of silence, it never says.
ANSWER_TIME_MAX = 1.0
MORE_TIME_MAX = 0.2
# How much longer a difference gets that has no reason, once.
PATIENCE = 4
SECONDS_MAX = 90

NGINX_CONFIG = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size {body_max};
  large_client_header_buffers 4 8k;
  proxy_http_version 1.1;
  proxy_set_header Host $host;
  proxy_set_header Connection "";
  proxy_request_buffering off;
  proxy_buffering off;
  proxy_read_timeout 5s;
  {lanes}
}}
"""
NGINX_LANE = """
  upstream lane{lane} {{ server {host}:{backend}; keepalive 4; }}
  server {{
    listen {host}:{port};
    location / {{ proxy_pass http://lane{lane}; }}
  }}
"""

HAPROXY_CONFIG = """
global
  nbthread 1
  tune.bufsize {buffer}
  tune.maxrewrite 1024
  tune.http.maxhdr {fields_max}
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 5s
  http-reuse always
  {lanes}
"""
HAPROXY_LANE = """
frontend front{lane}
  bind {host}:{port}
  default_backend lane{lane}
backend lane{lane}
  server only {host}:{backend}
"""

RPROXY_LANE = """
server {{
  addr = {host}
  port = {port}
  threads = 1
  max-header-size = {head_max}
  max-header-count = {fields_max}
  max-body-size = {body_max}
  backend only {{
    addr = {host} port = {backend} connections = 4 read-timeout = 5s
  }}
  vhost "*" {{
    rule all {{ uri-gmatch = "*" backends = {{ only }} }}
    headers {{ x-forwarded-for = false }}
  }}
}}
"""

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Malformed(Exception):
    pass


def split_head(buffer):
    """(start line, [(name, value)], bytes of it), or None if unfinished."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = buffer[:end].split(b"\r\n")
    fields = []
    for field in lines[1:]:
        name, colon, value = field.partition(b":")
        if not colon:
            raise Malformed(field)
        fields.append((name.lower(), value.strip(b" \t")))
    return lines[0], fields, end + 4


def values(fields, name):
    return [value for other, value in fields if other == name]


def read_chunks(buffer, at):
    """(data, offset behind it), or the data so far and None."""
    data = b""
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return data, None
        digits = buffer[at:end].partition(b";")[0]
        try:
            size = int(digits, 16) if digits.isalnum() else -1
        except ValueError:
            size = -1
        if size < 0:
            raise Malformed(digits)
        at = end + 2
        if size == 0:
            break
        data += buffer[at:at + size]
        if len(buffer) < at + size + 2:
            return data, None
        if buffer[at + size:at + size + 2] != b"\r\n":
            raise Malformed(b"behind a chunk")
        at += size + 2
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return data, None
        if end == at:
            return data, at + 2
        at = end + 2


class Request:
    """A request that a backend received, whole."""

    def __init__(self, buffer):
        """Throws Malformed; self.size is None if it is unfinished."""
        self.size = None
        self.head_size = None
        head = split_head(buffer)
        if head is None:
            return
        start, self.fields, self.head_size = head
        self.method, _, rest = start.partition(b" ")
        self.target = rest.rpartition(b" ")[0]
        if not self.target:
            raise Malformed(start)
        self.expects = bool(values(self.fields, b"expect"))
        lengths = values(self.fields, b"content-length")
        self.body = b""
        if values(self.fields, b"transfer-encoding"):
            self.body, end = read_chunks(buffer, self.head_size)
        elif lengths:
            if not lengths[0].isdigit():
                raise Malformed(lengths[0])
            end = self.head_size + int(lengths[0])
            self.body = buffer[self.head_size:end]
        else:
            end = self.head_size
        if end is not None and len(buffer) >= end:
            self.size = end
            self.raw = buffer[:end]

    def meaning(self):
        return (self.method, self.target,
                values(self.fields, b"host"), self.body)


class Backend:
    """Answers whatever a proxy sends and remembers it."""

    def __init__(self):
        self.listener = socket.create_server((HOST, 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.script = None
        self.requests = []
        self.unfinished = {}  # Bytes that are no whole request, by connection.
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def begin(self, script):
        """Starts a case; `script` is what to answer and to do then."""
        with self.lock:
            self.drop_unfinished()
            self.script = script
            self.requests = []

    def end(self):
        """The whole requests of the case, and the rests of others."""
        with self.lock:
            result = self.requests, [bytes(rest) for rest in
                                     self.unfinished.values()]
            self.script = None
            self.requests = []
            self.drop_unfinished()
            return result

    def drop_unfinished(self):
        for connection in self.unfinished:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.unfinished = {}

    def serve(self, connection):
        try:
            self.converse(connection)
        except (OSError, Malformed):
            pass
        finally:
            with self.lock:
                self.unfinished.pop(connection, None)
            connection.close()

    def converse(self, connection):
        buffer = b""
        answered = False  # The head at the start of the buffer.
        while piece := connection.recv(256 * KIB):
            buffer += piece
            while buffer:
                with self.lock:
                    script = self.script
                    self.unfinished[connection] = buffer
                    try:
                        request = Request(buffer)
                    except Malformed:
                        # The case sees it as a rest.
                        connection.sendall(b"HTTP/1.1 400 Backend\r\n"
                                           b"Content-Length: 0\r\n"
                                           b"Connection: close\r\n\r\n")
                        time.sleep(MORE_TIME_MAX)
                        raise
                    if request.size is not None:
                        self.requests.append(request)
                        del self.unfinished[connection]
                if request.head_size is not None and not answered:
                    if script is not None:
                        answered = True
                        connection.sendall(script[0])
                        if script[1] == "reset":
                            connection.setsockopt(
                                socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
                        if script[1] != "keep":
                            return
                    elif request.size is None and request.expects:
                        answered = True
                        connection.sendall(CONTINUE)
                if request.size is None:
                    break
                buffer = buffer[request.size:]
                answered = False
                if script is None:
                    connection.sendall(ANSWER[:-2] if request.method == b"HEAD"
                                       else ANSWER)


class Responses:
    """What a client received."""

    def __init__(self, methods):
        self.methods = methods
        self.raw = b""
        self.ended = None  # "closed" or "reset".

    def parse(self):
        """[(status, framing, body)] of all; sets self.rest.

        Framing is "whole", "until close", "cut" or "broken".
        """
        result = []
        at = 0
        finals = 0
        while at < len(self.raw):
            buffer = self.raw[at:]
            try:
                head = split_head(buffer)
                if head is None:
                    result.append((0, "cut" if self.ended else "broken", b""))
                    break
                start, fields, size = head
                status = int(start.split(b" ")[1])
                method = (self.methods[finals] if finals < len(self.methods)
                          else b"GET")
                framing, body = "whole", b""
                end = size
                lengths = values(fields, b"content-length")
                if status < 200 and status != 101:
                    pass
                elif status in (204, 304) or method == b"HEAD":
                    finals += 1
                elif values(fields, b"transfer-encoding"):
                    finals += 1
                    body, end = read_chunks(buffer, size)
                    framing = "whole" if end else "cut"
                elif lengths:
                    finals += 1
                    end = size + int(lengths[0])
                    body = buffer[size:end]
                    framing = "whole" if len(buffer) >= end else "cut"
                else:
                    finals += 1
                    body = buffer[size:]
                    framing = "until close" if self.ended else "cut"
                    end = len(buffer)
                result.append((status, framing, body))
                if framing != "whole":
                    break
                at += end
            except (Malformed, ValueError, IndexError):
                result.append((0, "broken", b""))
                break
        return result

    def complete(self, count):
        """True if `count` final responses are there."""
        return sum(status >= 200 and framing == "whole"
                   for status, framing, _ in self.parse()) >= count


def exchange(port, data, methods, patience):
    """Sends `data` and reads until the end or until nothing more comes."""
    responses = Responses(methods)
    with socket.create_connection((HOST, port), 10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            client.settimeout(5)
            client.sendall(data)
        except OSError:
            pass  # Refused before all was sent; the answer says why.
        while responses.ended is None:
            quiet = (MORE_TIME_MAX if responses.complete(len(methods))
                     else ANSWER_TIME_MAX)
            client.settimeout(quiet * patience)
            try:
                piece = client.recv(256 * KIB)
            except TimeoutError:
                break
            except OSError:
                responses.ended = "reset"
                break
            responses.raw += piece
            if not piece:
                responses.ended = "closed"
    return responses


class Outcome:
    """What one proxy did with one case: text to show, a key to compare."""

    def __init__(self, text, key, count, rejected):
        self.text = text
        self.key = key
        self.count = count  # Messages that it passed on, whole.
        self.rejected = rejected


def plain(field):
    """The line with its name in lower case: names ignore it."""
    name, colon, value = field.partition(b":")
    return name.lower() + colon + value


def forwarded_as_is(data, request):
    """True if the head's lines and the body arrived as they were sent."""
    head, _, rest = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    sent = head.split(b"\r\n")
    received = request.raw[:request.head_size - 4].split(b"\r\n")
    if sent[0].rpartition(b" ")[0] != received[0].rpartition(b" ")[0]:
        return False
    wanted = {plain(field) for field in sent[1:]
              if not field.lower().startswith(b"connection:")}
    return (wanted <= {plain(field) for field in received} and
            rest.startswith(request.raw[request.head_size:]))


def describe(status, framing, always=False):
    if status == 0:
        return "garbage"
    if framing == "whole" and (status < 200 or not always):
        return str(status)
    return f"{status} {framing}"


def methods_of(data):
    return [b"HEAD" if data.startswith(b"HEAD ") else b"GET"]


def run_request(data, port, backend, patience):
    backend.begin(None)
    responses = exchange(port, data, methods_of(data), patience)
    requests, rests = backend.end()
    found = responses.parse()
    statuses = [describe(status, framing) for status, framing, _ in found]
    words = []
    if requests:
        words.append("as is" if forwarded_as_is(data, requests[0])
                     else "normalised")
        if len(requests) > 1:
            words[0] += f" x{len(requests)}"
    if rests:
        words.append("part")
    words.append(" ".join(statuses) if statuses else
                 "no answer")
    words.append(responses.ended or "kept")
    refused = [status for status, _, _ in found if status >= 400]
    # How much of an unfinished request is there already is a matter of luck.
    key = ([request.meaning() for request in requests], statuses,
           bool(responses.ended))
    return Outcome(", ".join(words), key, len(requests),
                   bool(refused or responses.ended))


def run_response(case, port, backend, patience):
    answer, then = case[1], case[2]
    data = case[3] if len(case) > 3 else cases.get()
    backend.begin((answer, then))
    responses = exchange(port, data, methods_of(data), patience)
    backend.end()
    found = responses.parse()
    shown = []
    for status, framing, body in found:
        word = describe(status, framing, always=True)
        shown.append(f"{word} {body!r}" if 200 <= status < 500 and
                     body != b"hi" and len(body) < 20 and body else word)
    if len(shown) > 3:
        shown = [shown[0], f"... {len(shown) - 2} ...", shown[-1]]
    # A stranger's next request must get its own answer.
    backend.begin(None)
    after = exchange(port, cases.get(target=b"/after"), [b"GET"], patience)
    backend.end()
    bodies = [(status, body) for status, _, body in after.parse()]
    text = " ".join(shown) or "no answer"
    text += f", {responses.ended or 'kept'}"
    clean = bodies == [(200, b"ok")]
    if not clean:
        text += f", NEXT {bodies}"
    delivered = [found for found in found
                 if 200 <= found[0] < 500 and found[1] != "cut" and
                 found[1] != "broken"]
    key = ([(status, framing, body if status < 500 else b"")
            for status, framing, body in found], bool(responses.ended), clean)
    return Outcome(text, key, len(delivered), not delivered)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def wait_for_port(port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


class Proxy:
    """One of the three, with its lanes."""

    def __init__(self, folder, name, binary):
        self.lanes = [(free_port(), Backend()) for _ in range(LANES)]
        lane = {"nginx": NGINX_LANE, "HAProxy": HAPROXY_LANE,
                "rproxy": RPROXY_LANE}[name]
        limits = {"body_max": cases.BODY_MAX, "head_max": cases.HEAD_MAX,
                  "fields_max": cases.FIELDS_MAX, "host": HOST,
                  "buffer": cases.HEAD_MAX + 1024, "folder": folder}
        lanes = "".join(
            lane.format(lane=number, port=port, backend=backend.port, **limits)
            for number, (port, backend) in enumerate(self.lanes))
        whole = {"nginx": NGINX_CONFIG, "HAProxy": HAPROXY_CONFIG,
                 "rproxy": "{lanes}"}[name].format(lanes=lanes, **limits)
        path = f"{folder}/{name}.conf"
        with open(path, "w", encoding="ascii") as out:
            out.write(whole)
        command = {"nginx": ["nginx", "-c", path],
                   "HAProxy": ["haproxy", "-db", "-q", "-f", path],
                   "rproxy": [binary, f"--config={path}"]}[name]
        with open(f"{folder}/{name}.out", "w", encoding="ascii") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def wait(self):
        for port, _ in self.lanes:
            wait_for_port(port)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Comparison:

    def __init__(self, proxies, deadline):
        self.proxies = proxies
        self.deadline = deadline  # Nothing is tried once more after it.
        self.unexplained = []
        self.lenient = []
        self.rows = []  # Name, outcomes, mark, why.
        self.used = set()

    def run(self, prefix, table, run):
        """Runs the table's cases, LANES at a time through each proxy."""

        def run_lane(job):
            name, lane = job
            port, backend = self.proxies[name].lanes[lane]
            return {case[0]: run(case, port, backend, 1)
                    for case in table[lane::LANES]}

        jobs = [(name, lane) for name in PROXIES for lane in range(LANES)]
        outcomes = {name: {} for name in PROXIES}
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            for (name, _), part in zip(jobs, pool.map(run_lane, jobs)):
                outcomes[name].update(part)
        for case in table:
            row = [outcomes[name][case[0]] for name in PROXIES]
            key = prefix + case[0]
            if self.suspicious(key, row) and time.monotonic() < self.deadline:
                # Perhaps the machine was only slow.
                row = [run(case, *self.proxies[name].lanes[0], PATIENCE)
                       for name in PROXIES]
            self.judge(key, row)

    @staticmethod
    def mark(row):
        nginx, haproxy, ours = (outcome.key for outcome in row)
        return (("n" if ours != nginx else "") +
                ("h" if ours != haproxy else ""))

    @staticmethod
    def is_lenient(row):
        nginx, haproxy, ours = row
        return (nginx.rejected and haproxy.rejected and
                ours.count > max(nginx.count, haproxy.count))

    @staticmethod
    def reason(key, row):
        """Why rproxy does what it did; empty if nobody knows."""
        why, passes = cases.WHY.get(key, ("", None))
        return why if passes == (row[-1].count > 0) else ""

    def suspicious(self, key, row):
        return (self.is_lenient(row) or
                (self.mark(row) and not self.reason(key, row)))

    def judge(self, key, row):
        mark = self.mark(row)
        why = self.reason(key, row) if mark else ""
        if mark:
            self.used.add(key)
            if not why:
                why = "UNEXPLAINED"
                self.unexplained.append(key)
        if self.is_lenient(row):
            why += " MORE LENIENT THAN BOTH"
            self.lenient.append(key)
        self.rows.append((key, [outcome.text for outcome in row], mark, why))


def print_table(rows):
    widths = [max(len(key) for key, *_ in rows)]
    widths += [max(len(texts[i]) for _, texts, _, _ in rows) for i in range(3)]
    for key, texts, mark, why in [("case", PROXIES, "  ", "why")] + rows:
        print("  ".join([mark.ljust(2)] +
                        [cell.ljust(width) for cell, width
                         in zip([key, *texts], widths)] + [why]).rstrip())


def brief(text):
    """Without what became of the connection."""
    words = text.split(", ")
    return " ".join(words[:-1] if len(words) > 1 else words)


def print_markdown(rows):
    """The differences only, those of one reason in one row."""
    members = {}
    for key, texts, mark, why in rows:
        if mark:
            members.setdefault(why, []).append((key, texts))
    print("| Cases | nginx | HAProxy | rproxy | Why |")
    print("| --- | --- | --- | --- | --- |")
    for why in [row[0] for row in cases.REASONS if row[0] in members]:
        names = "; ".join(key for key, _ in members[why])
        cells = [names]
        for i in range(len(PROXIES)):
            texts = dict.fromkeys(brief(texts[i]) for _, texts in members[why])
            cells.append("; ".join(texts))
        print("| " + " | ".join(cells + [why]) + " |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()

    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        proxies = {}
        try:
            for name in PROXIES:
                proxies[name] = Proxy(folder, name, options.binary)
            for name in PROXIES:
                proxies[name].wait()
            comparison = Comparison(proxies, begin + SECONDS_MAX)
            comparison.run(
                "", cases.REQUESTS,
                lambda case, *rest: run_request(case[1], *rest))
            comparison.run("response/", cases.RESPONSES, run_response)
            dead = [name for name, proxy in proxies.items()
                    if proxy.process.poll() is not None]
        finally:
            for proxy in proxies.values():
                proxy.stop()

    rows = comparison.rows
    if options.markdown:
        print_markdown(rows)
    else:
        print_table(rows)
    different = [row for row in rows if row[2]]
    both = sum(row[2] == "nh" for row in rows)
    print(f"{len(cases.REQUESTS)} request and {len(cases.RESPONSES)} response "
          f"cases in {time.monotonic() - begin:.0f} s: rproxy does as both "
          f"others in {len(rows) - len(different)}, differs from one in "
          f"{len(different) - both}, from both in {both}", file=sys.stderr)
    unused = sorted(set(cases.WHY) - comparison.used)
    if unused:
        print("reasons without a difference: " + ", ".join(unused),
              file=sys.stderr)
    problems = (
        [f"no reason is known: {key}" for key in comparison.unexplained] +
        [f"more lenient than both: {key}" for key in comparison.lenient] +
        [f"{name} died" for name in dead])
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
