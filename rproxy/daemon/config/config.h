// The configuration as the daemon uses it: checked plain values.
//
// Load() fills these in. Whatever reaches the daemon is in range and complete:
// names refer to something, disabled backends are gone, defaults are applied.
// Values compare by content, so that a reload can tell what changed.
//
// A duration that the file turned off is absl::InfiniteDuration().
//
// Threading: plain values.

#ifndef RPROXY_DAEMON_CONFIG_CONFIG_H_
#define RPROXY_DAEMON_CONFIG_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace rproxy::config {

enum class AddressFamily { kIpv4, kIpv6, kUnix };

// Where to listen or to connect, but for the port.
struct Address {
  AddressFamily family = AddressFamily::kIpv4;

  // A literal that inet_pton() takes, or the path of a Unix socket. Neither
  // has a prefix.
  std::string host = "127.0.0.1";

  bool operator==(const Address&) const = default;
};

// Request headers that the proxy adds toward the backend.
struct HeadersConfig {
  bool x_forwarded_for = true;

  // The exchange's own id, in place of whatever the client sent.
  bool x_request_id = false;

  bool operator==(const HeadersConfig&) const = default;
};

// A pool of connections to one place. The file calls it `downstream` or
// `backend`.
struct BackendConfig {
  std::string name;
  bool enabled = true;  // Always true after Load().
  Address addr;
  uint16_t port = 0;  // 0 only for a Unix socket.

  // Persistent connections that each worker keeps.
  size_t connections = 1;

  // Unsent request bytes at which reading from the client pauses.
  size_t high_watermark = 256 * 1024;

  // The longest silence of the backend while it owes bytes of a response.
  // Idle connections are not under it.
  absl::Duration read_timeout = absl::Seconds(60);

  // The longest time without progress while request bytes are unsent.
  absl::Duration write_timeout = absl::Seconds(60);

  absl::Duration connect_timeout = absl::Seconds(5);

  // Time before the first reconnect; each failure doubles it, up to retry_max.
  // retry <= retry_max.
  absl::Duration retry = absl::Milliseconds(50);
  absl::Duration retry_max = absl::Seconds(10);

  bool operator==(const BackendConfig&) const = default;
};

enum class LbMethod { kRtt, kRoundRobin, kRandom, kMostIdle, kNone };

// Paths are compared whole, with case, without query, undecoded.
enum class UriMatchKind {
  kExact,
  kGlob,  // '*' stands for any bytes, '/' too.
};

struct UriMatch {
  UriMatchKind kind = UriMatchKind::kGlob;
  std::string pattern;

  bool operator==(const UriMatch&) const = default;
};

struct RuleConfig {
  std::string name;
  UriMatch match;

  // Names in ServerConfig::backends, each present. Never empty. A name that is
  // given twice counts once.
  std::vector<std::string> backends;

  LbMethod lb_method = LbMethod::kRtt;

  // Any protocol may be upgraded to, not only websocket.
  bool passthrough = false;

  // TRACE is forwarded; it shows a client what the proxy added.
  bool allow_trace = false;

  // The rule's own headers section, else that of its vhost. Absent: neither
  // has one, and no header is added.
  std::optional<HeadersConfig> headers;

  bool operator==(const RuleConfig&) const = default;
};

struct VhostConfig {
  std::string name;  // A glob over the host.
  std::vector<std::string> aliases;

  // Response headers to remove, every copy; compared without case.
  std::vector<std::string> strip_headers;

  std::vector<RuleConfig> rules;  // In file order; the first match wins.

  bool operator==(const VhostConfig&) const = default;
};

// A response of the proxy's own, in place of its line of text.
struct ErrorPageConfig {
  int status = 0;
  std::string file;
  std::string content_type = "text/html; charset=utf-8";
  std::string body;  // What `file` held when the configuration was loaded.

  bool operator==(const ErrorPageConfig&) const = default;
};

// From the worst to the most talkative.
enum class LogLevel {
  kEmerg,
  kAlert,
  kCrit,
  kError,
  kWarn,
  kNotice,
  kInfo,
  kDebug,
};

