"""What tools/http_differential sends, and why rproxy differs from others."""

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"0\r\n\r\n"
BODY_MAX = 1024 * 1024
HEAD_MAX = 32 * 1024
FIELDS_MAX = 128


def get(fields=b"", target=b"/"):
    return b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"


def post(fields, body):
    return b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n" + body


def length(value, body=b"hello"):
    return post(b"Content-Length: " + value + b"\r\n", body)


def coding(value):
    return post(b"Transfer-Encoding: " + value + b"\r\n",
                b"5\r\nhello\r\n" + LAST)


def chunked(body):
    return post(b"Transfer-Encoding: chunked\r\n", body)


def size_line(line):
    return chunked(line + b"hello\r\n" + LAST)


def trailer(fields):
    return chunked(b"5\r\nhello\r\n0\r\n" + fields + b"\r\n")


def line(request_line, fields=b"Host: a\r\n"):
    return request_line + b"\r\n" + fields + b"\r\n"


def host(value):
    return b"GET / HTTP/1.1\r\nHost: " + value + b"\r\n\r\n"


# Name and all that the client sends.
REQUESTS = [
    # Content-Length.
    ("cl/plain", length(b"5")),
    ("cl/zero", length(b"0", b"")),
    ("cl/on GET", get(b"Content-Length: 5\r\n") + b"hello"),
    ("cl/leading zeros", length(b"005")),
    ("cl/plus", length(b"+5")),
    ("cl/minus", length(b"-5")),
    ("cl/hexadecimal", length(b"0x5")),
    ("cl/empty", length(b"")),
    ("cl/inner space", length(b"5 5")),
    ("cl/word behind", length(b"5 x")),
    ("cl/vertical tab before", length(b"\v5")),
    ("cl/NUL behind", length(b"5\0")),
    ("cl/two to the 64 plus five", length(b"18446744073709551621")),
    ("cl/list of equal", length(b"5, 5")),
    ("cl/list of different", length(b"5, 6")),
    ("cl/list with empty end", length(b"5,")),
    ("cl/repeated equal",
     post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello")),
    ("cl/repeated different",
     post(b"Content-Length: 0\r\nContent-Length: 35\r\n", SMUGGLED)),
    ("cl/space before colon", post(b"Content-Length : 5\r\n", b"hello")),
    ("cl/tab before colon", post(b"Content-Length\t: 5\r\n", b"hello")),
    ("cl/space before name", post(b" Content-Length: 5\r\n", b"hello")),
    ("cl/no colon", post(b"Content-Length 5\r\n", b"hello")),
    ("cl/underscore in name",
     post(b"Content_Length: 35\r\n", SMUGGLED)),
    ("cl/folded", length(b"\r\n 5")),
    ("cl/one byte short", length(b"6")),
    ("cl/request in body of GET", get(b"Content-Length: 35\r\n") + SMUGGLED),
    ("cl/missing on POST, body behind", post(b"", b"hello\r\n\r\n")),

    # Transfer-Encoding, and both.
    ("te/chunked", coding(b"chunked")),
    ("te/mixed case", coding(b"cHuNkEd")),
    ("te/tab before", coding(b"\tchunked")),
    ("te/on GET", get(b"Transfer-Encoding: chunked\r\n") + LAST),
    ("te/length first (CL.TE)",
     post(b"Content-Length: 40\r\nTransfer-Encoding: chunked\r\n",
          LAST + SMUGGLED)),
    ("te/length last (TE.CL)",
     post(b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
          b"23\r\n" + SMUGGLED + b"\r\n" + LAST)),
    ("te/length and identity",
     post(b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n", b"hello")),
    ("te/length and unknown (TE.TE)",
     post(b"Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", b"hello")),
    ("te/length named by Connection",
     post(b"Connection: Content-Length\r\nContent-Length: 5\r\n"
          b"Transfer-Encoding: chunked\r\n", LAST)),
    ("te/identity", coding(b"identity")),
    ("te/gzip", coding(b"gzip")),
    ("te/gzip, chunked", coding(b"gzip, chunked")),
    ("te/chunked, gzip", coding(b"chunked, gzip")),
    ("te/chunked, identity", coding(b"chunked, identity")),
    ("te/chunked twice", coding(b"chunked, chunked")),
    ("te/two fields",
     coding(b"chunked\r\nTransfer-Encoding: x")),
    ("te/empty", coding(b"")),
    ("te/prefixed", coding(b"xchunked")),
    ("te/parameter", coding(b"chunked;x=y")),
    ("te/quoted", coding(b'"chunked"')),
    ("te/vertical tab before", coding(b"\vchunked")),
    ("te/NUL behind", coding(b"chunked\0")),
    ("te/bare CR behind", coding(b"chunked\rx")),
    ("te/bare LF before", coding(b"\nchunked")),
    ("te/folded", coding(b"\r\n chunked")),
    ("te/space before colon",
     post(b"Transfer-Encoding : chunked\r\n", LAST)),
    ("te/space before name",
     post(b" Transfer-Encoding: chunked\r\n", LAST)),
    ("te/behind a bare LF",
     post(b"X: y\nTransfer-Encoding: chunked\r\n", LAST)),
    ("te/underscore in name",
     post(b"Transfer_Encoding: chunked\r\n", b"")),
    ("te/named by Connection",
     post(b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n",
          LAST)),
    ("te/on HTTP/1.0",
     b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
     LAST),

    # Chunks.
    ("chunk/leading zeros", size_line(b"0005\r\n")),
    ("chunk/empty size", size_line(b"\r\n")),
    ("chunk/plus", size_line(b"+5\r\n")),
    ("chunk/minus", size_line(b"-5\r\n")),
    ("chunk/0x prefix", size_line(b"0x5\r\n")),
    ("chunk/space before size", size_line(b" 5\r\n")),
    ("chunk/space behind size", size_line(b"5 \r\n")),
    ("chunk/overflow", size_line(b"10000000000000005\r\n")),
    ("chunk/300 zeros", size_line(b"0" * 300 + b"5\r\n")),
    ("chunk/byte too many", chunked(b"5\r\nhelloX\r\n" + LAST)),
    ("chunk/no line end behind data", chunked(b"5\r\nhello" + LAST)),
    ("chunk/two bytes for a line end", chunked(b"5\r\nhelloXX" + LAST)),
    ("chunk/LF behind data", chunked(b"5\r\nhello\n" + LAST)),
    ("chunk/LF behind size", size_line(b"5\n")),
    ("chunk/CR behind size", size_line(b"5\r")),
    ("chunk/CR CR LF behind size", size_line(b"5\r\r\n")),
    ("chunk/LF at the end", chunked(b"5\r\nhello\r\n0\r\n\n")),
    ("chunk/only LF", chunked(b"5\nhello\n0\n\n")),
    ("chunk/extension", size_line(b"5;name=value\r\n")),
    ("chunk/extension, quoted", size_line(b'5;name="a;b"\r\n')),
    ("chunk/extension with bare LF (TERM.EXT)", size_line(b"5;a=b\nc\r\n")),
    ("chunk/extension with bare CR", size_line(b"5;a=b\rc\r\n")),
    ("chunk/extension hides a chunk",
     chunked(b"2;\nxx\r\n32\r\n0\r\n\r\n" + SMUGGLED + LAST)),
    ("chunk/extension with NUL", size_line(b"5;a=\0b\r\n")),
    ("chunk/extension of 20,000 bytes",
     size_line(b"5;" + b"a" * 20000 + b"\r\n")),
    ("chunk/trailer", trailer(b"Sum: 7\r\n")),
    ("chunk/trailer Content-Length (TR.MRG)",
     trailer(b"Content-Length: 35\r\n")),
    ("chunk/trailer without colon", trailer(b"no colon\r\n")),
    ("chunk/trailer with space before colon", trailer(b"A : b\r\n")),
    ("chunk/trailer of 200 fields", trailer(b"A: b\r\n" * 200)),
    ("chunk/no last chunk", chunked(b"5\r\nhello\r\n")),
    ("chunk/junk behind", chunked(LAST) + b"junk\r\n\r\n"),

    # Fields.
    ("field/empty name", get(b": b\r\n")),
    ("field/space in name", get(b"A B: c\r\n")),
    ("field/space before colon", get(b"A : b\r\n")),
    ("field/slash in name", get(b"A/B: c\r\n")),
    ("field/NUL in name", get(b"A\0B: c\r\n")),
    ("field/no colon", get(b"A\r\n")),
    ("field/underscore in name", get(b"X_A: b\r\n")),
    ("field/all token characters", get(b"!#$%&'*+-.^_`|~0aZ: b\r\n")),
    ("field/obs-text in value", get(b"A: \xe9\x80\r\n")),
    ("field/NUL in value", get(b"A: b\0c\r\n")),
    ("field/control in value", get(b"A: b\x01c\r\n")),
    ("field/DEL in value", get(b"A: \x7f\r\n")),
    ("field/folded", get(b"A: b\r\n c\r\n")),
    ("field/folded to nothing", get(b"A: b\r\n \r\n")),
    ("field/folded first line", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("field/bare LF ends it", get(b"A: b\nC: d\r\n")),
    ("field/bare CR in value", get(b"A: b\rC: d\r\n")),
    ("field/CR CR LF", get(b"A: b\r\r\n")),
    ("field/request behind two LF",
     b"GET / HTTP/1.1\r\nHost: a\r\nA: b\n\n" + SMUGGLED),
    ("field/only LF", b"GET / HTTP/1.1\nHost: a\n\n"),

    # Request lines.
    ("line/unknown method", line(b"BREW / HTTP/1.1")),
    ("line/lower-case method", line(b"get / HTTP/1.1")),
    ("line/method with symbols", line(b"A!#$ / HTTP/1.1")),
    ("line/method with NUL", line(b"G\0T / HTTP/1.1")),
    ("line/TRACE", line(b"TRACE / HTTP/1.1")),
    ("line/CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    ("line/OPTIONS *", line(b"OPTIONS * HTTP/1.1")),
    ("line/GET *", line(b"GET * HTTP/1.1")),
    ("line/target without slash", line(b"GET index.html HTTP/1.1")),
    ("line/fragment", line(b"GET /#top HTTP/1.1")),
    ("line/high byte in target", line(b"GET /\xe9 HTTP/1.1")),
    ("line/NUL in target", line(b"GET /\0 HTTP/1.1")),
    ("line/escaped NUL", line(b"GET /%00 HTTP/1.1")),
    ("line/broken escape", line(b"GET /%zz HTTP/1.1")),
    ("line/space in target", line(b"GET /a b HTTP/1.1")),
    ("line/tab in target", line(b"GET /a\tb HTTP/1.1")),
    ("line/control in target", line(b"GET /a\x01b HTTP/1.1")),
    ("line/dot segments", line(b"GET /a/../b HTTP/1.1")),
    ("line/dot segments above the root", line(b"GET /../b HTTP/1.1")),
    ("line/two slashes", line(b"GET //a//b HTTP/1.1")),
    ("line/two spaces", line(b"GET  / HTTP/1.1")),
    ("line/tab for space", line(b"GET\t/\tHTTP/1.1")),
    ("line/space behind version", line(b"GET / HTTP/1.1 ")),
    ("line/bare LF behind it", line(b"GET / HTTP/1.1\nA: b")),
    ("line/HTTP/0.9", b"GET /\r\n"),
    ("line/HTTP/1.9", line(b"GET / HTTP/1.9")),
    ("line/HTTP/2.0", line(b"GET / HTTP/2.0")),
    ("line/HTTP/1.10", line(b"GET / HTTP/1.10")),
    ("line/HTTP/1", line(b"GET / HTTP/1")),
    ("line/lower-case protocol", line(b"GET / http/1.1")),
    ("line/other protocol", line(b"GET / ICAP/1.0")),
    ("line/empty line before", b"\r\n" + get()),
    ("line/three empty lines before", b"\r\n\r\n\r\n" + get()),
    ("line/100 empty lines before", b"\r\n" * 100 + get()),
    ("line/LF before", b"\n" + get()),
    ("line/TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\r\n\r\n"),
    ("line/PROXY line", b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get()),
    ("line/HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),

    # Host.
    ("host/missing", b"GET / HTTP/1.1\r\n\r\n"),
    ("host/missing on HTTP/1.0", b"GET / HTTP/1.0\r\n\r\n"),
    ("host/empty", host(b"")),
    ("host/repeated equal", get(b"Host: a\r\n")),
    ("host/repeated different", get(b"Host: b\r\n")),
    ("host/list", host(b"a, b")),
    ("host/two words", host(b"a b")),
    ("host/with path", host(b"a/b")),
    ("host/with user", host(b"user@a")),
    ("host/with NUL", host(b"a\0b")),
    ("host/port too large", host(b"a:99999")),
    ("host/port not a number", host(b"a:b")),
    ("host/bad IPv6", host(b"[::1")),
    ("host/upper case", host(b"EXAMPLE.test")),
    ("host/absolute form agrees",
     b"GET http://a/p HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("host/absolute form disagrees",
     b"GET http://b/p HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("host/absolute form without Host", b"GET http://a/p HTTP/1.1\r\n\r\n"),
    ("host/absolute form with user",
     b"GET http://user@a/p HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("host/absolute form, other scheme",
     b"GET ftp://a/p HTTP/1.1\r\nHost: a\r\n\r\n"),

    # Hop-by-hop fields and upgrades.
    ("hop/field named by Connection", get(b"Connection: A\r\nA: b\r\n")),
    ("hop/Host named by Connection", get(b"Connection: Host\r\n")),
    ("hop/Authorization named by Connection",
     get(b"Connection: Authorization\r\nAuthorization: x\r\n")),
    ("hop/Content-Length named by Connection",
     post(b"Connection: Content-Length\r\nContent-Length: 5\r\n", b"hello")),
    ("hop/Keep-Alive", get(b"Keep-Alive: timeout=5\r\n")),
    ("hop/Proxy-Connection", get(b"Proxy-Connection: keep-alive\r\n")),
    ("hop/TE", get(b"TE: gzip\r\n")),
    ("hop/upgrade to h2c",
     get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
         b"HTTP2-Settings: AAMAAABk\r\n")),
    ("hop/upgrade refused by the backend, request behind",
     get(b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
         b"Sec-WebSocket-Version: 13\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n") +
     get(target=b"/2")),
    ("hop/Expect", post(b"Expect: 100-continue\r\nContent-Length: 5\r\n",
                        b"hello")),
    ("hop/Expect, unknown", post(b"Expect: x\r\nContent-Length: 5\r\n",
                                 b"hello")),

    # Limits.
    ("limit/target of 9,000 bytes", get(target=b"/" + b"a" * 9000)),
    ("limit/field of 40,000 bytes", get(b"A: " + b"b" * 40000 + b"\r\n")),
    ("limit/200 fields", get(b"A: b\r\n" * 200)),
    ("limit/Content-Length over the maximum",
     length(str(BODY_MAX + 1).encode(), b"")),
    ("limit/chunks over the maximum",
     chunked(b"%x\r\n" % (BODY_MAX + 1) + b"c" * (BODY_MAX + 1) + b"\r\n" +
             LAST)),

    # Several requests on a connection.
    ("pipe/two", get(target=b"/1") + get(target=b"/2")),
    ("pipe/chunked, then GET", chunked(b"5\r\nhello\r\n" + LAST) + get()),
    ("pipe/empty line between", get() + b"\r\n" + get()),
    ("pipe/good, then bad", get() + b"BAD\r\n\r\n" + get(target=b"/3")),
    ("pipe/bad, then good", get(b"A B: c\r\n") + get(target=b"/2")),
    ("pipe/close, then more", get(b"Connection: close\r\n") +
     get(target=b"/2")),
    ("pipe/HTTP/1.0, then more",
     b"GET / HTTP/1.0\r\nHost: a\r\n\r\n" + get(target=b"/2")),
    ("pipe/HTTP/1.0 with keep-alive, then more",
     b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n" +
     get(target=b"/2")),
    ("pipe/HTTP/1.0 POST without length",
     b"POST / HTTP/1.0\r\nHost: a\r\n\r\nhello"),
    ("pipe/HEAD, then GET", b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" +
     get(target=b"/2")),
]


def ok(fields, body=b""):
    return b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n" + body


def ok_chunked(body):
    return ok(b"Transfer-Encoding: chunked\r\n", body)


SECOND = ok(b"Content-Length: 6\r\n", b"poison")
HEAD_REQUEST = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD_REQUEST = b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"

# Name, all that the backend answers, what it does then (close, keep, reset),
# and the request if it is not a plain GET.
RESPONSES = [
    ("sized", ok(b"Content-Length: 2\r\n", b"hi"), "keep"),
    ("chunked", ok_chunked(b"2\r\nhi\r\n" + LAST), "keep"),
    ("until close", ok(b"", b"hi"), "close"),
    ("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nhi", "close"),
    ("HTTP/1.0 keep-alive", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
     b"Content-Length: 2\r\n\r\nhi", "keep"),
    ("HTTP/1.0 chunked", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n"
     b"\r\n2\r\nhi\r\n" + LAST, "close"),
    ("chunked to an HTTP/1.0 client", ok_chunked(b"2\r\nhi\r\n" + LAST),
     "keep", OLD_REQUEST),
    ("nothing, close", b"", "close"),
    ("nothing, reset", b"", "reset"),
    ("part of a head, close", b"HTTP/1.1 200 OK\r\nA: b", "close"),
    ("sized, one byte short", ok(b"Content-Length: 3\r\n", b"hi"), "close"),
    ("sized, reset in the body", ok(b"Content-Length: 300\r\n", b"hi"),
     "reset"),
    ("chunked, no last chunk", ok_chunked(b"2\r\nhi\r\n"), "close"),
    ("chunked, ends in data", ok_chunked(b"5\r\nhi"), "close"),
    ("length first, both framings",
     ok(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"2\r\nhi\r\n" + LAST), "close"),
    ("length last, both framings",
     ok(b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
        b"2\r\nhi\r\n" + LAST), "close"),
    ("Content-Length repeated equal",
     ok(b"Content-Length: 2\r\nContent-Length: 2\r\n", b"hi"), "keep"),
    ("Content-Length repeated different",
     ok(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"hi!"), "close"),
    ("Content-Length list of equal", ok(b"Content-Length: 2, 2\r\n", b"hi"),
     "close"),
    ("Content-Length with plus", ok(b"Content-Length: +2\r\n", b"hi"),
     "close"),
    ("Content-Length negative", ok(b"Content-Length: -2\r\n", b"hi"),
     "close"),
    ("Content-Length empty", ok(b"Content-Length:\r\n", b"hi"), "close"),
    ("Content-Length overflow",
     ok(b"Content-Length: 18446744073709551618\r\n", b"hi"), "close"),
    ("coding gzip", ok(b"Transfer-Encoding: gzip\r\n", b"hi"), "close"),
    ("coding identity", ok(b"Transfer-Encoding: identity\r\n", b"hi"),
     "close"),
    ("coding chunked twice",
     ok(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"2\r\nhi\r\n" + LAST), "close"),
    ("chunk size with 0x", ok_chunked(b"0x2\r\nhi\r\n" + LAST), "close"),
    ("chunk size negative", ok_chunked(b"-2\r\nhi\r\n" + LAST), "close"),
    ("chunk size overflow",
     ok_chunked(b"10000000000000002\r\nhi\r\n" + LAST), "close"),
    ("chunk size is no number", ok_chunked(b"zz\r\nhi\r\n" + LAST), "close"),
    ("chunk with LF behind size", ok_chunked(b"2\nhi\r\n" + LAST), "close"),
    ("chunk with a byte too many", ok_chunked(b"2\r\nhiX\r\n" + LAST),
     "close"),
    ("chunk extension", ok_chunked(b"2;a=b\r\nhi\r\n" + LAST), "keep"),
    ("trailer", ok_chunked(b"2\r\nhi\r\n0\r\nSum: 7\r\n\r\n"), "keep"),
    ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
     "close"),
    ("status of four digits",
     b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "close"),
    ("status 099", b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n", "close"),
    ("status 700", b"HTTP/1.1 700 x\r\nContent-Length: 0\r\n\r\n", "close"),
    ("status without reason", b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi",
     "keep"),
    ("reason with a control character",
     b"HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nhi", "close"),
    ("version 2.0", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
     "close"),
    ("other protocol", b"220 mail ESMTP\r\n\r\n", "close"),
    ("HTTP/0.9", b"<html>hi</html>", "close"),
    ("lower-case protocol", b"http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
     "close"),
    ("only LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "close"),
    ("space before colon", ok(b"Content-Length : 2\r\n", b"hi"), "close"),
    ("space in a name", ok(b"A B: c\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("field without colon", ok(b"A\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("field without name", ok(b": b\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("field folded", ok(b"A: b\r\n c\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("NUL in a value", ok(b"A: b\0c\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("bare CR in a value", ok(b"A: b\rc\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("control in a value", ok(b"A: b\x01c\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("head of 100,000 bytes",
     ok(b"A: " + b"b" * 100000 + b"\r\nContent-Length: 2\r\n", b"hi"),
     "close"),
    ("2,000 fields", ok(b"A: b\r\n" * 2000 + b"Content-Length: 2\r\n", b"hi"),
     "close"),
    ("head without end, 200,000 bytes",
     b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200000, "close"),
    ("100, then 200", b"HTTP/1.1 100 Continue\r\n\r\n" +
     ok(b"Content-Length: 2\r\n", b"hi"), "keep"),
    ("103, then 200", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
     ok(b"Content-Length: 2\r\n", b"hi"), "keep"),
    ("1,000 times 102, then 200",
     b"HTTP/1.1 102 Processing\r\n\r\n" * 1000 +
     ok(b"Content-Length: 2\r\n", b"hi"), "close"),
    ("103 with Content-Length",
     b"HTTP/1.1 103 x\r\nContent-Length: 2\r\n\r\n" +
     ok(b"Content-Length: 2\r\n", b"hi"), "close"),
    ("101 that nobody asked for",
     b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
     b"Upgrade: x\r\n\r\nhi", "close"),
    ("204 with Content-Length and body",
     b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nhi", "keep"),
    ("204 chunked", b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked"
     b"\r\n\r\n" + LAST, "keep"),
    ("304 with Content-Length",
     b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "keep"),
    ("304 with body",
     b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nhi", "keep"),
    ("HEAD", ok(b"Content-Length: 2\r\n"), "keep", HEAD_REQUEST),
    ("HEAD with body", ok(b"Content-Length: 2\r\n", b"hi"), "keep",
     HEAD_REQUEST),
    ("bytes behind a sized response",
     ok(b"Content-Length: 2\r\n", b"hi") + b"junk", "keep"),
    ("second response behind a sized one",
     ok(b"Content-Length: 2\r\n", b"hi") + SECOND, "keep"),
    ("second response behind a chunked one",
     ok_chunked(b"2\r\nhi\r\n" + LAST) + SECOND, "keep"),
    ("response before the request body is complete",
     b"HTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nhi", "keep",
     post(b"Content-Length: 100\r\n", b"part")),
]

PASSES = True
REFUSES = False

# Why rproxy differs, what it does with the message, and in which cases. A
# difference that has no reason here is an error; so is the opposite of what
# stands here.
REASONS = [
    ("A line ends with CR LF only, in a body too: who also takes LF disagrees "
     "with who does not about where a message ends. RFC 9112 section 2.2",
     REFUSES,
     ["te/behind a bare LF", "chunk/LF behind data", "chunk/LF behind size",
      "chunk/LF at the end", "chunk/only LF", "chunk/extension hides a chunk",
      "field/bare LF ends it", "field/request behind two LF", "field/only LF",
      "field/CR CR LF", "line/bare LF behind it", "line/LF before",
      "response/only LF", "response/chunk with LF behind size"]),
    ("Content-Length is one number in one field; a request with more is "
     "refused even if they are equal. RFC 9112 section 6.3 rule 5",
     REFUSES,
     ["cl/list of equal", "cl/repeated equal"]),
    ("A response with Content-Length repeated is refused as well, although a "
     "proxy may repair it: no backend needs that. RFC 9112 section 6.3 rule 5",
     REFUSES,
     ["response/Content-Length repeated equal",
      "response/Content-Length repeated different",
      "response/Content-Length list of equal"]),
    ("A malformed Content-Length of a response is an unrecoverable error, "
     "and never ignored. RFC 9112 section 6.3 rule 5",
     REFUSES,
     ["response/Content-Length with plus", "response/Content-Length negative",
      "response/Content-Length empty", "response/Content-Length overflow"]),
    ("Folding is obsolete, and what one reader folds is a field to another. "
     "RFC 9112 section 5.2",
     REFUSES,
     ["cl/space before name", "cl/folded", "te/folded",
      "te/space before name", "field/folded", "field/folded to nothing",
      "response/field folded"]),
    ("Both framings in one message are an attempt to smuggle; it ought to be "
     "handled as an error. RFC 9112 section 6.3 rule 3",
     REFUSES,
     ["te/length first (CL.TE)", "te/length last (TE.CL)",
      "te/length named by Connection",
      "response/length first, both framings",
      "response/length last, both framings"]),
    ("Refused by all, with another status: 400 for two framings at once or "
     "a coding list that is malformed or does not end with chunked, 501 for "
     "codings that we do not know. RFC 9112 sections 6.1 and 6.3",
     REFUSES,
     ["te/length and identity", "te/length and unknown (TE.TE)",
      "te/identity", "te/gzip", "te/gzip, chunked", "te/chunked, gzip",
      "te/chunked, identity", "te/chunked twice", "te/empty", "te/prefixed",
      "te/parameter", "te/quoted", "te/vertical tab before",
      "te/bare LF before"]),
    ("White space around a value is no part of it, and a tab is white space. "
     "RFC 9110 section 5.6.3",
     PASSES,
     ["te/tab before"]),
    ("HTTP/1.0 has no Transfer-Encoding; a message with one has a framing "
     "that nobody can be sure of. RFC 9112 section 6.1",
     REFUSES,
     ["te/on HTTP/1.0", "response/HTTP/1.0 chunked"]),
    ("Of a response, only the coding chunked, once and alone, says where it "
     "ends. RFC 9112 section 6.3 rule 4",
     REFUSES,
     ["response/coding gzip", "response/coding identity",
      "response/coding chunked twice"]),
    ("A chunk size is hexadecimal digits and nothing else: no space behind "
     "it. RFC 9112 section 7.1",
     REFUSES,
     ["chunk/space behind size"]),
    ("The line of a chunk size is bounded (256 bytes), or a body of one byte "
     "costs any number of them. RFC 9112 section 7.1.1",
     REFUSES,
     ["chunk/300 zeros", "chunk/extension of 20,000 bytes"]),
    ("A chunk extension holds visible characters. RFC 9112 section 7.1.1",
     REFUSES,
     ["chunk/extension with NUL"]),
    ("Trailer fields obey the rules and the limits of header fields. RFC 9112 "
     "section 7.1.2",
     REFUSES,
     ["chunk/trailer without colon", "chunk/trailer with space before colon",
      "chunk/trailer of 200 fields"]),
    ("A chunk of a response that is wrong ends the client's connection behind "
     "the bytes that were right, as they have left already; the others had "
     "not sent the head yet. RFC 9112 section 8",
     REFUSES,
     ["response/chunk size with 0x", "response/chunk size negative",
      "response/chunk size overflow", "response/chunk size is no number",
      "response/chunk with a byte too many"]),
    ("A field is a token, a colon and a value; a line that is not is refused, "
     "not left out. RFC 9110 section 5.1, RFC 9112 section 5",
     REFUSES,
     ["field/slash in name", "field/no colon",
      "response/field without colon"]),
    ("A value holds no control characters but tab. RFC 9110 section 5.5",
     REFUSES,
     ["field/NUL in value", "field/control in value", "field/DEL in value",
      "response/NUL in a value", "response/control in a value",
      "response/reason with a control character"]),
    ("A method is any token, and case counts. RFC 9110 section 9.1",
     PASSES,
     ["line/lower-case method", "line/method with symbols"]),
    ("Off by default: 405, and the connection goes on. RFC 9110 sections "
     "9.3.6 and 9.3.8",
     REFUSES,
     ["line/TRACE", "line/CONNECT"]),
    ("OPTIONS may ask the server as a whole. RFC 9112 section 3.2.4",
     PASSES,
     ["line/OPTIONS *"]),
    ("The asterisk is for OPTIONS, and for nothing else. RFC 9112 section "
     "3.2.4",
     REFUSES,
     ["line/GET *"]),
    ("A target is visible ASCII without a fragment. RFC 9112 section 3.2",
     REFUSES,
     ["line/fragment", "line/high byte in target"]),
    ("A path is passed on as it came, neither decoded nor resolved; rules "
     "match it so too. RFC 3986 section 6 leaves that to its owner",
     PASSES,
     ["line/escaped NUL", "line/broken escape",
      "line/dot segments above the root"]),
    ("Exactly one space between the words of a request line, none behind. "
     "RFC 9112 section 3",
     REFUSES,
     ["line/two spaces", "line/tab for space", "line/space behind version"]),
    ("A line that is no request line is judged when the head ends: 408 if it "
     "never does. RFC 9112 section 2.3 knows no HTTP/0.9",
     REFUSES,
     ["line/HTTP/0.9"]),
    ("We speak HTTP/1.0 and 1.1; another major version is told so, 505. RFC "
     "9110 section 15.6.6",
     REFUSES,
     ["line/HTTP/2.0", "line/HTTP/2 preface"]),
    ("A version has one digit on either side of the point. RFC 9112 section "
     "2.3",
     REFUSES,
     ["line/HTTP/1.10"]),
    ("Empty lines before a request are skipped, but not without end (4). RFC "
     "9112 section 2.2",
     REFUSES,
     ["line/100 empty lines before"]),
    ("HTTP/1.1 has exactly one Host. RFC 9112 section 3.2",
     REFUSES,
     ["host/missing", "host/repeated equal",
      "host/absolute form without Host"]),
    ("What we send is HTTP/1.1, and so it has a Host: an empty one if nobody "
     "said which. RFC 9112 section 3.2",
     PASSES,
     ["host/missing on HTTP/1.0"]),
    ("Host is a valid authority without user information, as http URIs have "
     "one. RFC 9110 sections 4.2.4 and 7.2",
     REFUSES,
     ["host/empty", "host/list", "host/two words", "host/with path",
      "host/with user", "host/with NUL", "host/port too large",
      "host/port not a number", "host/bad IPv6",
      "host/absolute form with user"]),
    ("Host is passed on as it came; nginx's $host is in lower case and has no "
     "port. RFC 3986 section 3.2.2",
     PASSES,
     ["host/upper case"]),
    ("The authority of an absolute target wins; what is forwarded has origin "
     "form and a Host that says so. RFC 9112 section 3.2.2",
     PASSES,
     ["host/absolute form agrees", "host/absolute form disagrees"]),
    ("We serve http, and no other scheme. RFC 9110 section 7.4",
     REFUSES,
     ["host/absolute form, other scheme"]),
    ("Expect is forwarded and the backend's 100 is the answer; nobody asks "
     "for the body in its place. RFC 9110 section 10.1.1",
     PASSES,
     ["hop/Expect"]),
    ("An expectation that is not 100-continue is refused, 417. RFC 9110 "
     "section 10.1.1",
     REFUSES,
     ["hop/Expect, unknown"]),
    ("Limits with a status of their own: 414, 431, 413. nginx has none for "
     "the number of fields, HAProxy one for the whole head and none for "
     "bodies. RFC 9110 section 15.5, RFC 6585 section 5",
     REFUSES,
     ["limit/target of 9,000 bytes", "limit/field of 40,000 bytes",
      "limit/200 fields", "limit/Content-Length over the maximum",
      "limit/chunks over the maximum"]),
    ("A body that ends with the backend's connection is chunked to HTTP/1.1 "
     "clients, so that they see its end and keep theirs, and ends with the "
     "connection to others. RFC 9112 section 6.3 rule 8, section 7.1",
     PASSES,
     ["response/until close", "response/HTTP/1.0",
      "response/chunked to an HTTP/1.0 client"]),
    ("A status has three digits from 100 to 599. RFC 9110 section 15",
     REFUSES,
     ["response/status of two digits", "response/status of four digits",
      "response/status 099", "response/status 700"]),
    ("What does not begin with HTTP/1. is no response. RFC 9112 section 4",
     REFUSES,
     ["response/version 2.0", "response/other protocol", "response/HTTP/0.9",
      "response/lower-case protocol"]),
    ("Interim responses are bounded (16), or a backend keeps an exchange "
     "forever. RFC 9110 section 15.2",
     REFUSES,
     ["response/1,000 times 102, then 200"]),
    ("An interim response has no body, whatever its fields say. RFC 9110 "
     "section 15.2",
     PASSES,
     ["response/103 with Content-Length"]),
    ("A 101 is an answer to a request that asked. RFC 9110 section 15.2.2",
     REFUSES,
     ["response/101 that nobody asked for"]),
    ("An early response is delivered and the rest of the request drained, "
     "within a bound. RFC 9112 section 9.3",
     PASSES,
     ["response/response before the request body is complete"]),
]

# The same, by case.
WHY = {case: (reason, passes) for reason, passes, names in REASONS
       for case in names}
