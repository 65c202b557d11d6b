// An HTTP server on a thread of its own, whose handler a test writes as a
// function, for the tests of this package.
//
// Threading: the fixture on the test's thread; the function on the server's.

#ifndef RPROXY_CORE_SERVER_SERVER_FIXTURE_H_
#define RPROXY_CORE_SERVER_SERVER_FIXTURE_H_

#include <functional>
#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "rproxy/core/event/loop_thread.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/server/http_server.h"
#include "rproxy/testing/blocking_socket.h"

namespace rproxy {

class ServerFixture : public ::testing::Test {
 protected:
  using Handle = std::function<std::unique_ptr<Responder>(Exchange&)>;

  ~ServerFixture() override {
    if (thread_ == nullptr) return;
    thread_->RunAndWait([this] { server_ = nullptr; });
  }

  void Start(Handle handle, HttpServerOptions options = {}) {
    handler_.handle = std::move(handle);
    absl::StatusOr<std::unique_ptr<LoopThread>> thread =
        LoopThread::Create("server");
    ASSERT_TRUE(thread.ok()) << thread.status();
    thread_ = *std::move(thread);
    absl::StatusOr<SocketAddress> address =
        SocketAddress::Parse("127.0.0.1", 0);
    ASSERT_TRUE(address.ok());
    absl::StatusOr<UniqueFd> socket = Listen(*address, ListenOptions());
    ASSERT_TRUE(socket.ok()) << socket.status();
    port_ = LocalAddress(socket->get()).port();
    thread_->RunAndWait([&] {
      server_ = std::make_unique<HttpServer>(thread_->loop(), handler_,
                                             std::move(options));
      EXPECT_TRUE(server_->Listen(*std::move(socket)).ok());
    });
  }

  test::Endpoint endpoint() const { return test::Endpoint::LoopbackV4(port_); }

  // Runs `read` on the server's thread.
  template <typename Read>
  auto OnLoop(Read read) {
    decltype(read()) result;
    thread_->RunAndWait([&] { result = read(); });
    return result;
  }

  struct FunctionHandler final : Handler {
    std::unique_ptr<Responder> Handle(Exchange& exchange) override {
      return handle(exchange);
    }
    ServerFixture::Handle handle;
  };

  FunctionHandler handler_;
  std::unique_ptr<LoopThread> thread_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_SERVER_FIXTURE_H_