// One log of a server.
struct LogConfig {
  bool enabled = false;

  // A file that lines are appended to, or /dev/stdout or /dev/stderr.
  std::string output = "/dev/stdout";

  // See core/proxy/log_format.h; always one that it takes.
  std::string format = "{SRC} {HOST} {URI} {HOST}";

  // Lines that matter less are left out. A request's line is an alert, so
  // that only emerg leaves it out.
  LogLevel level = LogLevel::kError;

  bool operator==(const LogConfig&) const = default;
};

struct LoggingConfig {
  LogConfig request;  // Each exchange.
  LogConfig error;    // Each exchange that went wrong, with the cause.

  bool operator==(const LoggingConfig&) const = default;
};

struct ServerConfig {
  Address addr;
  uint16_t port = 8080;

  // Workers: each has an event loop, a listener and its backend connections.
  size_t threads = 4;

  // The longest wait for the next bytes of a request body.
  absl::Duration read_timeout = absl::Seconds(60);

  // The longest time without progress while response bytes are unsent.
  absl::Duration write_timeout = absl::Seconds(60);

  // The longest wait for an idle backend connection; then 503.
  absl::Duration pending_timeout = absl::Seconds(30);

  // Requests of one worker that may wait at once; one more gets 503. The
  // predecessor's 0 meant "without limit"; a queue without limit is what an
  // attacker fills, so 0 means this default now, and Load() warns.
  size_t max_pending = 1024;

  // Unsent response bytes at which reading from the backend pauses. 0 as
  // above.
  size_t high_watermark = 256 * 1024;

  int backlog = 1024;

  // TCP_NODELAY on the listener, on accepted sockets, on backend sockets. The
  // predecessor's default was false; a proxy that writes whole messages gains
  // nothing from Nagle's algorithm and loses up to 40 ms to it.
  bool disable_server_nagle = true;
  bool disable_client_nagle = true;
  bool disable_backend_nagle = true;

  // What SIGTERM grants to running exchanges. 0 ends them at once.
  absl::Duration shutdown_timeout = absl::Seconds(30);

  // How long a client connection may stay open between two requests.
  absl::Duration keep_alive_timeout = absl::Seconds(75);

  // From the first byte of a request head to its last.
  absl::Duration header_timeout = absl::Seconds(60);

  // Bytes of a whole request head, fields in it, bytes of its target.
  size_t max_header_size = 32 * 1024;
  size_t max_header_count = 128;
  size_t max_uri_length = 8 * 1024;

  // Bytes of a request body; 413 beyond. Without limit by default.
  size_t max_body_size = SIZE_MAX;

  // Request body bytes a second that a client must send, over ten seconds;
  // 408 below. 0: any.
  size_t min_body_rate = 0;

  // Requests on one client connection. Without limit by default.
  size_t max_requests_per_connection = SIZE_MAX;

  // Client connections of all workers together, and of one client's address;
  // 503 beyond. Without limit by default.
  size_t max_connections = SIZE_MAX;
  size_t max_connections_per_client = SIZE_MAX;

  // The longest silence of both sides of an upgraded connection.
  absl::Duration tunnel_timeout = absl::Hours(1);

  // The name of this proxy in Via fields; empty: none are written.
  std::string via;

  // The Server field of responses that have none; empty: none is written.
  std::string server_header = "rproxy";

  std::vector<ErrorPageConfig> error_pages;  // Each status once.

  LoggingConfig logging;

  std::vector<BackendConfig> backends;  // The enabled ones.
  std::vector<VhostConfig> vhosts;      // In file order.

  bool operator==(const ServerConfig&) const = default;
};

struct Config {
  // The limit of open descriptors to ask for. 0: as many as the system allows.
  size_t max_nofile = 0;

  std::vector<ServerConfig> servers;  // At least one.

  bool operator==(const Config&) const = default;
};

}  // namespace rproxy::config

#endif  // RPROXY_DAEMON_CONFIG_CONFIG_H_
