#include "rproxy/testing/fake_backend.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/blocking_socket.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

std::string TemporaryPath(absl::string_view name) {
  const char* folder = std::getenv("TEST_TMPDIR");
  // Bazel's folders are too long for a socket path.
  if (folder == nullptr || std::string(folder).size() > 60) folder = "/tmp";
  return absl::StrCat(folder, "/rproxy_", name, "_", getpid());
}

TEST(FakeBackendTest, AnswersWithoutAScript) {
  FakeBackend backend;
  RawClient client(backend.endpoint());
  const RawResponse response = client.Exchange(MakeRequest("GET", "/a"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /a\n");
}

TEST(FakeBackendTest, AnswersHeadWithoutABody) {
  FakeBackend backend;
  RawClient client(backend.endpoint());
  ASSERT_TRUE(client.Exchange(MakeRequest("HEAD", "/a"), "HEAD").complete());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/b")).body, "GET /b\n");
}

TEST(FakeBackendTest, ListensOnIPv6AndUnixSockets) {
  FakeBackend v6({.family = AF_INET6});
  EXPECT_NE(v6.port(), 0);
  RawClient v6_client(v6.endpoint());
  EXPECT_EQ(v6_client.Exchange(MakeRequest("GET", "/6")).status, 200);

  const std::string path = TemporaryPath("fake_backend");
  FakeBackend local({.family = AF_UNIX, .unix_path = path});
  RawClient local_client(Endpoint::UnixPath(path));
  EXPECT_EQ(local_client.Exchange(MakeRequest("GET", "/u")).status, 200);
}

TEST(FakeBackendTest, RecordsEveryByteOfEveryConnection) {
  FakeBackend backend;
  RawClient first(backend.endpoint());
  const std::string get = MakeRequest("GET", "/1");
  const std::string post = absl::StrCat(
      "POST /2 HTTP/1.1\r\nhOsT:x\r\nTransfer-Encoding: chunked\r\n\r\n",
      MakeChunked("hello world", 4, "T: 1\r\n"));
  ASSERT_EQ(first.Exchange(get).status, 200);
  RawClient second(backend.endpoint());
  ASSERT_EQ(second.Exchange(post).status, 200);

  EXPECT_EQ(backend.accepted(), 2u);
  EXPECT_EQ(backend.connection(0).received, get);
  EXPECT_EQ(backend.connection(1).received, post);
  EXPECT_EQ(backend.received_bytes(), get.size() + post.size());
  const std::vector<ReceivedRequest> requests = backend.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].target, "/1");
  EXPECT_EQ(requests[1].connection, 1u);
  EXPECT_EQ(requests[1].method, "POST");
  EXPECT_EQ(requests[1].body, "hello world");
  EXPECT_EQ(requests[1].trailers, (std::vector<WireField>{{"T", "1"}}));
  EXPECT_TRUE(requests[1].complete);
  EXPECT_EQ(backend.body_bytes(), 11u);
}

TEST(FakeBackendTest, ServesPipelinedRequestsInOrder) {
  FakeBackend backend;
  RawClient client(backend.endpoint());
  client.SendInPieces(absl::StrCat(MakeRequest("GET", "/1"),
                                   MakeRequest("POST", "/2", "", "body"),
                                   MakeRequest("GET", "/3")),
                      7);
  EXPECT_EQ(client.ReadResponse().body, "GET /1\n");
  EXPECT_EQ(client.ReadResponse().body, "POST /2\n");
  EXPECT_EQ(client.ReadResponse().body, "GET /3\n");
}

TEST(FakeBackendTest, RequestScriptsAreUsedOnceAndInOrder) {
  FakeBackend backend;
  for (const int status : {201, 202}) {
    backend.ScriptNextRequest([=](BackendConnection& connection) {
      connection.Send(MakeResponse(status, "scripted"));
    });
  }
  RawClient client(backend.endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 201);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 202);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
}

TEST(FakeBackendTest, ConnectionScriptRunsFromTheStart) {
  FakeBackend backend;
  backend.ScriptNextConnection([](BackendConnection& connection) {
    connection.Send("before any request");
  });
  RawClient client(backend.endpoint());
  EXPECT_EQ(client.ReadToEnd(), "before any request");
  EXPECT_EQ(client.end(), SocketResult::kEndOfStream);
  RawClient next(backend.endpoint());
  EXPECT_EQ(next.Exchange(MakeRequest("GET", "/")).status, 200);
}

