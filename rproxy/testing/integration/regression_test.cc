// Defects of the predecessor, RProxy 2.0.17, each as the scenario in which it
// was seen. Test names say what went wrong there.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

class RegressionTest : public ::testing::Test {
 protected:
  void ExpectServes(ProxyFixture& proxy, absl::string_view target) {
    RawClient client(proxy.endpoint());
    const RawResponse response =
        client.Exchange(MakeRequest("GET", target, "Cookie: victim\r\n"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, absl::StrCat("GET ", target, "\n"));
  }

  // No request is malformed, and none but the GETs carries a victim's bytes.
  void ExpectNoMixture() {
    for (const ReceivedRequest& request : backend_.requests()) {
      EXPECT_FALSE(request.malformed) << request.head.raw;
      EXPECT_EQ(request.body.find("HTTP/1.1"), std::string::npos);
      EXPECT_EQ(request.body.find("victim"), std::string::npos);
    }
  }

  Gate go_on_;
  FakeBackend backend_;
};

// Row 1: a second request before the first response killed the client's
// connection and gave its response to the next client.
TEST_F(RegressionTest, Row01PipelinedResponseWentToAnotherClient) {
  backend_.ScriptNextRequest([this](BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, "secret of A"));
  });
  ProxyFixture proxy({&backend_});
  RawClient a(proxy.endpoint());
  a.Send(absl::StrCat(MakeRequest("GET", "/secret-of-A"),
                      MakeRequest("GET", "/second-of-A")));
  ASSERT_TRUE(backend_.WaitForRequests(1));
  RawClient b(proxy.endpoint());
  b.Send(MakeRequest("GET", "/of-B"));
  ASSERT_TRUE(proxy.WaitForPending(1));
  go_on_.Open();
  EXPECT_EQ(b.ReadResponse().body, "GET /of-B\n");
  EXPECT_EQ(a.ReadResponse().body, "secret of A");
  EXPECT_EQ(a.ReadResponse().body, "GET /second-of-A\n");
}

// Row 1, the other way: the client goes while its response is outstanding.
TEST_F(RegressionTest, Row01ResponseOfAClientThatLeftWentToTheNext) {
  backend_.ScriptNextRequest([this](BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, "secret of A"));
  });
  ProxyFixture proxy({&backend_});
  RawClient a(proxy.endpoint());
  a.Send(absl::StrCat(MakeRequest("GET", "/secret-of-A"),
                      MakeRequest("GET", "/second-of-A")));
  ASSERT_TRUE(backend_.WaitForRequests(1));
  a.Reset();
  EXPECT_TRUE(proxy.WaitForSessions(0));
  go_on_.Open();
  for (int i = 0; i < 5; ++i) ExpectServes(proxy, "/of-B");
}

// Row 2: an answer before the body's end made the connection idle, and the
// next client's request became the rest of that body.
TEST_F(RegressionTest, Row02EarlyResponseTookTheNextRequestForItsBody) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(200, "early"));
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend_});
  RawClient attacker(proxy.endpoint());
  attacker.Send(
      "POST /attack HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx=");
  EXPECT_EQ(attacker.ReadResponse().body, "early");
  ExpectServes(proxy, "/victim");
  ExpectNoMixture();
  EXPECT_FALSE(backend_.requests()[0].complete);
}

