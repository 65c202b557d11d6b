#include "rproxy/core/server/http_server.h"

#include <memory>
#include <string>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/server/server_fixture.h"
#include "rproxy/testing/raw_client.h"

namespace rproxy {
namespace {

using test::RawClient;

constexpr char kGet[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// Answers when the test says so.
class Held final : public Responder {
 public:
  explicit Held(Exchange& exchange) : exchange_(exchange) {}
  void OnBody(Slice) override {}
  void OnRequestEnd(const HeaderMap&) override {}
  void Answer() { exchange_.Reply(200, "text/plain", "late", HeaderMap()); }

 private:
  Exchange& exchange_;
};

class HttpServerTest : public ServerFixture {
 protected:
  void StartHeld() {
    Start([this](Exchange& exchange) {
      auto held = std::make_unique<Held>(exchange);
      held_ = held.get();
      return held;
    });
  }
  Held* held_ = nullptr;
};

TEST_F(HttpServerTest, CountsSessionsAndRequests) {
  Start([](Exchange& exchange) {
    exchange.Reply(200, "text/plain", "", HeaderMap());
    return nullptr;
  });
  RawClient a(endpoint());
  RawClient b(endpoint());
  a.Exchange(kGet);
  a.Exchange(kGet);
  b.Exchange(kGet);
  EXPECT_EQ(OnLoop([&] { return server_->sessions(); }), 2u);
  EXPECT_EQ(OnLoop([&] { return server_->requests(); }), 3u);
}

TEST_F(HttpServerTest, DrainWithoutSessionsIsDoneAtOnce) {
  StartHeld();
  absl::Notification empty;
  thread_->RunAndWait([&] { server_->Drain([&] { empty.Notify(); }); });
  EXPECT_TRUE(empty.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(HttpServerTest, DrainClosesIdleSessionsAndRefusesNewOnes) {
  Start([](Exchange& exchange) {
    exchange.Reply(200, "text/plain", "", HeaderMap());
    return nullptr;
  });
  RawClient idle(endpoint());
  EXPECT_EQ(idle.Exchange(kGet).status, 200);
  absl::Notification empty;
  thread_->RunAndWait([&] { server_->Drain([&] { empty.Notify(); }); });
  EXPECT_TRUE(idle.ReadsEndOnly());
  EXPECT_TRUE(empty.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_FALSE(RawClient::TryConnect(endpoint()).has_value());
}

TEST_F(HttpServerTest, DrainLetsARunningRequestFinish) {
  StartHeld();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  while (OnLoop([&] { return held_; }) == nullptr) {
  }
  absl::Notification empty;
  thread_->RunAndWait([&] { server_->Drain([&] { empty.Notify(); }); });
  EXPECT_FALSE(empty.HasBeenNotified());
  thread_->RunAndWait([&] { held_->Answer(); });
  const test::RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.body, "late");
  EXPECT_EQ(response.head.Only("Connection"), "close");
  EXPECT_TRUE(client.ReadsEndOnly());
  EXPECT_TRUE(empty.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST_F(HttpServerTest, DestructionEndsSessionsInMidRequest) {
  StartHeld();
  RawClient client(endpoint());
  ASSERT_TRUE(client.Send(kGet));
  while (OnLoop([&] { return held_; }) == nullptr) {
  }
  thread_->RunAndWait([&] { server_ = nullptr; });
  EXPECT_TRUE(client.ReadsEndOnly());
}

}  // namespace
}  // namespace rproxy
