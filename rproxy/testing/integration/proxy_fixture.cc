#include "rproxy/testing/integration/proxy_fixture.h"

#include <poll.h>

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/core/proxy/proxy_handler.h"
#include "rproxy/core/routing/router.h"

namespace rproxy::test {
namespace {

Router CatchAll() {
  absl::StatusOr<Router> router =
      Router::Create({{.title = "*",
                       .aliases = {},
                       .rules = {{RuleConfig::Match::kGlob, "*", 0}}}});
  CHECK(router.ok()) << router.status();
  return *std::move(router);
}

}  // namespace

// Later members use earlier ones.
struct ProxyFixture::Parts {
  Parts(EventLoop& loop, const std::vector<const FakeBackend*>& backends,
        ProxyOptions options)
      : router(CatchAll()),
        pool(std::make_unique<ConnectionPool>(loop, options.pool)) {
    std::vector<ConnectionPool::BackendId> members;
    for (const FakeBackend* backend : backends) {
      ConnectionPool::Backend added;
      added.name = absl::StrCat("fake ", members.size());
      added.pool = options.backend;
      added.connection = options.connection;
      added.connection.address = SocketAddress::FromSockaddr(
          backend->endpoint().get(), backend->endpoint().size);
      members.push_back(pool->AddBackend(std::move(added)));
    }
    options.rule.set = pool->AddSet(std::move(members), options.method);
    rules.push_back(std::move(options.rule));
    handler = std::make_unique<ProxyHandler>(router, rules, *pool);
    server =
        std::make_unique<HttpServer>(loop, *handler, std::move(options.server));
  }

  const Router router;
  std::vector<ForwardRule> rules;
  std::unique_ptr<ConnectionPool> pool;
  std::unique_ptr<ProxyHandler> handler;
  std::unique_ptr<HttpServer> server;
};

ProxyFixture::ProxyFixture(const std::vector<const FakeBackend*>& backends,
                           ProxyOptions options) {
  absl::StatusOr<std::unique_ptr<LoopThread>> thread =
      LoopThread::Create("proxy");
  CHECK(thread.ok()) << thread.status();
  thread_ = *std::move(thread);
  const uint32_t connections =
      static_cast<uint32_t>(options.backend.connections);
  const bool wait_for_backends = options.wait_for_backends;

  absl::StatusOr<UniqueFd> socket =
      Listen(*SocketAddress::Parse("127.0.0.1", 0), ListenOptions());
  CHECK(socket.ok()) << socket.status();
  endpoint_ = Endpoint::LoopbackV4(LocalAddress(socket->get()).port());
  thread_->RunAndWait([&] {
    parts_ =
        std::make_unique<Parts>(thread_->loop(), backends, std::move(options));
    parts_->pool->Start();
    const absl::Status status = parts_->server->Listen(*std::move(socket));
    CHECK(status.ok()) << status;
  });
  if (!wait_for_backends) return;
  for (size_t i = 0; i < backends.size(); ++i) {
    WaitForIdle(connections, static_cast<ConnectionPool::BackendId>(i));
  }
}

ProxyFixture::~ProxyFixture() {
  thread_->RunAndWait([this] {
    // The sessions' exchanges hold streams and tickets of the pool until the
    // end of this turn.
    parts_->server = nullptr;
    thread_->loop().DeleteLater(std::move(parts_));
  });
}

void ProxyFixture::Drain(Gate& drained) {
  thread_->RunAndWait(
      [&] { parts_->server->Drain([&drained] { drained.Open(); }); });
}

PoolState::Counts ProxyFixture::counts(ConnectionPool::BackendId backend) {
  PoolState::Counts counts;
  thread_->RunAndWait([&] { counts = parts_->pool->counts(backend); });
  return counts;
}

size_t ProxyFixture::pending() {
  size_t pending = 0;
  thread_->RunAndWait([&] { pending = parts_->pool->pending(); });
  return pending;
}

size_t ProxyFixture::sessions() {
  size_t sessions = 0;
  thread_->RunAndWait([&] { sessions = parts_->server->sessions(); });
  return sessions;
}

uint64_t ProxyFixture::requests() {
  uint64_t requests = 0;
  thread_->RunAndWait([&] { requests = parts_->server->requests(); });
  return requests;
}

bool ProxyFixture::WaitUntil(absl::string_view what,
                             absl::FunctionRef<bool()> condition) {
  const absl::Time deadline = absl::Now() + kWaitMax;
  while (!condition()) {
    if (absl::Now() > deadline) {
      const PoolState::Counts now = counts();
      ADD_FAILURE() << "the proxy waited " << kWaitMax << " for " << what
                    << "; first backend: down " << now.down << ", idle "
                    << now.idle << ", active " << now.active << "; pending "
                    << pending() << ", sessions " << sessions();
      return false;
    }
    poll(nullptr, 0, 1);  // Leave the processor to the proxy.
  }
  return true;
}

bool ProxyFixture::WaitForIdle(uint32_t connections,
                               ConnectionPool::BackendId backend) {
  return WaitUntil(absl::StrCat(connections, " idle connections"),
                   [&] { return counts(backend).idle == connections; });
}

bool ProxyFixture::WaitForDown(uint32_t connections,
                               ConnectionPool::BackendId backend) {
  return WaitUntil(absl::StrCat(connections, " connections down"),
                   [&] { return counts(backend).down == connections; });
}

bool ProxyFixture::WaitForActive(uint32_t connections,
                                 ConnectionPool::BackendId backend) {
  return WaitUntil(absl::StrCat(connections, " active connections"),
                   [&] { return counts(backend).active == connections; });
}

bool ProxyFixture::WaitForPending(size_t count) {
  return WaitUntil(absl::StrCat(count, " waiting requests"),
                   [&] { return pending() == count; });
}

bool ProxyFixture::WaitForSessions(size_t count) {
  return WaitUntil(absl::StrCat(count, " sessions"),
                   [&] { return sessions() == count; });
}

}  // namespace rproxy::test