// Row 3: so did any request body that could not be parsed.
TEST_F(RegressionTest, Row03BadChunkTookTheNextRequestForItsBody) {
  backend_.ScriptEveryRequest([](BackendConnection& connection) {
    if (!connection.ReadBody()) return;
    connection.Send(MakeResponse(
        200, absl::StrCat("GET ", connection.request().target, "\n")));
  });
  ProxyFixture proxy({&backend_});
  for (const absl::string_view attack :
       {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1x\r\n",
        "Transfer-Encoding: Chunked\r\n\r\nzz\r\n",
        "Content-Length : 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n-1;a\r\n"}) {
    RawClient attacker(proxy.endpoint());
    attacker.Send(absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\n", attack));
    EXPECT_EQ(attacker.ReadResponse().status, 400) << attack;
    ExpectServes(proxy, "/victim");
  }
  ExpectNoMixture();
}

// Row 4: whatever could be read in two ways was forwarded for the backend to
// read in the other.
TEST_F(RegressionTest, Row04AmbiguousFramingWasForwarded) {
  ProxyFixture proxy({&backend_});
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const absl::string_view fields :
       {"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "Content-Length: 0\r\nContent-Length: 44\r\n",
        "Content-Length: 44\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\x0b"
        "chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding\r\n : chunked\r\n",
        "Content-Length: 0\r\n\tContent-Length: 44\r\n"}) {
    RawClient attacker(proxy.endpoint());
    attacker.Send(absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\n", fields,
                               "\r\n0\r\n\r\n", smuggled));
    const RawResponse response = attacker.ReadResponse();
    EXPECT_TRUE(response.status == 400 || response.status == 501)
        << fields << ": " << response.status;
    EXPECT_TRUE(attacker.ReadsEndOnly()) << fields;
  }
  EXPECT_EQ(backend_.received_bytes(), 0u);
}

TEST_F(RegressionTest, Row04ChunkSizeOverflowWasForwarded) {
  backend_.ScriptEveryRequest([](BackendConnection& connection) {
    EXPECT_FALSE(connection.ReadBody());
  });
  ProxyFixture proxy({&backend_});
  for (const absl::string_view size :
       {"10000000000000000", "FFFFFFFFFFFFFFFFF", "fffffffffffffffff00000000",
        "100000000000000000000000000000005"}) {
    RawClient attacker(proxy.endpoint());
    attacker.Send(absl::StrCat(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        size, "\r\nhello\r\n0\r\n\r\n"));
    EXPECT_EQ(attacker.ReadResponse().status, 400) << size;
  }
}

TEST_F(RegressionTest, Row04SecondTrailerLineWasTakenForARequest) {
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  client.Send(
      "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nx\r\n0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().body, "POST /1\n");
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  EXPECT_EQ(backend_.requests().size(), 2u);
  EXPECT_EQ(backend_.requests()[0].trailers.size(), 3u);
}

// Row 5: client bytes were used as a format string.
TEST_F(RegressionTest, Row05FormatInTheTargetCrashed) {
  ProxyFixture proxy({&backend_});
  for (const absl::string_view target :
       {"/%n%s%p", "/%25n%25s", "/%s%s%s%s?%n=%n"}) {
    ExpectServes(proxy, target);
  }
  RawClient client(proxy.endpoint());
  client.Send("GET /%n%s%n HTTP/1.1\r\nHost: %n%s\r\nX: %n%s\r\n\r\n");
  const RawResponse response = client.ReadResponse();
  EXPECT_TRUE(response.complete());
  ExpectServes(proxy, "/alive");
}

// Row 6: a bad backend response left a hook to a freed request.
TEST_F(RegressionTest, Row06BadResponseUsedFreedMemory) {
  ProxyFixture proxy({&backend_});
  for (int i = 0; i < 10; ++i) {
    backend_.ScriptNextRequest([](BackendConnection& connection) {
      connection.Send("HTTP/1.1 200 OK\r\nbad bad\r\n\r\n");
      connection.Send(std::string(100'000, 'x'));
    });
    RawClient client(proxy.endpoint());
    client.Send(
        absl::StrCat(MakeRequest("GET", "/1"), MakeRequest("GET", "/2")));
    EXPECT_EQ(client.ReadResponse().status, 502);
    EXPECT_EQ(client.ReadResponse().body, "GET /2\n");
  }
}

// Row 7: a header line without a colon from a backend ended the process.
TEST_F(RegressionTest, Row07HeaderWithoutColonCrashed) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nno colon here\r\n\r\n");
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 502);
  ExpectServes(proxy, "/alive");
}

// Row 8: each request with two Host fields cost a backend connection.
TEST_F(RegressionTest, Row08DuplicateHostLeakedConnections) {
  ProxyOptions options;
  options.backend.connections = 3;
  ProxyFixture proxy({&backend_}, std::move(options));
  for (int i = 0; i < 6; ++i) {
    RawClient client(proxy.endpoint());
    EXPECT_EQ(client
                  .Exchange("GET / HTTP/1.1\r\nHost: localhost\r\n"
                            "Host: localhost\r\n\r\n")
                  .status,
              400);
  }
  EXPECT_EQ(proxy.counts().idle, 3u);
  ExpectServes(proxy, "/alive");
}

// Row 9: HEAD leaked a backend connection each time.
TEST_F(RegressionTest, Row09HeadLeakedConnections) {
  ProxyFixture proxy({&backend_});
  for (int i = 0; i < 5; ++i) {
    RawClient client(proxy.endpoint());
    EXPECT_TRUE(client.Exchange(MakeRequest("HEAD", "/"), "HEAD").complete());
    ExpectServes(proxy, "/next");
  }
  EXPECT_EQ(backend_.accepted(), 1u);
}

TEST_F(RegressionTest, Row09CloseDelimitedBodyWasLost) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\n\r\nnot lost");
    connection.Close();
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).body, "not lost");
}

