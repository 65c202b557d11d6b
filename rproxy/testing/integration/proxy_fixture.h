// A whole proxy in the test's process: server, handler, router and pool on a
// loop thread of their own, in front of fake backends.
//
//   FakeBackend backend;
//   ProxyFixture proxy({&backend});
//   RawClient client(proxy.endpoint());
//   EXPECT_EQ(client.Exchange(MakeRequest("GET", "/")).status, 200);
//
// It listens on a port that the system chooses, and knows one rule: every
// request goes to one of the backends, in turn.
//
// Threading: created, used and destroyed on the test's thread.

#ifndef RPROXY_TESTING_INTEGRATION_PROXY_FIXTURE_H_
#define RPROXY_TESTING_INTEGRATION_PROXY_FIXTURE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/core/backend/backend_connection.h"
#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/backend/load_balancer.h"
#include "rproxy/core/backend/pool_state.h"
#include "rproxy/core/event/loop_thread.h"
#include "rproxy/core/proxy/forward.h"
#include "rproxy/core/server/http_server.h"
#include "rproxy/testing/blocking_socket.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"

namespace rproxy::test {

struct ProxyOptions {
  HttpServerOptions server;
  PoolState::Options pool;
  // Of each backend. Reconnects come soon, so that tests need not wait.
  PoolState::BackendOptions backend = {
      .connections = 1,
      .retry_min = absl::Milliseconds(5),
      .retry_max = absl::Milliseconds(20),
  };
  BackendConnectionOptions connection;  // `address` is filled in.
  LoadBalancingMethod method = LoadBalancingMethod::kRoundRobin;
  ForwardRule rule = {.name = "all"};  // `set` is filled in.
  // The constructor waits until every connection to a backend is idle.
  bool wait_for_backends = true;
};

class ProxyFixture {
 public:
  // `backends` are used by the constructor only, but the proxy goes on talking
  // to them.
  explicit ProxyFixture(const std::vector<const FakeBackend*>& backends,
                        ProxyOptions options = {});
  ProxyFixture(const ProxyFixture&) = delete;
  ProxyFixture& operator=(const ProxyFixture&) = delete;
  // Ends whatever still runs.
  ~ProxyFixture();

  const Endpoint& endpoint() const { return endpoint_; }

  // Stops accepting, finishes what runs, then opens `drained`, which outlives
  // the proxy.
  void Drain(Gate& drained);

  PoolState::Counts counts(ConnectionPool::BackendId backend = 0);
  size_t pending();
  size_t sessions();
  uint64_t requests();

  // Wait until it is so. False, and a test failure, after kWaitMax. The proxy
  // announces none of this, so it is asked again and again.
  bool WaitForIdle(uint32_t connections, ConnectionPool::BackendId backend = 0);
  bool WaitForDown(uint32_t connections, ConnectionPool::BackendId backend = 0);
  bool WaitForActive(uint32_t connections,
                     ConnectionPool::BackendId backend = 0);
  bool WaitForPending(size_t pending);
  bool WaitForSessions(size_t sessions);

 private:
  struct Parts;

  bool WaitUntil(absl::string_view what, absl::FunctionRef<bool()> condition);

  std::unique_ptr<LoopThread> thread_;
  std::unique_ptr<Parts> parts_;  // Touched on the thread only.
  Endpoint endpoint_;
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_INTEGRATION_PROXY_FIXTURE_H_
