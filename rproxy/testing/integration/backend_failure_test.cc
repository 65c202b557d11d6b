// What clients see when a backend is away, dies, lies or dawdles: an honest
// status before the response has begun, a visible truncation afterwards, and
// never a connection that remembers somebody else's exchange.

#include <ostream>
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

void ExpectOwnResponse(const RawResponse& response, int status) {
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_EQ(response.status, status);
  EXPECT_EQ(response.head.StartLinePart(0), "HTTP/1.1");
  EXPECT_TRUE(response.head.Has("content-length"));
  EXPECT_TRUE(response.head.Has("content-type"));
  EXPECT_TRUE(response.head.Has("date"));
  EXPECT_FALSE(response.head.Has("connection"));
  EXPECT_LT(response.body.size(), 200u);
}

BackendScript CloseAtOnce() {
  return [](BackendConnection& connection) { connection.Close(); };
}

// --- A backend that is away --------------------------------------------------

TEST(BackendFailureTest, BackendThatIsDownIs502) {
  FakeBackend backend;
  backend.StopListening();
  ProxyOptions options;
  options.wait_for_backends = false;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/1")), 502);
  // Its connection serves on, and the backend is found when it comes.
  ExpectOwnResponse(client.Exchange(MakeRequest("POST", "/2", "", "body")),
                    502);
  backend.ListenAgain();
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/3")).body, "GET /3\n");
}

TEST(BackendFailureTest, BackendThatGoesAndComesIsFoundAgain) {
  FakeBackend backend;
  ProxyOptions options;
  options.backend.connections = 3;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
    ASSERT_TRUE(backend.WaitForOpen(3));
    backend.StopListening();
    backend.ResetConnections();
    EXPECT_TRUE(proxy.WaitForDown(3));
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 502);
    backend.ListenAgain();
    EXPECT_TRUE(proxy.WaitForIdle(3));
  }
}

TEST(BackendFailureTest, OthersServeForABackendThatIsDown) {
  FakeBackend dead;
  FakeBackend alive;
  dead.StopListening();
  ProxyOptions options;
  options.wait_for_backends = false;
  ProxyFixture proxy({&dead, &alive}, std::move(options));
  EXPECT_TRUE(proxy.WaitForIdle(1, 1));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  EXPECT_EQ(alive.requests().size(), 10u);
}

// --- A backend that dies before its response --------------------------------

class DyingBackendTest : public ::testing::TestWithParam<bool> {
 protected:
  BackendScript Die(absl::string_view first = "") {
    return [reset = GetParam(),
            bytes = std::string(first)](BackendConnection& connection) {
      if (!connection.ReadBody()) return;
      connection.Send(bytes);
      if (reset) {
        connection.Reset();
      } else {
        connection.Close();
      }
    };
  }
};

// Nobody can tell a connection that the backend closed before it saw the
// request from one that it closed because of it.
TEST_P(DyingBackendTest, IdempotentRequestIsTriedOnceMore) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  for (const absl::string_view method : {"GET", "DELETE", "OPTIONS"}) {
    // On a connection that is new, then on one that has served.
    for (int i = 0; i < 2; ++i) {
      backend.ScriptNextRequest(Die());
      EXPECT_EQ(client.Exchange(MakeRequest(method, "/x")).body,
                absl::StrCat(method, " /x\n"));
    }
  }
  EXPECT_EQ(backend.requests().size(), 12u);
}

TEST_P(DyingBackendTest, OtherRequestsAre502) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  for (const absl::string_view body : {"", "body"}) {
    backend.ScriptNextRequest(Die());
    ExpectOwnResponse(client.Exchange(MakeRequest("POST", "/1", "", body)),
                      502);
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).status, 200);
    backend.ScriptNextRequest(Die());
    ExpectOwnResponse(client.Exchange(MakeRequest("POST", "/3", "", body)),
                      502);
  }
  EXPECT_EQ(backend.requests().size(), 6u);
}

TEST_P(DyingBackendTest, SecondFailureIs502) {
  FakeBackend backend;
  ProxyOptions options;
  options.backend.connections = 2;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  backend.ScriptNextRequest(Die());
  backend.ScriptNextRequest(Die());
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/1")), 502);
  EXPECT_EQ(backend.requests().size(), 2u);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
}

TEST_P(DyingBackendTest, PartOfAHeadIs502) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/before")).status, 200);
  backend.ScriptNextRequest(Die("HTTP/1.1 200 OK\r\nContent-Le"));
  // A byte of a response has come: the backend has seen the request.
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/x")), 502);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/y")).status, 200);
  EXPECT_EQ(backend.requests().size(), 3u);
}