TEST_F(RegressionTest, Row09NotModifiedWithLengthHeldItsConnection) {
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 3; ++i) {
    backend_.ScriptNextRequest([](BackendConnection& connection) {
      connection.Send("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
    });
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/cached")).status, 304);
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
    ExpectServes(proxy, "/other");
  }
  EXPECT_EQ(backend_.accepted(), 1u);
}

TEST_F(RegressionTest, Row09EmptyLengthWasAddedToBodilessResponses) {
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  for (const absl::string_view line : {"204 No Content", "304 Not Modified"}) {
    const std::string answer = absl::StrCat("HTTP/1.1 ", line, "\r\n\r\n");
    backend_.ScriptNextRequest(
        [answer](BackendConnection& connection) { connection.Send(answer); });
    const RawResponse response = client.Exchange(MakeRequest("GET", "/"));
    EXPECT_FALSE(response.head.Has("content-length")) << line;
  }
}

// Row 10: with a backend that closes after each response, every second request
// was lost; a dead backend was a bare close.
TEST_F(RegressionTest, Row10EverySecondRequestWasLost) {
  backend_.ScriptEveryRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(200, "ok"));
    connection.Close();
  });
  ProxyFixture proxy({&backend_});
  for (int i = 0; i < 100; ++i) {
    RawClient client(proxy.endpoint());
    ASSERT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200) << i;
  }
}

TEST_F(RegressionTest, Row10DeadBackendWasABareClose) {
  backend_.StopListening();
  ProxyOptions options;
  options.wait_for_backends = false;
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 502);
}

TEST_F(RegressionTest, Row10SlowBackendWasABareClose) {
  backend_.ScriptNextRequest(
      [this](BackendConnection& connection) { connection.WaitFor(go_on_); });
  ProxyOptions options;
  options.connection.read_idle_max = absl::Milliseconds(30);
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 504);
  go_on_.Open();
}

// Row 11: a bad response became "200 OK" with an empty body.
TEST_F(RegressionTest, Row11BadResponseBecame200) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send("this is not HTTP\r\n\r\n");
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 502);
}

// Row 11: an error in mid-body put a second head into the body.
TEST_F(RegressionTest, Row11SecondHeadWasInjectedIntoTheBody) {
  backend_.ScriptNextRequest([this](BackendConnection& connection) {
    connection.Send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    connection.WaitFor(go_on_);
    connection.Send("bad size\r\n");
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/"));
  EXPECT_TRUE(client.ReadUntil("5\r\nhello\r\n").ends_with("hello\r\n"));
  go_on_.Open();
  EXPECT_EQ(client.ReadToEnd(), "");
}

// Row 12: timeouts ended with the Host line; a client could stall for ever
// after it.
TEST_F(RegressionTest, Row12TimeoutsVanishedAfterTheHostLine) {
  ProxyOptions options;
  options.server.head_time_max = absl::Milliseconds(50);
  options.server.body_idle_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient in_head(proxy.endpoint());
  in_head.Send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  EXPECT_EQ(in_head.ReadResponse().status, 408);
  RawClient in_body(proxy.endpoint());
  in_body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(in_body.ReadResponse().status, 408);
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

// Row 17: chunked responses and interim ones went to HTTP/1.0 clients.
TEST_F(RegressionTest, Row17Http10ClientGotChunks) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(
        absl::StrCat("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
                     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                     MakeChunked("hello", 2)));
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  client.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.framing, WireFraming::kUntilClose);
  EXPECT_EQ(response.body, "hello");
}

// Row 17: the fields of interim responses were dropped, and then a 200 made up.
TEST_F(RegressionTest, Row17EarlyHintsBecame200) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(
        absl::StrCat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
                     MakeResponse(404, "final")));
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/"));
  const RawResponse hints = client.ReadResponse();
  EXPECT_EQ(hints.status, 103);
  EXPECT_EQ(hints.head.Only("link"), "</a>");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "final");
}

