// What a client may not do, or not so much of, and what it is told then.

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

TEST(LimitsTest, LongBodyOfKnownLengthIs413AtOnce) {
  FakeBackend backend;
  ProxyOptions options;
  options.server.body_bytes_max = 1000;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(
      client.Exchange(MakeRequest("PUT", "/1", "", std::string(1000, 'x')))
          .status,
      200);
  // The answer does not wait for the body.
  client.Send("PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 413);
  EXPECT_EQ(backend.requests().size(), 1u);
}

TEST(LimitsTest, LongChunkedBodyIs413WhenItHasBecomeTooLong) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    EXPECT_FALSE(connection.ReadBody());
  });
  ProxyOptions options;
  options.server.body_bytes_max = 1000;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send(
      "PUT /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(backend.WaitForHeads(1));
  client.Send(MakeChunked(std::string(1500, 'x'), 100));
  EXPECT_EQ(client.ReadResponse().status, 413);
  EXPECT_TRUE(proxy.WaitForIdle(1));
  RawClient next(proxy.endpoint());
  EXPECT_EQ(next.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  EXPECT_FALSE(backend.requests()[0].complete);
  EXPECT_LE(backend.requests()[0].body_size, 1000u);
  EXPECT_EQ(backend.requests()[1].connection, 1u);
}

TEST(LimitsTest, LastRequestOfAConnectionSaysClose) {
  FakeBackend backend;
  ProxyOptions options;
  options.server.requests_max = 3;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(
        client.Exchange(MakeRequest("GET", "/")).head.Has("connection"));
  }
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).head.Only("connection"),
            "close");
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST(LimitsTest, HeadLimitsAreOptions) {
  FakeBackend backend;
  ProxyOptions options;
  options.server.policy.start_line_bytes_max = 100;
  options.server.policy.header_bytes_max = 1000;
  options.server.policy.header_count_max = 5;
  ProxyFixture proxy({&backend}, std::move(options));
  const auto status_of = [&](absl::string_view request) {
    RawClient client(proxy.endpoint());
    return client.Exchange(request).status;
  };
  EXPECT_EQ(status_of(MakeRequest("GET", "/")), 200);
  EXPECT_EQ(status_of(MakeRequest("GET", "/" + std::string(100, 'a'))), 414);
  const std::string long_field =
      absl::StrCat("A: ", std::string(1000, 'a'), "\r\n");
  EXPECT_EQ(status_of(MakeRequest("GET", "/", long_field)), 431);
  // Host is the fifth, then the sixth.
  std::string fields = "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n";
  EXPECT_EQ(status_of(MakeRequest("GET", "/", fields)), 200);
  EXPECT_EQ(status_of(MakeRequest("GET", "/", fields + "E: 5\r\n")), 431);
  EXPECT_EQ(backend.requests().size(), 2u);
}

TEST(LimitsTest, LongChunkExtensionsAreRefused) {
  FakeBackend backend;
  backend.ScriptEveryRequest([](BackendConnection& connection) {
    EXPECT_FALSE(connection.ReadBody());
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;",
      std::string(100'000, 'a'), "\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse().status, 400);
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST(LimitsTest, UnknownExpectationIs417) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(
      client.Exchange(MakeRequest("GET", "/", "Expect: a-pony\r\n")).status,
      417);
  EXPECT_EQ(backend.received_bytes(), 0u);
}

TEST(LimitsTest, TraceIsRefusedUnlessAllowed) {
  FakeBackend backend;
  {
    ProxyFixture proxy({&backend});
    RawClient client(proxy.endpoint());
    const RawResponse response = client.Exchange(MakeRequest("TRACE", "/"));
    EXPECT_EQ(response.status, 405);
    EXPECT_TRUE(response.head.Has("allow"));
    EXPECT_EQ(backend.received_bytes(), 0u);
  }
  ProxyOptions options;
  options.rule.allow_trace = true;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("TRACE", "/")).status, 200);
}

TEST(LimitsTest, OptionsForTheWholeServerPasses) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("OPTIONS", "*")).status, 200);
  EXPECT_EQ(client
                .Exchange("OPTIONS http://example.test HTTP/1.1\r\n"
                          "Host: example.test\r\n\r\n")
                .status,
            200);
  for (const ReceivedRequest& request : backend.requests()) {
    EXPECT_EQ(request.head.start_line, "OPTIONS * HTTP/1.1");
  }
  // Nothing else may ask for it.
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "*")).status, 400);
}