TEST_P(DyingBackendTest, InterimResponseAloneIs502) {
  FakeBackend backend;
  backend.ScriptNextRequest(Die("HTTP/1.1 103 Early Hints\r\n\r\n"));
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/x"));
  RawResponse response = client.ReadResponse();
  if (response.status == 103) response = client.ReadResponse();
  ExpectOwnResponse(response, 502);
}

// --- A backend that dies within its response --------------------------------

TEST_P(DyingBackendTest, SizedBodyIsVisiblyTruncated) {
  FakeBackend backend;
  backend.ScriptNextRequest(
      Die("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"));
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/"));
  if (response.status != 502) {  // A reset may overtake the head.
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.complete());
    EXPECT_LE(response.body.size(), 5u);
    EXPECT_TRUE(client.ReadsEndOnly());
  } else {
    EXPECT_TRUE(GetParam());
  }
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST_P(DyingBackendTest, ChunkedBodyIsVisiblyTruncated) {
  FakeBackend backend;
  backend.ScriptNextRequest(
      Die("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "5\r\nhello\r\n"));
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/"));
  if (response.status != 502) {
    EXPECT_EQ(response.status, 200);
    EXPECT_FALSE(response.complete());
    EXPECT_NE(response.end, ResponseEnd::kMalformed);
    EXPECT_TRUE(client.ReadsEndOnly());
  } else {
    EXPECT_TRUE(GetParam());
  }
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

INSTANTIATE_TEST_SUITE_P(Endings, DyingBackendTest, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& info) {
                           return info.param ? "Reset" : "Close";
                         });

TEST(BackendFailureTest, ResetUntilCloseBodyIsVisiblyTruncated) {
  Gate client_has_it;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\n\r\nhello");
    connection.WaitFor(client_has_it);
    connection.Reset();
  });
  ProxyFixture proxy({&backend});
  RawClient chunked(proxy.endpoint());
  chunked.Send(MakeRequest("GET", "/"));
  EXPECT_TRUE(chunked.ReadUntil("hello").ends_with("hello"));
  client_has_it.Open();
  // Without the last chunk, which would say that all is well.
  EXPECT_EQ(chunked.ReadToEnd(), "\r\n");
}

TEST(BackendFailureTest, ResetUntilCloseBodyResetsAnHttp10Client) {
  Gate client_has_it;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\n\r\nhello");
    connection.WaitFor(client_has_it);
    connection.Reset();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.ReadUntil("hello").ends_with("hello"));
  client_has_it.Open();
  // An end in good order would say that the body is whole.
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(client.end(), SocketResult::kReset);
}

// --- A backend that closes whenever it may ----------------------------------

TEST(BackendFailureTest, BackendThatClosesAfterEachResponseLosesNothing) {
  FakeBackend backend;
  backend.ScriptEveryRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(200, connection.request().target));
    connection.Close();
  });
  ProxyOptions options;
  options.backend.connections = 4;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 500; ++i) {
    const std::string target = absl::StrCat("/", i);
    const RawResponse response = client.Exchange(MakeRequest("GET", target));
    ASSERT_EQ(response.status, 200) << "request " << i;
    ASSERT_EQ(response.body, target);
  }
}

TEST(BackendFailureTest, StaleConnectionsAreNotHandedOut) {
  FakeBackend backend;
  ProxyOptions options;
  options.backend.connections = 4;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 50; ++i) {
    backend.CloseConnections();
    // Not even waited for: the proxy finds out by itself.
    const RawResponse response = client.Exchange(MakeRequest("GET", "/"));
    ASSERT_EQ(response.status, 200) << "request " << i;
  }
}

// --- A backend that lies -----------------------------------------------------

struct BadResponse {
  const char* name;
  std::string bytes;
};

void PrintTo(const BadResponse& response, std::ostream* out) {
  *out << response.name;
}

class BadResponseTest : public ::testing::TestWithParam<BadResponse> {};

TEST_P(BadResponseTest, Is502AndEndsTheBackendConnection) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(GetParam().bytes);
    connection.ReadToEnd();  // The proxy has to end it.
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/")), 502);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  EXPECT_EQ(backend.accepted(), 2u);
  EXPECT_NE(backend.connection(0).peer_end, SocketResult::kOk);
}

