// Plain bytes over a connected stream socket.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_NET_RAW_TRANSPORT_H_
#define RPROXY_CORE_NET_RAW_TRANSPORT_H_

#include <memory>
#include <optional>

#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/net/transport.h"

namespace rproxy {

class RawTransport final : public Transport {
 public:
  // `fd` is a connected, non-blocking stream socket.
  RawTransport(EventLoop& loop, UniqueFd fd);

  absl::Status Start(Observer& observer) override;
  IoResult Read(absl::Span<char> into) override;
  IoResult Write(absl::Span<const iovec> pieces) override;
  void CloseWrite() override;
  void Abort() override;
  int TakeError() override;
  uint16_t local_port() const override;

 private:
  EventLoop& loop_;
  UniqueFd fd_;  // Dies after the watcher.
  std::optional<FdWatcher> watcher_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_RAW_TRANSPORT_H_
