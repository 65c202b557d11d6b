// Bodies stream: a slow reader on one side stops the sender on the other, and
// nothing piles up between them.
//
// How much a sender got rid of before it was stopped is bounded by the buffers
// of the kernel on both connections and the proxy's watermark, and is far
// below the size of the body.

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

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

// Small enough to fill soon, large enough not to make every segment wait for
// a window update.
constexpr int kSmallBuffer = 256 * 1024;

// The most that one socket's buffers of a kind may grow to.
size_t SystemBufferMax(const char* path) {
  std::FILE* file = std::fopen(path, "r");
  if (file == nullptr) return 8 << 20;
  size_t min = 0;
  size_t initial = 0;
  size_t max = 0;
  const int fields = std::fscanf(file, "%zu %zu %zu", &min, &initial, &max);
  std::fclose(file);
  return fields == 3 ? max : 8 << 20;
}

// How far the sender may get ahead: the proxy's two sockets at their largest,
// and the watermarks and small buffers of everybody else.
size_t AheadMax() {
  static const size_t ahead_max =
      SystemBufferMax("/proc/sys/net/ipv4/tcp_rmem") +
      SystemBufferMax("/proc/sys/net/ipv4/tcp_wmem") + (4 << 20);
  return ahead_max;
}

// More than fits on the way.
const std::string& LargeBody() {
  static const std::string* const body = [] {
    auto* large = new std::string();
    const std::string block = MakePattern(1 << 20);
    while (large->size() < AheadMax() + (8 << 20)) {
      // No two blocks are alike.
      absl::StrAppend(large, large->size(), block);
    }
    return large;
  }();
  return *body;
}

constexpr size_t kChunkBytes = 0x10000;
constexpr size_t kChunkWireBytes = kChunkBytes + 9;  // "10000\r\n", "\r\n".

ProxyOptions SmallWatermarks() {
  ProxyOptions options;
  options.server.output_high_bytes = 64 * 1024;
  options.connection.output_high_bytes = 64 * 1024;
  return options;
}

std::string ResponseHead(size_t body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body, "\r\n\r\n");
}

// The process's resident memory in bytes.
size_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long total = 0;
  unsigned long resident = 0;
  const int fields = std::fscanf(file, "%lu %lu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<size_t>(sysconf(_SC_PAGESIZE))
                     : 0;
}

// --- Slow clients ------------------------------------------------------------

// The backend sends `head` and then `wire` until nothing more fits, the client
// not reading; ends when the client begins. Returns what the client got.
RawResponse DownloadUntilBlocked(absl::string_view head, absl::string_view wire,
                                 size_t& sent) {
  Gate blocked, go_on;
  FakeBackend backend({.send_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(head);
    sent = connection.SendUntilBlocked(wire);
    blocked.Open();
    connection.WaitFor(go_on);
    connection.Close();
  });
  ProxyFixture proxy({&backend}, SmallWatermarks());
  RawClient client(proxy.endpoint(), {.receive_buffer_bytes = kSmallBuffer});
  client.Send(MakeRequest("GET", "/"));
  if (!blocked.Wait()) return {};
  EXPECT_LT(sent, AheadMax());
  go_on.Open();
  RawResponse response = client.ReadResponse();
  EXPECT_TRUE(proxy.WaitForIdle(1));
  return response;
}

TEST(BackpressureTest, SlowClientStopsASizedResponse) {
  size_t sent = 0;
  const RawResponse response =
      DownloadUntilBlocked(ResponseHead(LargeBody().size()), LargeBody(), sent);
  // The backend ended before its time: what it had sent arrives, and no more.
  EXPECT_EQ(response.end, ResponseEnd::kTruncated);
  EXPECT_EQ(response.body.size(), sent);
  EXPECT_TRUE(LargeBody().starts_with(response.body));
}

TEST(BackpressureTest, SlowClientStopsAChunkedResponse) {
  size_t sent = 0;
  const RawResponse response = DownloadUntilBlocked(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      MakeChunked(LargeBody(), kChunkBytes), sent);
  EXPECT_EQ(response.end, ResponseEnd::kTruncated);
  EXPECT_GT(response.body.size(), sent / kChunkWireBytes * kChunkBytes);
  EXPECT_TRUE(LargeBody().starts_with(response.body));
}

TEST(BackpressureTest, SlowClientStopsACloseDelimitedResponse) {
  size_t sent = 0;
  const RawResponse response =
      DownloadUntilBlocked("HTTP/1.1 200 OK\r\n\r\n", LargeBody(), sent);
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_EQ(response.body.size(), sent);
  EXPECT_TRUE(LargeBody().starts_with(response.body));
}