#define OK "HTTP/1.1 200 OK\r\n"
INSTANTIATE_TEST_SUITE_P(
    Cases, BadResponseTest,
    ::testing::Values(
        BadResponse{"Garbage", "garbage\r\n\r\n"},
        BadResponse{"Binary", MakePattern(4000)},
        BadResponse{"NoStatus", "HTTP/1.1 OK\r\n\r\n"},
        BadResponse{"ShortStatus", "HTTP/1.1 20 OK\r\n\r\n"},
        BadResponse{"LongStatus", "HTTP/1.1 2000 OK\r\n\r\n"},
        BadResponse{"StatusZero", "HTTP/1.1 000 OK\r\n\r\n"},
        BadResponse{"StatusTooHigh", "HTTP/1.1 999 OK\r\n\r\n"},
        BadResponse{"OtherVersion", "HTTP/2.0 200 OK\r\n\r\n"},
        BadResponse{"OtherProtocol", "ICY 200 OK\r\n\r\n"},
        BadResponse{"BareLineFeed", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
        BadResponse{"BareCarriageReturn", OK "A: b\rC: d\r\n\r\n"},
        BadResponse{"NoColon", OK "Content-Length 0\r\n\r\n"},
        BadResponse{"SpaceBeforeColon", OK "A : b\r\n\r\n"},
        BadResponse{"ObsoleteFold", OK "A: b\r\n c\r\n\r\n"},
        BadResponse{"ControlCharacter", OK "A: \x01\r\n\r\n"},
        BadResponse{"BothFramings",
                    OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "0\r\n\r\n"},
        BadResponse{"DifferentLengths",
                    OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
        BadResponse{"BadLength", OK "Content-Length: five\r\n\r\nhello"},
        BadResponse{"NegativeLength", OK "Content-Length: -5\r\n\r\nhello"},
        BadResponse{"UnknownCoding",
                    OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        BadResponse{
            "HugeHead",
            absl::StrCat(OK "A: ", std::string(100'000, 'a'), "\r\n\r\n")},
        BadResponse{"TunnelNobodyAskedFor",
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                    "Connection: upgrade\r\n\r\nbytes"}),
    [](const ::testing::TestParamInfo<BadResponse>& info) {
      return std::string(info.param.name);
    });

TEST(BackendFailureTest, EndlessInterimResponsesAre502) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    while (connection.Send("HTTP/1.1 102 Processing\r\n\r\n")) {
    }
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(MakeRequest("GET", "/"));
  RawResponse response;
  int interim = 0;
  do {
    response = client.ReadResponse();
    ++interim;
  } while (response.status == 102 && interim < 10'000);
  ExpectOwnResponse(response, 502);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
}

TEST(BackendFailureTest, HeaderFloodIs502) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(OK);
    while (connection.Send("A: b\r\n")) {
    }
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/")), 502);
}

TEST(BackendFailureTest, BadChunkEndsTheClientsConnection) {
  for (const absl::string_view bad :
       {"zz\r\n", "5\nhello", "5\r\nhelloX", "-1\r\n", "0\r\nno colon\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n"}) {
    Gate client_has_it;
    FakeBackend backend;
    backend.ScriptNextRequest([&](BackendConnection& connection) {
      connection.Send(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
      connection.WaitFor(client_has_it);
      connection.Send(bad);
      connection.ReadToEnd();
    });
    ProxyFixture proxy({&backend});
    RawClient client(proxy.endpoint());
    client.Send(MakeRequest("GET", "/"));
    EXPECT_TRUE(client.ReadUntil("hello\r\n").ends_with("hello\r\n"));
    client_has_it.Open();
    const std::string rest = client.ReadToEnd();
    EXPECT_EQ(rest.find("HTTP/1.1"), std::string::npos) << bad << ": " << rest;
    EXPECT_EQ(rest.find("0\r\n\r\n"), std::string::npos) << bad << ": " << rest;
    EXPECT_TRUE(proxy.WaitForIdle(1));
    RawClient next(proxy.endpoint());
    EXPECT_EQ(next.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  }
}

TEST(BackendFailureTest, BytesAfterTheResponseReachNobody) {
  const std::string answer = MakeResponse(200, "mine");
  const std::string planted = MakeResponse(200, "planted");
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(absl::StrCat(answer, planted));
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).body, "mine");
  RawClient victim(proxy.endpoint());
  EXPECT_EQ(victim.Exchange(MakeRequest("GET", "/v")).body, "GET /v\n");
  EXPECT_EQ(backend.accepted(), 2u);
}

TEST(BackendFailureTest, BytesOnAnIdleConnectionReachNobody) {
  Gate answered, planted;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(MakeResponse(200, "mine"));
    connection.WaitFor(answered);
    connection.Send(MakeResponse(200, "planted"));
    planted.Open();
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).body, "mine");
  answered.Open();
  ASSERT_TRUE(planted.Wait());
  ASSERT_TRUE(backend.WaitForConnections(2));
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/v")).body, "GET /v\n");
}

TEST(BackendFailureTest, BodyWhereNoneMayBeReachesNobody) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  size_t connections = 1;
  for (const absl::string_view head :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n"}) {
    const std::string bytes = absl::StrCat(head, "evil");
    backend.ScriptNextRequest([bytes](BackendConnection& connection) {
      connection.Send(bytes);
      connection.ReadToEnd();
    });
    const RawResponse response = client.Exchange(MakeRequest("GET", "/1"));
    EXPECT_TRUE(response.complete());
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
    EXPECT_EQ(backend.accepted(), ++connections);
  }
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(OK "Content-Length: 4\r\n\r\nevil");
    connection.ReadToEnd();
  });
  EXPECT_TRUE(client.Exchange(MakeRequest("HEAD", "/1"), "HEAD").complete());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  EXPECT_EQ(backend.accepted(), ++connections);
}
#undef OK

