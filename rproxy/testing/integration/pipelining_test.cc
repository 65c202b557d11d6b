// A client may send requests ahead. They are answered in order, one at a time
// towards the backends, and none is mistaken for a part of another.

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

ProxyOptions WithConnections(size_t connections) {
  ProxyOptions options;
  options.backend.connections = connections;
  return options;
}

TEST(PipeliningTest, AnswersComeInOrder) {
  FakeBackend backend;
  ProxyFixture proxy({&backend}, WithConnections(3));
  RawClient client(proxy.endpoint());
  std::string requests;
  for (int i = 0; i < 50; ++i) {
    absl::StrAppend(&requests, MakeRequest("GET", absl::StrCat("/", i)));
  }
  client.Send(requests);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.ReadResponse().body, absl::StrCat("GET /", i, "\n"));
  }
}

TEST(PipeliningTest, BodiesOfEveryFramingStayApart) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  const std::string chunked = absl::StrCat(
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      MakeChunked("GET /fake HTTP/1.1\r\n\r\n", 5, "T: 1\r\n"));
  const std::string requests = absl::StrCat(
      MakeRequest("POST", "/1", "", "GET /fake HTTP/1.1\r\nHost: a\r\n\r\n"),
      chunked, MakeRequest("HEAD", "/3"), MakeRequest("PUT", "/4", "", "x"),
      MakeRequest("GET", "/5"));
  for (const size_t piece : {requests.size(), size_t{1}, size_t{17}}) {
    RawClient client(proxy.endpoint());
    client.SendInPieces(requests, piece);
    EXPECT_EQ(client.ReadResponse().body, "POST /1\n");
    EXPECT_EQ(client.ReadResponse().body, "POST /2\n");
    EXPECT_TRUE(client.ReadResponse("HEAD").complete());
    EXPECT_EQ(client.ReadResponse().body, "PUT /4\n");
    EXPECT_EQ(client.ReadResponse().body, "GET /5\n");
  }
  for (const ReceivedRequest& request : backend.requests()) {
    EXPECT_NE(request.target, "/fake");
  }
}

TEST(PipeliningTest, NextRequestWaitsForThePreviousAnswer) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    connection.WaitFor(go_on);
    connection.Send(" half");
  });
  ProxyFixture proxy({&backend}, WithConnections(2));
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(MakeRequest("GET", "/1"), MakeRequest("GET", "/2")));
  EXPECT_EQ(client.ReadUntil("first").substr(0, 15), "HTTP/1.1 200 OK");
  // Others are served meanwhile; the second request is not.
  RawClient other(proxy.endpoint());
  EXPECT_EQ(other.Exchange(MakeRequest("GET", "/other")).status, 200);
  for (const ReceivedRequest& request : backend.requests()) {
    EXPECT_NE(request.target, "/2");
  }
  go_on.Open();
  EXPECT_EQ(client.ReadExactly(5), " half");
  EXPECT_EQ(client.ReadResponse().body, "GET /2\n");
}

TEST(PipeliningTest, NothingFollowsAClose) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(MakeRequest("GET", "/1"),
                           MakeRequest("GET", "/2", "Connection: close\r\n"),
                           MakeRequest("GET", "/3")));
  EXPECT_EQ(client.ReadResponse().body, "GET /1\n");
  const RawResponse last = client.ReadResponse();
  EXPECT_EQ(last.body, "GET /2\n");
  EXPECT_EQ(last.head.Only("connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(backend.requests().size(), 2u);
}

TEST(PipeliningTest, BadRequestIsAnsweredInItsTurn) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "good"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(MakeRequest("GET", "/1"), "NONSENSE\r\n\r\n"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  go_on.Open();
  EXPECT_EQ(client.ReadResponse().body, "good");
  EXPECT_EQ(client.ReadResponse().status, 400);
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_EQ(backend.requests().size(), 1u);
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

TEST(PipeliningTest, HalfClosedClientGetsAllItsAnswers) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "first"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(MakeRequest("GET", "/1"), MakeRequest("GET", "/2"),
                           MakeRequest("POST", "/3", "", "body")));
  client.HalfClose();
  ASSERT_TRUE(backend.WaitForRequests(1));
  go_on.Open();
  EXPECT_EQ(client.ReadResponse().body, "first");
  EXPECT_EQ(client.ReadResponse().body, "GET /2\n");
  EXPECT_EQ(client.ReadResponse().body, "POST /3\n");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(proxy.WaitForSessions(0));
}

TEST(PipeliningTest, ClientThatLeavesTakesItsRequestsAlong) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "for nobody"));
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat(MakeRequest("GET", "/1"), MakeRequest("GET", "/2")));
  ASSERT_TRUE(backend.WaitForRequests(1));
  client.Reset();
  EXPECT_TRUE(proxy.WaitForSessions(0));
  go_on.Open();
  RawClient next(proxy.endpoint());
  EXPECT_EQ(next.Exchange(MakeRequest("GET", "/next")).body, "GET /next\n");
  ASSERT_EQ(backend.requests().size(), 2u);
  EXPECT_EQ(backend.requests()[1].target, "/next");
  EXPECT_EQ(backend.requests()[1].connection, 1u);
}

// More requests than the proxy takes ahead: the client's sending blocks, and
// everything is answered all the same.
TEST(PipeliningTest, LongPipelinesArePausedAndServed) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "first"));
  });
  ProxyOptions options;
  options.server.pipelined_bytes_max = 4 * 1024;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint());
  const std::string padding =
      absl::StrCat("X-Padding: ", std::string(1000, 'p'), "\r\n");
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    absl::StrAppend(&requests,
                    MakeRequest("GET", absl::StrCat("/", i), padding));
  }
  const size_t sent =
      client.SendUntilBlocked(requests, absl::Milliseconds(100));
  go_on.Open();
  client.Send(absl::string_view(requests).substr(sent));
  EXPECT_EQ(client.ReadResponse().body, "first");
  for (int i = 1; i < 200; ++i) {
    ASSERT_EQ(client.ReadResponse().body, absl::StrCat("GET /", i, "\n"));
  }
}

TEST(PipeliningTest, EmptyLinesBetweenRequestsAreSkipped) {
  FakeBackend backend;
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  client.Send(absl::StrCat("\r\n", MakeRequest("GET", "/1"), "\r\n",
                           MakeRequest("GET", "/2")));
  EXPECT_EQ(client.ReadResponse().body, "GET /1\n");
  EXPECT_EQ(client.ReadResponse().body, "GET /2\n");
  EXPECT_EQ(backend.connection(0).received.find("\r\n\r\n\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace rproxy::test
