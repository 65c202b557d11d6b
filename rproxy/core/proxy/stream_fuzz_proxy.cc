#include "rproxy/core/proxy/stream_fuzz_proxy.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/testing/loop_runner.h"

namespace rproxy::test {
namespace {

// Turns without anything to move, after which nothing more is coming: closing,
// reporting and dialling again take a few each.
constexpr int kQuietTurns = 6;
// Inputs are short; more would be a loop that never rests.
constexpr int kTurnsMax = 100'000;

constexpr size_t kClientBytes = 4 * 1024 * 1024;

// Where every run's backend listens. Made once, because names are not free.
struct Address {
  Address() {
    char folder[] = "/tmp/rproxy_fuzz_XXXXXX";
    CHECK(mkdtemp(folder) != nullptr);
    directory = folder;
    path = absl::StrCat(directory, "/backend");
    absl::StatusOr<SocketAddress> parsed =
        SocketAddress::Parse(absl::StrCat("unix:", path), 0);
    CHECK(parsed.ok()) << parsed.status();
    address = *parsed;
    absl::StatusOr<UniqueFd> socket = Listen(address, ListenOptions());
    CHECK(socket.ok()) << socket.status();
    listener = *std::move(socket);
  }
  ~Address() {
    unlink(path.c_str());
    rmdir(directory.c_str());
  }

  std::string directory;
  std::string path;
  SocketAddress address;
  UniqueFd listener;
};

const Address& BackendAddress() {
  static Address address;
  return address;
}

std::unique_ptr<EventLoop> CreateLoop() {
  absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create();
  CHECK(loop.ok()) << loop.status();
  return *std::move(loop);
}

Router CreateRouter() {
  absl::StatusOr<Router> router =
      Router::Create({{.title = "*",
                       .aliases = {},
                       .rules = {{RuleConfig::Match::kGlob, "*", 0}}}});
  CHECK(router.ok()) << router.status();
  return *std::move(router);
}

}  // namespace

void StreamFuzzProxy::Backend::Send(absl::string_view bytes) {
  while (!bytes.empty() && fd.valid()) {
    const ssize_t n = send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

StreamFuzzProxy::Client::Client(StreamFuzzProxy& proxy) {
  FakeTransport::Pair pair =
      FakeTransport::MakePair(*proxy.loop_, kClientBytes);
  far_ = std::move(pair.second);
  proxy.server_->Serve(std::move(pair.first), SocketAddress(), SocketAddress());
}

bool StreamFuzzProxy::Client::Send(absl::string_view bytes) {
  if (!sending_ || ended()) return false;
  far_->Send(bytes);
  return true;
}

void StreamFuzzProxy::Client::EndSending() {
  if (!std::exchange(sending_, false)) return;
  far_->CloseWrite();
}

const std::string& StreamFuzzProxy::Client::received() {
  received_ += far_->ReceiveAll();
  return received_;
}

bool StreamFuzzProxy::Client::ended() {
  received();
  return far_->peer_ended() || far_->broken();
}

StreamFuzzProxy::StreamFuzzProxy()
    : loop_(CreateLoop()), router_(CreateRouter()) {
  PoolState::Options pool_options;
  pool_ = std::make_unique<ConnectionPool>(*loop_, pool_options);
  ConnectionPool::Backend backend;
  backend.name = "fuzzer";
  backend.pool = {.connections = 1,
                  .retry_min = absl::Nanoseconds(1),
                  .retry_max = absl::Nanoseconds(1)};
  backend.connection.address = BackendAddress().address;
  const ConnectionPool::BackendId id = pool_->AddBackend(std::move(backend));
  ForwardRule rule{.name = "all"};
  rule.set = pool_->AddSet({id}, LoadBalancingMethod::kRoundRobin);
  rules_.push_back(std::move(rule));
  handler_ = std::make_unique<ProxyHandler>(router_, rules_, *pool_);
  HttpServerOptions options;
  options.body_bytes_max = kBodyBytesMax;
  server_ = std::make_unique<HttpServer>(*loop_, *handler_, std::move(options));
  pool_->Start();
  Run();
}

StreamFuzzProxy::~StreamFuzzProxy() {
  // Exchanges hold streams and tickets of the pool until the turn ends.
  server_ = nullptr;
  RunTurns(*loop_, 1);
  handler_ = nullptr;
  pool_ = nullptr;
  RunTurns(*loop_, 1);
}

bool StreamFuzzProxy::MoveBackends() {
  bool moved = false;
  for (;;) {
    UniqueFd fd(accept4(BackendAddress().listener.get(), nullptr, nullptr,
                        SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) break;
    backends_.push_back(std::make_unique<Backend>());
    backends_.back()->fd = std::move(fd);
    moved = true;
  }
  std::array<char, 16 * 1024> part;
  for (const std::unique_ptr<Backend>& backend : backends_) {
    while (backend->fd.valid() && !backend->ended) {
      const ssize_t n = recv(backend->fd.get(), part.data(), part.size(), 0);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
      moved = true;
      if (n > 0) {
        backend->received.append(part.data(), static_cast<size_t>(n));
      } else {
        backend->ended = true;
      }
    }
  }
  return moved;
}

void StreamFuzzProxy::Run() {
  int turns = 0;
  for (int quiet = 0; quiet < kQuietTurns; ++quiet) {
    RunTurns(*loop_, 1);
    if (MoveBackends()) quiet = 0;
    const PoolState::Counts counts = pool_->counts(0);
    if (counts.down > 0) quiet = 0;  // It is being dialled.
    CHECK_LT(++turns, kTurnsMax) << "the proxy does not come to rest";
  }
}

}  // namespace rproxy::test