// --- A backend that dawdles --------------------------------------------------

TEST(BackendFailureTest, SilentBackendIs504) {
  Gate never;
  FakeBackend backend;
  backend.ScriptNextRequest(
      [&](BackendConnection& connection) { connection.ReadToEnd(); });
  ProxyOptions options;
  options.connection.read_idle_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/")), 504);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  EXPECT_EQ(backend.accepted(), 2u);
}

TEST(BackendFailureTest, LateAnswerReachesNobody) {
  Gate timed_out;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(timed_out);
    connection.Send(MakeResponse(200, "late"));
  });
  ProxyOptions options;
  options.connection.read_idle_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  ExpectOwnResponse(client.Exchange(MakeRequest("GET", "/")), 504);
  timed_out.Open();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  }
}

TEST(BackendFailureTest, BackendThatStopsInMidBodyTruncates) {
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    connection.ReadToEnd();
  });
  ProxyOptions options;
  options.connection.read_idle_max = absl::Milliseconds(50);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_FALSE(response.complete());
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

// --- A backend that answers early -------------------------------------------

TEST(BackendFailureTest, EarlyAnswerIsDeliveredAndItsConnectionDropped) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(413, "enough"));
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "enough");
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_TRUE(backend.WaitForConnections(2));
  // The rest of the body belongs to the first request, not to the next one.
  client.Send("world");
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  const std::vector<ReceivedRequest> requests = backend.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_FALSE(requests[0].complete);
  EXPECT_EQ(requests[1].connection, 1u);
}

TEST(BackendFailureTest, EarlyAnswerEndsAClientThatSendsTooMuch) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(413, "enough"));
    connection.ReadToEnd();
  });
  ProxyOptions options;
  options.server.drain_bytes_max = 10'000;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send(
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nhello");
  EXPECT_EQ(client.ReadResponse().body, "enough");
  client.Send(std::string(5'000'000, 'x'));
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST(BackendFailureTest, EarlyAnswerThenCloseIsDelivered) {
  // A backend that refuses an upload and closes resets the connection, with
  // the proxy still writing. The answer must survive that.
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(413, "enough", "Connection: close\r\n"));
    connection.HalfClose();
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const std::string body = MakePattern(1 << 20);
  client.Send(MakeRequest("POST", "/1", "", body));
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, "enough");
}

TEST(BackendFailureTest, AnswerThatIsStillRunningWhenTheRequestEnds) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    if (!connection.ReadBody()) return;
    connection.Send("world");
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_TRUE(client.ReadUntil("hello").ends_with("hello"));
  client.Send("67890");
  EXPECT_EQ(client.ReadExactly(5), "world");
  // Both are complete: the connections serve on.
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  EXPECT_EQ(backend.accepted(), 1u);
}

TEST(BackendFailureTest, ClosingBackendIsNoMatterOfTheRequestBody) {
  FakeBackend backend;
  backend.ScriptNextRequest(CloseAtOnce());
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_EQ(client.ReadResponse().status, 502);
  client.Send("world");
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
}

}  // namespace
}  // namespace rproxy::test