// The whole response fits into the buffers on the way: the backend is done and
// gone long before the client reads.
TEST(BackpressureTest, BackendsEndWaitsForASlowClient) {
  const std::string body = MakePattern(1 << 20);
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send("HTTP/1.1 200 OK\r\n\r\n");
    connection.Send(body);
    connection.Close();
  });
  ProxyFixture proxy({&backend}, SmallWatermarks());
  RawClient client(proxy.endpoint(), {.receive_buffer_bytes = kSmallBuffer});
  client.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  const RawResponse response = client.ReadResponse();
  EXPECT_TRUE(response.complete()) << response.end;
  EXPECT_TRUE(response.body == body);
}

// --- Slow backends -----------------------------------------------------------

TEST(BackpressureTest, SlowBackendStopsASizedRequest) {
  std::atomic<size_t> sent = 0;
  Gate go_on;
  FakeBackend backend({.receive_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    // All that the client has sent comes, while it waits.
    EXPECT_TRUE(connection.ReadBody(sent));
    connection.Send(MakeResponse(200, "enough", "Connection: close\r\n"));
    connection.ReadToEnd();
  });
  ProxyFixture proxy({&backend}, SmallWatermarks());
  RawClient client(proxy.endpoint(), {.send_buffer_bytes = kSmallBuffer});
  client.Send(absl::StrCat("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                           LargeBody().size(), "\r\n\r\n"));
  ASSERT_TRUE(backend.WaitForHeads(1));
  sent = client.SendUntilBlocked(LargeBody());
  EXPECT_LT(sent, AheadMax());
  go_on.Open();
  EXPECT_EQ(client.ReadResponse().body, "enough");
  EXPECT_EQ(backend.requests()[0].body_size, sent);
  EXPECT_TRUE(LargeBody().starts_with(backend.requests()[0].body));
}

// Sends chunks of LargeBody until nothing more fits, opens `go_on`, completes
// the body and returns it.
absl::string_view UploadChunks(RawClient& client, Gate& go_on) {
  const std::string chunks = MakeChunked(LargeBody(), kChunkBytes);
  const size_t sent = client.SendUntilBlocked(chunks);
  EXPECT_LT(sent, AheadMax());
  go_on.Open();
  const size_t count = sent / kChunkWireBytes + 1;
  client.Send(
      absl::string_view(chunks).substr(sent, count * kChunkWireBytes - sent));
  client.Send("0\r\nT: 1\r\n\r\n");
  return absl::string_view(LargeBody()).substr(0, count * kChunkBytes);
}

TEST(BackpressureTest, SlowBackendStopsAChunkedRequest) {
  Gate go_on;
  FakeBackend backend({.receive_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    if (connection.ReadBody()) connection.Send(MakeResponse(200, "done"));
  });
  ProxyFixture proxy({&backend}, SmallWatermarks());
  RawClient client(proxy.endpoint(), {.send_buffer_bytes = kSmallBuffer});
  client.Send(
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(backend.WaitForHeads(1));
  const absl::string_view body = UploadChunks(client, go_on);
  EXPECT_EQ(client.ReadResponse().body, "done");
  EXPECT_TRUE(backend.requests()[0].body == body);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
}

TEST(BackpressureTest, WaitingRequestBodyStaysWithTheClient) {
  Gate go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send(MakeResponse(200, "slow"));
  });
  ProxyFixture proxy({&backend}, SmallWatermarks());
  RawClient occupant(proxy.endpoint());
  occupant.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  RawClient client(proxy.endpoint(), {.send_buffer_bytes = kSmallBuffer});
  client.Send(
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(proxy.WaitForPending(1));
  const absl::string_view body = UploadChunks(client, go_on);
  EXPECT_EQ(client.ReadResponse().body, "PUT /\n");
  EXPECT_TRUE(backend.requests()[1].body == body);
}

// --- And everybody else ------------------------------------------------------

TEST(BackpressureTest, StalledClientDoesNotStallOthers) {
  const std::string& body = LargeBody();
  Gate blocked;
  FakeBackend backend({.send_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(ResponseHead(body.size()));
    const size_t sent = connection.SendUntilBlocked(body);
    blocked.Open();
    connection.Send(absl::string_view(body).substr(sent));
  });
  ProxyOptions options = SmallWatermarks();
  options.backend.connections = 2;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient stalled(proxy.endpoint(), {.receive_buffer_bytes = kSmallBuffer});
  stalled.Send(MakeRequest("GET", "/large"));
  ASSERT_TRUE(blocked.Wait());
  RawClient other(proxy.endpoint());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(other.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  // The client goes; what was meant for it goes too.
  stalled.Reset();
  EXPECT_TRUE(proxy.WaitForIdle(2));
  EXPECT_TRUE(proxy.WaitForSessions(1));
  EXPECT_TRUE(backend.WaitForConnections(3));
}

TEST(BackpressureTest, StalledBackendDoesNotStallOthers) {
  Gate never;
  const std::string& body = LargeBody();
  FakeBackend backend({.receive_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest(
      [&](BackendConnection& connection) { connection.WaitFor(never); });
  ProxyOptions options = SmallWatermarks();
  options.backend.connections = 2;
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient stalled(proxy.endpoint(), {.send_buffer_bytes = kSmallBuffer});
  stalled.Send(absl::StrCat("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                            body.size(), "\r\n\r\n"));
  ASSERT_TRUE(backend.WaitForHeads(1));
  EXPECT_LT(stalled.SendUntilBlocked(body), AheadMax());
  RawClient other(proxy.endpoint());
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(other.Exchange(MakeRequest("GET", "/")).status, 200);
  }
  stalled.Reset();
  EXPECT_TRUE(proxy.WaitForIdle(2));
  EXPECT_TRUE(proxy.WaitForSessions(1));
}

TEST(BackpressureTest, ClientThatTakesNothingIsDropped) {
  const std::string& body = LargeBody();
  FakeBackend backend({.send_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest([&](BackendConnection& connection) {
    connection.Send(ResponseHead(body.size()));
    connection.Send(body);
  });
  ProxyOptions options = SmallWatermarks();
  options.server.write_idle_max = absl::Milliseconds(100);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint(), {.receive_buffer_bytes = kSmallBuffer});
  client.Send(MakeRequest("GET", "/"));
  ASSERT_TRUE(backend.WaitForRequests(1));
  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_TRUE(proxy.WaitForIdle(1));
  EXPECT_TRUE(backend.WaitForConnections(2));
  EXPECT_LT(client.DiscardToEnd(), body.size());
}

TEST(BackpressureTest, BackendThatTakesNothingIsAnswered504) {
  Gate never;
  const std::string& body = LargeBody();
  FakeBackend backend({.receive_buffer_bytes = kSmallBuffer});
  backend.ScriptNextRequest(
      [&](BackendConnection& connection) { connection.WaitFor(never); });
  ProxyOptions options = SmallWatermarks();
  options.connection.write_idle_max = absl::Milliseconds(300);
  ProxyFixture proxy({&backend}, std::move(options));
  RawClient client(proxy.endpoint(), {.send_buffer_bytes = kSmallBuffer});
  client.Send(absl::StrCat("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                           body.size(), "\r\n\r\n"));
  client.SendUntilBlocked(body, absl::Milliseconds(50));
  EXPECT_EQ(client.ReadResponse().status, 504);
  EXPECT_TRUE(proxy.WaitForIdle(1));
}

// What the proxy holds does not grow with what passes through it. The process
// also contains the client and the backend, which keep nothing here.
TEST(BackpressureTest, MemoryDoesNotGrowWithTheBody) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers hold freed memory back";
#endif
  constexpr size_t kRepeats = 128;
  constexpr size_t kGrowthMax = 16 << 20;
  const std::string block = MakePattern(1 << 20);
  FakeBackend backend({.keep_bytes = false});
  backend.ScriptEveryRequest([&](BackendConnection& connection) {
    if (!connection.ReadBody()) return;
    connection.Send(ResponseHead(kRepeats * block.size()));
    for (size_t i = 0; i < kRepeats; ++i) connection.Send(block);
  });
  ProxyFixture proxy({&backend});
  RawClient client(proxy.endpoint());
  const size_t before = ResidentBytes();
  client.Send(
      absl::StrCat("PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                   "Content-Length: ",
                   kRepeats * block.size(), "\r\n\r\n"));
  for (size_t i = 0; i < kRepeats; ++i) client.Send(block);
  EXPECT_GT(client.DiscardToEnd(), kRepeats * block.size());
  EXPECT_EQ(backend.body_bytes(), kRepeats * block.size());
  EXPECT_LT(ResidentBytes(), before + kGrowthMax);
}

}  // namespace
}  // namespace rproxy::test