TEST(FakeBackendTest, GateHoldsAResponseBack) {
  Gate head_sent, go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    head_sent.Open();
    connection.WaitFor(go_on);
    connection.Send("cd");
  });
  RawClient client(backend.endpoint());
  client.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(head_sent.Wait());
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.ReadExactly(2), "ab");
  go_on.Open();
  EXPECT_EQ(client.ReadExactly(2), "cd");
}

TEST(FakeBackendTest, AnswerBeforeTheBodyLeavesTheConnectionUsable) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send(MakeResponse(200, "early"));
  });
  RawClient client(backend.endpoint());
  client.Send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12");
  EXPECT_EQ(client.ReadResponse().body, "early");
  EXPECT_FALSE(backend.requests()[0].complete);
  client.Send("34");
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  EXPECT_EQ(backend.requests()[0].body, "1234");
}

TEST(FakeBackendTest, ReadsABodyInParts) {
  Gate part_read, go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    EXPECT_TRUE(connection.ReadBody(10));
    EXPECT_EQ(connection.request().body_size, 10u);
    part_read.Open();
    connection.WaitFor(go_on);
    EXPECT_TRUE(connection.ReadBody());
    connection.Send(MakeResponse(200, ""));
  });
  RawClient client(backend.endpoint());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
  ASSERT_TRUE(backend.WaitForHeads(1));
  client.Send(std::string(100, 'x'));
  ASSERT_TRUE(part_read.Wait());
  EXPECT_EQ(backend.requests()[0].body.size(), 10u);
  go_on.Open();
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_EQ(backend.requests()[0].body.size(), 100u);
}

TEST(FakeBackendTest, BlockedPeerStopsSending) {
  const std::string body = MakePattern(16 << 20);
  Gate blocked, go_on;
  size_t sent = 0;
  FakeBackend backend({.send_buffer_bytes = 16 * 1024});
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(absl::StrCat(
        "HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n"));
    sent = connection.SendUntilBlocked(body, absl::Milliseconds(50));
    blocked.Open();
    connection.WaitFor(go_on);
    connection.Send(absl::string_view(body).substr(sent));
  });
  RawClient client(backend.endpoint(), {.receive_buffer_bytes = 16 * 1024});
  client.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(blocked.Wait());
  EXPECT_LT(sent, body.size() / 2);
  go_on.Open();
  EXPECT_TRUE(client.ReadResponse().body == body);
}

TEST(FakeBackendTest, CloseResetAndHalfCloseAreToldApart) {
  FakeBackend backend;
  backend.ScriptNextRequest(
      [](BackendConnection& connection) { connection.Close(); });
  backend.ScriptNextRequest(
      [](BackendConnection& connection) { connection.Reset(); });
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.HalfClose();
    connection.ReadBody();
  });

  RawClient closed(backend.endpoint());
  EXPECT_EQ(closed.Exchange(MakeRequest("GET", "/")).end,
            ResponseEnd::kNothing);
  RawClient reset(backend.endpoint());
  EXPECT_EQ(reset.Exchange(MakeRequest("GET", "/")).end, ResponseEnd::kReset);
  RawClient half_closed(backend.endpoint());
  half_closed.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(half_closed.ReadToEnd(), "");
  half_closed.Send("1234");
  ASSERT_TRUE(backend.WaitForRequests(3));
}

TEST(FakeBackendTest, NotesHowThePeerEnded) {
  FakeBackend backend;
  RawClient closing(backend.endpoint());
  ASSERT_TRUE(backend.WaitForConnections(1));
  RawClient resetting(backend.endpoint());
  ASSERT_TRUE(backend.WaitForConnections(2));
  ASSERT_TRUE(backend.WaitForOpen(2));
  closing.Close();
  resetting.Reset();
  ASSERT_TRUE(backend.WaitForOpen(0));
  EXPECT_EQ(backend.connection(0).peer_end, SocketResult::kEndOfStream);
  EXPECT_EQ(backend.connection(1).peer_end, SocketResult::kReset);
}

TEST(FakeBackendTest, ScriptWaitsForThePeersEnd) {
  Gate ended;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    EXPECT_TRUE(connection.ReadToEnd());
    ended.Open();
  });
  RawClient client(backend.endpoint());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n12");
  client.HalfClose();
  ASSERT_TRUE(ended.Wait());
  EXPECT_EQ(backend.requests()[0].body, "12");
  EXPECT_FALSE(backend.requests()[0].complete);
}