// Row 17: unknown methods were forwarded as "(null)", reasons replaced.
TEST_F(RegressionTest, Row17UnknownMethodsAndReasonsWereReplaced) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send("HTTP/1.1 599 My Own Reason\r\nContent-Length: 0\r\n\r\n");
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("FROBNICATE", "/"));
  EXPECT_EQ(response.head.start_line, "HTTP/1.1 599 My Own Reason");
  EXPECT_EQ(backend_.requests()[0].method, "FROBNICATE");
}

// Row 17: chunk extensions were errors and trailers lost, in both directions.
TEST_F(RegressionTest, Row17ChunkExtensionsAndTrailersWereLost) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    if (!connection.ReadBody()) return;
    connection.Send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;a=b\r\nhello\r\n0\r\nSum: 1\r\n\r\n");
  });
  ProxyFixture proxy({&backend_});
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;c=d\r\nworld\r\n0\r\nSum: 2\r\n\r\n");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.trailers, (std::vector<WireField>{{"Sum", "1"}}));
  EXPECT_EQ(backend_.requests()[0].body, "world");
  EXPECT_EQ(backend_.requests()[0].trailers,
            (std::vector<WireField>{{"Sum", "2"}}));
}

// Row 13: X-Forwarded-For was replaced, and only its first copy.
TEST_F(RegressionTest, Row13ForwardedForWasReplaced) {
  ProxyOptions options;
  options.rule.x_forwarded_for = true;
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client
                .Exchange(MakeRequest("GET", "/",
                                      "X-Forwarded-For: 192.0.2.1\r\n"
                                      "X-Forwarded-For: 192.0.2.2\r\n"))
                .status,
            200);
  EXPECT_EQ(backend_.requests()[0].head.All("x-forwarded-for"),
            std::vector<std::string>{"192.0.2.1, 192.0.2.2, 127.0.0.1"});
}

// Row 19 and section 2.6: over max-pending the connection was reset, past
// pending-timeout the answer was HTTP/1.0 and left half open.
TEST_F(RegressionTest, Row19OverloadWasAReset) {
  backend_.ScriptNextRequest([this](BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, "slow"));
  });
  ProxyOptions options;
  options.pool.pending_max = 0;
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient slow(proxy.endpoint());
  slow.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend_.WaitForRequests(1));
  RawClient client(proxy.endpoint());
  const RawResponse response =
      client.Exchange(MakeRequest("GET", "/", "Connection: Keep-Alive\r\n"));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.head.StartLinePart(0), "HTTP/1.1");
  EXPECT_TRUE(response.head.Has("retry-after"));
  go_on_.Open();
  EXPECT_EQ(slow.ReadResponse().body, "slow");
}

// Row 25: only the first copy of a field to strip was stripped.
TEST_F(RegressionTest, Row25OnlyTheFirstCopyWasStripped) {
  backend_.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(
        200, "ok", "X-Secret: 1\r\nA: b\r\nx-secret: 2\r\nX-SECRET: 3\r\n"));
  });
  ProxyOptions options;
  options.rule.strip_response_headers = {"X-Secret"};
  ProxyFixture proxy({&backend_}, std::move(options));
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/"));
  EXPECT_FALSE(response.head.Has("x-secret"));
  EXPECT_EQ(response.head.Only("a"), "b");
}

}  // namespace
}  // namespace rproxy::test
