// A whole proxy in the fuzzer's own thread: a server whose clients are streams
// in memory, and a pool whose one backend is played by whoever fuzzes.
//
//   StreamFuzzProxy proxy;
//   StreamFuzzProxy::Client client(proxy);
//   client.Send("GET / HTTP/1.1\r\n...");
//   proxy.Run();
//   for (const auto& backend : proxy.backends()) ... backend->received ...
//
// The backend listens on a Unix socket, because the pool dials; everything on
// it is moved by the same thread, so each run is the same.
//
// Threading: one thread.

#ifndef RPROXY_CORE_PROXY_STREAM_FUZZ_PROXY_H_
#define RPROXY_CORE_PROXY_STREAM_FUZZ_PROXY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/proxy/proxy_handler.h"
#include "rproxy/core/routing/router.h"
#include "rproxy/core/server/http_server.h"
#include "rproxy/testing/fake_transport.h"

namespace rproxy::test {

class StreamFuzzProxy {
 public:
  // Longer request bodies are refused.
  static constexpr uint64_t kBodyBytesMax = 32 * 1024;

  // One accepted connection of the proxy to its backend.
  struct Backend {
    UniqueFd fd;
    std::string received;   // Every byte so far.
    size_t served = 0;      // Of them, what the fuzzer has dealt with.
    bool answered = false;  // For the fuzzer's own notes.
    bool ended = false;     // The proxy has closed or reset it.

    // Does nothing if the proxy is gone.
    void Send(absl::string_view bytes);
    void Close() { fd.Reset(); }
  };

  // A client. Destroying it resets its connection: an end in good order would
  // leave it waiting for its answer.
  class Client {
   public:
    explicit Client(StreamFuzzProxy& proxy);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() { far_->Abort(); }

    // False if the proxy takes no more.
    bool Send(absl::string_view bytes);
    void EndSending();

    // Every byte so far. Call Run before.
    const std::string& received();
    // The proxy has ended its side, in good order or not.
    bool ended();
    bool was_reset() const { return far_->broken(); }

   private:
    std::unique_ptr<FakeTransport> far_;
    std::string received_;
    bool sending_ = true;
  };

  StreamFuzzProxy();
  ~StreamFuzzProxy();
  StreamFuzzProxy(const StreamFuzzProxy&) = delete;
  StreamFuzzProxy& operator=(const StreamFuzzProxy&) = delete;

  // Runs turns until nothing that has been sent is left to move, and the pool
  // has its connection.
  void Run();

  const std::vector<std::unique_ptr<Backend>>& backends() const {
    return backends_;
  }
  size_t sessions() const { return server_->sessions(); }

 private:
  // True if anything came.
  bool MoveBackends();

  const std::unique_ptr<EventLoop> loop_;
  const Router router_;
  std::vector<ForwardRule> rules_;
  std::unique_ptr<ConnectionPool> pool_;
  std::unique_ptr<ProxyHandler> handler_;
  std::unique_ptr<HttpServer> server_;
  std::vector<std::unique_ptr<Backend>> backends_;
};

}  // namespace rproxy::test

#endif  // RPROXY_CORE_PROXY_STREAM_FUZZ_PROXY_H_