TEST(FakeBackendTest, ReadsRawBytesAfterARequest) {
  FakeBackend backend;
  backend.ScriptNextRequest([](BackendConnection& connection) {
    connection.Send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    connection.Send(connection.ReadRaw(4));
    connection.Close();
  });
  RawClient client(backend.endpoint());
  client.Send(MakeRequest("GET", "/"));
  EXPECT_EQ(client.ReadResponse().status, 101);
  client.Send("ping");
  EXPECT_EQ(client.ReadToEnd(), "ping");
}

TEST(FakeBackendTest, MalformedRequestClosesTheConnection) {
  FakeBackend backend;
  RawClient client(backend.endpoint());
  client.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(client.ReadsEndOnly());
  ASSERT_EQ(backend.requests().size(), 1u);
  EXPECT_TRUE(backend.requests()[0].malformed);
}

TEST(FakeBackendTest, RefusesAndListensAgainOnTheSamePort) {
  FakeBackend backend;
  RawClient before(backend.endpoint());
  ASSERT_EQ(before.Exchange(MakeRequest("GET", "/1")).status, 200);
  for (int i = 0; i < 3; ++i) {
    backend.StopListening();
    EXPECT_FALSE(RawClient::TryConnect(backend.endpoint()).has_value());
    backend.ListenAgain();
    RawClient after(backend.endpoint());
    EXPECT_EQ(after.Exchange(MakeRequest("GET", "/2")).status, 200);
  }
  EXPECT_EQ(before.Exchange(MakeRequest("GET", "/3")).status, 200);
}

TEST(FakeBackendTest, EndsItsConnectionsOnDemand) {
  Gate never;
  FakeBackend backend;
  RawClient idle(backend.endpoint());
  RawClient waiting(backend.endpoint());
  backend.ScriptNextRequest(
      [&](BackendConnection& connection) { connection.WaitFor(never); });
  waiting.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend.WaitForHeads(1));
  ASSERT_TRUE(backend.WaitForConnections(2));
  backend.CloseConnections();
  EXPECT_EQ(backend.open(), 0u);
  EXPECT_TRUE(idle.ReadsEndOnly());
  EXPECT_EQ(idle.end(), SocketResult::kEndOfStream);
  EXPECT_TRUE(waiting.ReadsEndOnly());

  RawClient next(backend.endpoint());
  ASSERT_TRUE(backend.WaitForOpen(1));
  backend.ResetConnections();
  EXPECT_TRUE(next.ReadsEndOnly());
  EXPECT_EQ(next.end(), SocketResult::kReset);
}

TEST(FakeBackendTest, EndsWhileScriptsAreInTheMiddle) {
  Gate never;
  const std::string body = MakePattern(16 << 20);
  std::optional<FakeBackend> backend(std::in_place);
  backend->ScriptNextRequest(
      [&](BackendConnection& connection) { connection.WaitFor(never); });
  backend->ScriptNextRequest(
      [&](BackendConnection& connection) { connection.Send(body); });
  backend->ScriptNextRequest(
      [&](BackendConnection& connection) { connection.ReadBody(); });
  RawClient clients[] = {RawClient(backend->endpoint()),
                         RawClient(backend->endpoint()),
                         RawClient(backend->endpoint())};
  for (RawClient& client : clients) {
    client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
  }
  ASSERT_TRUE(backend->WaitForHeads(3));
  backend.reset();
  for (RawClient& client : clients) client.ReadToEnd();
}

TEST(FakeBackendTest, ServesManyConnectionsAtOnce) {
  FakeBackend backend;
  std::vector<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back(backend.endpoint());
    clients.back().Send(MakeRequest("GET", absl::StrCat("/", i)));
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(clients[i].ReadResponse().body, absl::StrCat("GET /", i, "\n"));
  }
  EXPECT_EQ(backend.accepted(), 100u);
}

TEST(FakeBackendTest, CountsWithoutKeeping) {
  FakeBackend backend({.keep_bytes = false});
  RawClient client(backend.endpoint());
  const std::string body = MakePattern(1 << 20);
  ASSERT_EQ(client.Exchange(MakeRequest("PUT", "/", "", body)).status, 200);
  EXPECT_EQ(backend.body_bytes(), body.size());
  EXPECT_EQ(backend.requests()[0].body_size, body.size());
  EXPECT_EQ(backend.requests()[0].body, "");
  EXPECT_EQ(backend.connection(0).received, "");
}

}  // namespace
}  // namespace rproxy::test
