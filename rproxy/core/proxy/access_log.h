// Lines about exchanges: the access log, and the log of those that went wrong.
//
// Lines are formatted into a buffer of the loop's own and handed to the sinks'
// thread when there are many, or the first of them has waited a little.
//
// Threading: belongs to one loop; the sinks are shared.

#ifndef RPROXY_CORE_PROXY_ACCESS_LOG_H_
#define RPROXY_CORE_PROXY_ACCESS_LOG_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "rproxy/core/base/log_writer.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/proxy/log_format.h"
#include "rproxy/core/server/exchange_observer.h"

namespace rproxy {

// How much a cause matters, from the most.
enum class Severity : uint8_t {
  kNone,     // More than any cause does.
  kError,    // A backend's failure, or ours.
  kWarning,  // A client's.
  kNotice,   // In the order of things.
};

Severity SeverityOf(Cause cause);

class AccessLog final : public ExchangeObserver {
 public:
  // A log without a sink is not written. What is named outlives the AccessLog.
  struct Options {
    LogSink* request_sink = nullptr;
    const LogFormat* request_format = nullptr;

    // Of exchanges with a cause that matters as much as `level` or more. Lines
    // end with the cause.
    LogSink* error_sink = nullptr;
    const LogFormat* error_format = nullptr;
    Severity error_level = Severity::kError;
  };

  AccessLog(EventLoop& loop, const Options& options);
  // Hands over what is left.
  ~AccessLog();

  void OnExchangeEnd(const ExchangeSummary& summary) override;

  // Hands over what was logged so far.
  void Flush();

 private:
  struct Lines {
    std::string text;
    size_t count = 0;
  };
  static void HandOver(LogSink* sink, Lines& lines);

  const Options options_;
  LogTimestamps timestamps_;
  Lines requests_;
  Lines errors_;
  Timer timer_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_ACCESS_LOG_H_