TEST(LimitsTest, DrippedHeadIsEndedAllTheSame) {
  FakeBackend backend;
  ProxyOptions options;
  options.server.head_time_max = absl::Milliseconds(100);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  client.Send("GET / HTTP/1.1\r\nHost: a\r\n");
  // A byte now and then does not buy time: this ends only when the proxy says
  // something.
  while (!client.readable() && client.Send("X")) {
    proxy.sessions();  // A round trip through the proxy's loop.
  }
  const RawResponse response = client.ReadResponse();
  // 431 if the bytes outran the clock.
  EXPECT_TRUE(response.status == 408 || response.status == 431 ||
              response.end == ResponseEnd::kReset)
      << response.status << " " << response.end;
  EXPECT_EQ(backend.received_bytes(), 0u);
}

TEST(LimitsTest, ManyStalledClientsDoNotDisturbAGoodOne) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  std::vector<RawClient> stalled;
  for (int i = 0; i < 200; ++i) {
    stalled.emplace_back(proxy.endpoint());
    stalled.back().Send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  }
  ASSERT_TRUE(proxy.WaitForSessions(200));
  RawClient client(proxy.endpoint());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  stalled.clear();
  EXPECT_TRUE(proxy.WaitForSessions(1));
}

TEST(LimitsTest, ViaIsWrittenOnRequest) {
  FakeBackend backend;
  ProxyOptions options;
  options.rule.via = "edge";
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  const RawResponse response =
      client.Exchange(MakeRequest("GET", "/", "Via: 1.0 other\r\n"));
  std::string via;
  for (const std::string& value : backend.requests()[0].head.All("via")) {
    absl::StrAppend(&via, via.empty() ? "" : ", ", value);
  }
  EXPECT_EQ(via, "1.0 other, 1.1 edge");
  EXPECT_EQ(response.head.Only("via"), "1.1 edge");
}

// A request body that is small enough is kept until the response begins, so
// that a stale connection costs nobody his upload.
TEST(LimitsTest, SmallBodiesAreSentOnceMore) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/0")).status, 200);
  const std::string body = MakePattern(10'000);
  backend.ScriptNextRequest([](BackendConnection& connection) {
    if (connection.ReadBody()) connection.Close();
  });
  EXPECT_EQ(client.Exchange(MakeRequest("PUT", "/1", "", body)).body,
            "PUT /1\n");
  backend.ScriptNextRequest([](BackendConnection& connection) {
    if (connection.ReadBody()) connection.Close();
  });
  EXPECT_EQ(client
                .Exchange(absl::StrCat("PUT /2 HTTP/1.1\r\nHost: a\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n",
                                       MakeChunked(body, 1000, "T: 1\r\n")))
                .body,
            "PUT /2\n");
  const std::vector<ReceivedRequest> requests = backend.requests();
  ASSERT_EQ(requests.size(), 5u);
  for (int i = 1; i < 5; ++i) EXPECT_TRUE(requests[i].body == body) << i;
  EXPECT_EQ(requests[4].trailers, (std::vector<WireField>{{"T", "1"}}));
}

TEST(LimitsTest, LargeBodiesAreNotKept) {
  FakeBackend backend;
  ProxyOptions options;
  options.rule.replay_bytes_max = 1000;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/0")).status, 200);
  backend.ScriptNextRequest([](BackendConnection& connection) {
    if (connection.ReadBody()) connection.Close();
  });
  EXPECT_EQ(
      client.Exchange(MakeRequest("PUT", "/1", "", MakePattern(10'000))).status,
      502);
  EXPECT_EQ(backend.requests().size(), 2u);
}

}  // namespace
}  // namespace rproxy::test
