#include "rproxy/testing/raw_client.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/testing/blocking_socket.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

// A server that sends `bytes` to its first client and then ends so.
class RawClientTest : public ::testing::Test {
 protected:
  enum class Ending { kClose, kReset, kHold };

  RawClient ClientOf(absl::string_view bytes, Ending ending) {
    backend_.ScriptNextConnection(
        [this, ending, text = std::string(bytes)](BackendConnection& peer) {
          peer.Send(text);
          // The client has taken the bytes before a reset can overtake them.
          if (ending == Ending::kReset) {
            peer.ReadRaw(1);
            peer.Reset();
          } else if (ending == Ending::kHold) {
            peer.WaitFor(never_);
          }
        });
    return RawClient(backend_.endpoint());
  }

  Gate never_;
  FakeBackend backend_;
};

TEST_F(RawClientTest, ReadsToTheEndOfTheStream) {
  RawClient client = ClientOf("abcdef", Ending::kClose);
  EXPECT_EQ(client.ReadExactly(2), "ab");
  EXPECT_EQ(client.ReadUntil("d"), "cd");
  EXPECT_EQ(client.end(), SocketResult::kOk);
  EXPECT_EQ(client.ReadToEnd(), "ef");
  EXPECT_EQ(client.end(), SocketResult::kEndOfStream);
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(RawClientTest, KnowsWhetherSomethingHasCome) {
  Gate go_on;
  backend_.ScriptNextConnection([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.Send("ab");
  });
  RawClient client(backend_.endpoint());
  EXPECT_FALSE(client.readable());
  go_on.Open();
  EXPECT_EQ(client.ReadExactly(1), "a");
  EXPECT_TRUE(client.readable());
  EXPECT_EQ(client.ReadToEnd(), "b");
  EXPECT_TRUE(client.readable());
}

TEST_F(RawClientTest, TellsAResetFromAnEnd) {
  RawClient client = ClientOf("abc", Ending::kReset);
  EXPECT_EQ(client.ReadExactly(3), "abc");
  client.Send("x");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_EQ(client.end(), SocketResult::kReset);
}

TEST_F(RawClientTest, ReadsLessWhenThePeerEnds) {
  RawClient client = ClientOf("abc", Ending::kClose);
  EXPECT_EQ(client.ReadUntil("z"), "abc");
  EXPECT_EQ(client.ReadExactly(1), "");
}

TEST_F(RawClientTest, ReadsPipelinedResponsesOneByOne) {
  RawClient client =
      ClientOf(absl::StrCat(MakeResponse(200, "one", "A: b\r\n"),
                            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
                            "HTTP/1.1 200 OK\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n",
                            MakeChunked("two and three", 5, "T: u\r\n"),
                            "HTTP/1.1 304 Not Modified\r\n\r\n",
                            "HTTP/1.1 200 OK\r\n\r\nrest"),
               Ending::kClose);
  const RawResponse one = client.ReadResponse();
  EXPECT_TRUE(one.complete());
  EXPECT_EQ(one.body, "one");
  EXPECT_EQ(one.head.Only("a"), "b");
  EXPECT_EQ(one.raw, MakeResponse(200, "one", "A: b\r\n"));
  EXPECT_TRUE(client.ReadResponse("HEAD").complete());
  const RawResponse two = client.ReadResponse();
  EXPECT_EQ(two.body, "two and three");
  EXPECT_EQ(two.framing, WireFraming::kChunked);
  EXPECT_EQ(two.chunk_sizes, (std::vector<uint64_t>{5, 5, 3}));
  EXPECT_EQ(two.trailers, (std::vector<WireField>{{"T", "u"}}));
  EXPECT_EQ(client.ReadResponse().status, 304);
  const RawResponse rest = client.ReadResponse();
  EXPECT_TRUE(rest.complete());
  EXPECT_EQ(rest.framing, WireFraming::kUntilClose);
  EXPECT_EQ(rest.body, "rest");
  EXPECT_EQ(client.ReadResponse().end, ResponseEnd::kNothing);
}

TEST_F(RawClientTest, SkipsInterimResponsesOnRequest) {
  RawClient client = ClientOf(
      absl::StrCat("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n",
                   "HTTP/1.1 100 Continue\r\n\r\n", MakeResponse(200, "done")),
      Ending::kClose);
  EXPECT_EQ(client.ReadResponse().status, 103);
  EXPECT_EQ(client.ReadFinalResponse().body, "done");
}

TEST_F(RawClientTest, SaysHowAResponseFailed) {
  RawClient truncated = ClientOf(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", Ending::kClose);
  const RawResponse response = truncated.ReadResponse();
  EXPECT_EQ(response.end, ResponseEnd::kTruncated);
  EXPECT_EQ(response.body, "ab");

  RawClient half_head = ClientOf("HTTP/1.1 200", Ending::kClose);
  EXPECT_EQ(half_head.ReadResponse().end, ResponseEnd::kTruncated);

  RawClient nothing = ClientOf("", Ending::kClose);
  EXPECT_EQ(nothing.ReadResponse().end, ResponseEnd::kNothing);

  RawClient reset = ClientOf("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
                             Ending::kReset);
  reset.Send("x");
  EXPECT_EQ(reset.ReadResponse().end, ResponseEnd::kReset);

  RawClient malformed =
      ClientOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
               Ending::kHold);
  EXPECT_EQ(malformed.ReadResponse().end, ResponseEnd::kMalformed);

  RawClient both = ClientOf(
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
      Ending::kHold);
  EXPECT_EQ(both.ReadResponse().end, ResponseEnd::kMalformed);
}

TEST_F(RawClientTest, SendSaysThatThePeerIsGone) {
  backend_.ScriptNextConnection(
      [](BackendConnection& connection) { connection.Reset(); });
  RawClient client(backend_.endpoint());
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_FALSE(client.Send("x"));
}

TEST_F(RawClientTest, HalfCloseLeavesTheOtherDirectionOpen) {
  backend_.ScriptNextConnection([](BackendConnection& connection) {
    connection.ReadToEnd();
    connection.Send("after your end");
  });
  RawClient client(backend_.endpoint());
  client.Send("abc");
  client.HalfClose();
  EXPECT_EQ(client.ReadToEnd(), "after your end");
  EXPECT_EQ(backend_.connection(0).received, "abc");
}

TEST_F(RawClientTest, SlowPeerBlocksSending) {
  Gate go_on;
  FakeBackend slow({.receive_buffer_bytes = 16 * 1024});
  slow.ScriptNextConnection([&](BackendConnection& connection) {
    connection.WaitFor(go_on);
    connection.ReadToEnd();
  });
  RawClient client(slow.endpoint(), {.send_buffer_bytes = 16 * 1024});
  const std::string bytes = MakePattern(16 << 20);
  const size_t sent = client.SendUntilBlocked(bytes, absl::Milliseconds(50));
  EXPECT_LT(sent, bytes.size() / 2);
  go_on.Open();
  EXPECT_TRUE(client.Send(absl::string_view(bytes).substr(sent)));
  ASSERT_TRUE(slow.WaitForReceivedBytes(bytes.size()));
}

TEST_F(RawClientTest, KnowsItsPort) {
  RawClient client = ClientOf("", Ending::kHold);
  EXPECT_NE(client.local_port(), 0);
}

TEST_F(RawClientTest, RefusedConnectionIsNoClient) {
  backend_.StopListening();
  EXPECT_FALSE(RawClient::TryConnect(backend_.endpoint()).has_value());
}

}  // namespace
}  // namespace rproxy::test
