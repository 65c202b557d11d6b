#include "rproxy/daemon/config/schema.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rproxy::config {
namespace {

constexpr size_t kTiB = size_t{1} << 40;
constexpr size_t kGiB = size_t{1} << 30;
constexpr size_t kMiB = size_t{1} << 20;

// Below this a deadline is over before anything can happen.
constexpr absl::Duration kShort = absl::Milliseconds(1);

constexpr absl::Duration kNothing = absl::ZeroDuration();

}  // namespace

template <>
absl::Span<const OptionSchema<Config>> OptionsOf<Config>() {
  static constexpr OptionSchema<Config> kOptions[] = {
      {"max-nofile", CountTarget<Config>{&Config::max_nofile, 64, 1 << 30},
       "Limit of open file descriptors to ask for; without it, as many as the "
       "system allows."},
      {"daemonize", UnsupportedTarget{.false_is_fine = true},
       "Leave the terminal and run in the background."},
      {"rootdir", UnsupportedTarget{}, "Directory to run in."},
      {"user", UnsupportedTarget{}, "User to run as."},
      {"group", UnsupportedTarget{}, "Group to run as."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<ServerConfig>> OptionsOf<ServerConfig>() {
  using S = ServerConfig;
  static constexpr OptionSchema<S> kOptions[] = {
      {"addr", AddressTarget<S>{&S::addr},
       "Address to listen on: IPv4, IPv6, or unix: and a path."},
      {"port", PortTarget<S>{&S::port, /*zero_for_tests=*/true},
       "Port to listen on; without meaning for unix:."},
      {"threads", CountTarget<S>{&S::threads, 1, 1024},
       "Workers, each with its own listener and backend connections."},
      {"read-timeout",
       DurationTarget<S>{&S::read_timeout, kShort, Zero::kIsOff},
       "Longest wait for the next bytes of a request body."},
      {"write-timeout",
       DurationTarget<S>{&S::write_timeout, kShort, Zero::kIsOff},
       "Longest time without progress in sending a response."},
      {"pending-timeout",
       DurationTarget<S>{&S::pending_timeout, kShort, Zero::kIsOff},
       "Longest wait of a request for an idle backend connection."},
      {"high-watermark",
       BytesTarget<S>{&S::high_watermark, 1, kGiB, Zero::kIsDefault},
       "Unsent response bytes at which reading from the backend pauses."},
      {"max-pending",
       CountTarget<S>{&S::max_pending, 1, 1 << 20, Zero::kIsDefault},
       "Requests of one worker that may wait for a backend connection."},
      {"backlog", IntTarget<S>{&S::backlog, 1, 65535},
       "Connections that the kernel queues before they are accepted."},
      {"disable-server-nagle", BoolTarget<S>{&S::disable_server_nagle},
       "Set TCP_NODELAY on the listener."},
      {"disable-client-nagle", BoolTarget<S>{&S::disable_client_nagle},
       "Set TCP_NODELAY on connections of clients."},
      {"disable-downstream-nagle", BoolTarget<S>{&S::disable_backend_nagle},
       "Set TCP_NODELAY on connections to backends.", "disable-backend-nagle"},
      {"shutdown-timeout", DurationTarget<S>{&S::shutdown_timeout, kNothing},
       "What a stop grants to running exchanges; 0 ends them at once."},
      {"keep-alive-timeout", DurationTarget<S>{&S::keep_alive_timeout, kShort},
       "How long a client connection may be idle between two requests."},
      {"header-timeout", DurationTarget<S>{&S::header_timeout, kShort},
       "Longest time from the first to the last byte of a request head."},
      {"max-header-size", BytesTarget<S>{&S::max_header_size, 256, kMiB},
       "Largest request head."},
      {"max-header-count", CountTarget<S>{&S::max_header_count, 1, 10000},
       "Most fields in a request head."},
      {"max-uri-length", BytesTarget<S>{&S::max_uri_length, 16, kMiB},
       "Longest request target."},
      {"max-body-size",
       BytesTarget<S>{&S::max_body_size, 1, kTiB, Zero::kIsOff},
       "Largest request body."},
      {"min-body-rate", BytesTarget<S>{&S::min_body_rate, 0, kGiB},
       "Request body bytes a second, over ten seconds, that a client must "
       "send; 0 for any."},
      {"max-requests-per-connection",
       CountTarget<S>{&S::max_requests_per_connection, 1, 1 << 30,
                      Zero::kIsOff},
       "Requests on one client connection."},
      {"max-connections",
       CountTarget<S>{&S::max_connections, 1, 1 << 30, Zero::kIsOff},
       "Client connections of all workers together."},
      {"max-connections-per-client",
       CountTarget<S>{&S::max_connections_per_client, 1, 1 << 30, Zero::kIsOff},
       "Client connections from one address."},
      {"tunnel-timeout",
       DurationTarget<S>{&S::tunnel_timeout, kShort, Zero::kIsOff},
       "Longest silence of both sides after an upgrade."},
      {"via", TextTarget<S>{&S::via, TextKind::kTokenOrOff},
       "Name of this proxy in Via fields."},
      {"server-header",
       TextTarget<S>{&S::server_header, TextKind::kFieldValueOrOff},
       "Server field of responses that have none."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<BackendConfig>> OptionsOf<BackendConfig>() {
  using B = BackendConfig;
  static constexpr OptionSchema<B> kOptions[] = {
      {"enabled", BoolTarget<B>{&B::enabled},
       "Whether the backend is used; false removes it everywhere."},
      {"addr", AddressTarget<B>{&B::addr},
       "Address to connect to: IPv4, IPv6, or unix: and a path. Required."},
      {"port", PortTarget<B>{&B::port},
       "Port to connect to. Required but for unix:."},
      {"connections", CountTarget<B>{&B::connections, 1, 65535},
       "Persistent connections that each worker keeps."},
      {"high-watermark",
       BytesTarget<B>{&B::high_watermark, 1, kGiB, Zero::kIsDefault},
       "Unsent request bytes at which reading from the client pauses."},
      {"read-timeout",
       DurationTarget<B>{&B::read_timeout, kShort, Zero::kIsOff},
       "Longest silence of the backend during an exchange."},
      {"write-timeout",
       DurationTarget<B>{&B::write_timeout, kShort, Zero::kIsOff},
       "Longest time without progress in sending a request."},
      {"connect-timeout", DurationTarget<B>{&B::connect_timeout, kShort},
       "Longest time to open a connection."},
      {"retry", DurationTarget<B>{&B::retry, kShort},
       "Time before the first reconnect; doubled by each failure."},
      {"retry-max", DurationTarget<B>{&B::retry_max, kShort},
       "Longest time between two reconnects."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<VhostConfig>> OptionsOf<VhostConfig>() {
  using V = VhostConfig;
  static constexpr OptionSchema<V> kOptions[] = {
      {"aliases", StringsTarget<V>{&V::aliases},
       "More hosts of this vhost, as globs."},
      {"strip-headers", StringsTarget<V>{&V::strip_headers},
       "Names of response headers to remove."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<RuleConfig>> OptionsOf<RuleConfig>() {
  using R = RuleConfig;
  static constexpr OptionSchema<R> kOptions[] = {
      {"uri-match", UriMatchTarget<R>{&R::match, UriMatchKind::kExact},
       "The path, exactly."},
      {"uri-gmatch", UriMatchTarget<R>{&R::match, UriMatchKind::kGlob},
       "A glob over the whole path; * stands for anything."},
      {"uri-rmatch", UnsupportedTarget{},
       "A regular expression searched in the path."},
      {"downstreams", StringsTarget<R>{&R::backends},
       "Backends of the same server that requests go to. Required.",
       "backends"},
      {"lb-method", LbMethodTarget<R>{&R::lb_method},
       "How a backend is chosen: rtt, roundrobin, random, most-idle, none."},
      {"upstream-read-timeout", UnsupportedTarget{},
       "read-timeout of the client, for this rule."},
      {"upstream-write-timeout", UnsupportedTarget{},
       "write-timeout of the client, for this rule."},
      {"passthrough", BoolTarget<R>{&R::passthrough},
       "Whether any protocol may be upgraded to, not only websocket."},
      {"allow-trace", BoolTarget<R>{&R::allow_trace},
       "Whether TRACE is forwarded."},
      {"allow-redirect", UnsupportedTarget{.false_is_fine = true},
       "Follow X-Internal-Redirect of the backend."},
      {"redirect-filter", UnsupportedTarget{},
       "Hosts that internal redirects may go to."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<HeadersConfig>> OptionsOf<HeadersConfig>() {
  using H = HeadersConfig;
  constexpr UnsupportedTarget kTls{.false_is_fine = true};
  static constexpr OptionSchema<H> kOptions[] = {
      {"x-forwarded-for", BoolTarget<H>{&H::x_forwarded_for},
       "The address of the client."},
      {"x-request-id", BoolTarget<H>{&H::x_request_id},
       "The id of the exchange, in place of what the client sent."},
      {"x-ssl-subject", kTls, "Subject of the client's certificate."},
      {"x-ssl-issuer", kTls, "Issuer of the client's certificate."},
      {"x-ssl-notbefore", kTls, "Start of the certificate's validity."},
      {"x-ssl-notafter", kTls, "End of the certificate's validity."},
      {"x-ssl-serial", kTls, "Serial number of the client's certificate."},
      {"x-ssl-sha1", kTls, "SHA-1 of the client's certificate."},
      {"x-ssl-cipher", kTls, "Cipher of the connection."},
      {"x-ssl-certificate", kTls, "The client's certificate."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<ErrorPageConfig>> OptionsOf<ErrorPageConfig>() {
  using E = ErrorPageConfig;
  static constexpr OptionSchema<E> kOptions[] = {
      {"status", IntTarget<E>{&E::status, 400, 599},
       "The status that the page is for. Required."},
      {"file", TextTarget<E>{&E::file, TextKind::kNonEmpty},
       "The file that holds the page; read at start. Required."},
      {"content-type", TextTarget<E>{&E::content_type, TextKind::kFieldValue},
       "What the file holds."},
  };
  return kOptions;
}

template <>
absl::Span<const OptionSchema<LoggingConfig>> OptionsOf<LoggingConfig>() {
  return {};
}

template <>
absl::Span<const OptionSchema<LogConfig>> OptionsOf<LogConfig>() {
  using L = LogConfig;
  static constexpr OptionSchema<L> kOptions[] = {
      {"enabled", BoolTarget<L>{&L::enabled}, "Whether this log is written."},
      {"output", TextTarget<L>{&L::output, TextKind::kLogOutput},
       "Where to: file: and a path."},
      {"format", TextTarget<L>{&L::format, TextKind::kNonEmpty},
       "What a line holds: text with tokens, or json, common or combined."},
      {"level", LogLevelTarget<L>{&L::level},
       "What matters less is left out: emerg, alert, crit, error, warn, "
       "notice, info, debug."},
  };
  return kOptions;
}

absl::Span<const SectionSchema> SectionsOf(SectionKind parent) {
  static constexpr SectionSchema kGlobal[] = {
      {SectionKind::kServer, "server", false, true,
       "A place to listen, its backends and its vhosts."},
  };
  static constexpr SectionSchema kServer[] = {
      {SectionKind::kBackend, "downstream", true, true,
       "A place that requests go to.", "backend"},
      {SectionKind::kVhost, "vhost", true, true, "A host and its rules."},
      {SectionKind::kErrorPage, "error-page", false, true,
       "A page of yours in place of the proxy's own line of text."},
      {SectionKind::kLogging, "logging", false, false, "Logs."},
      {SectionKind::kUnsupported, "ssl", false, false, "TLS to clients."},
  };
  static constexpr SectionSchema kLogging[] = {
      {SectionKind::kRequestLog, "request", false, false,
       "A line for each request."},
      {SectionKind::kErrorLog, "error", false, false,
       "A line for each request that went wrong, with the cause."},
      {SectionKind::kUnsupported, "general", false, false,
       "What does not concern one request."},
  };
  static constexpr SectionSchema kVhost[] = {
      {SectionKind::kRule, "rule", true, true,
       "Which requests go to which backends."},
      {SectionKind::kHeaders, "headers", false, false,
       "Request headers to add toward the backend."},
      {SectionKind::kUnsupported, "ssl", false, false, "TLS to clients."},
      {SectionKind::kUnsupported, "logging", false, false, "Logs."},
  };
  static constexpr SectionSchema kRule[] = {
      {SectionKind::kHeaders, "headers", false, false,
       "As in the vhost, and instead of it."},
  };
  static constexpr SectionSchema kHeaders[] = {
      {SectionKind::kUnsupported, "x509-extension", false, true,
       "A header with an extension of the client's certificate."},
  };
  switch (parent) {
    case SectionKind::kGlobal:
      return kGlobal;
    case SectionKind::kServer:
      return kServer;
    case SectionKind::kVhost:
      return kVhost;
    case SectionKind::kRule:
      return kRule;
    case SectionKind::kHeaders:
      return kHeaders;
    case SectionKind::kLogging:
      return kLogging;
    case SectionKind::kBackend:
    case SectionKind::kErrorPage:
    case SectionKind::kRequestLog:
    case SectionKind::kErrorLog:
    case SectionKind::kUnsupported:
      return {};
  }
  return {};
}

namespace {

// Works for both kinds of schema: `name_of` gives the first spelling.
template <typename Schema, typename NameOf>
std::vector<std::string_view> Names(absl::Span<const Schema> schemas,
                                    NameOf name_of) {
  std::vector<std::string_view> names;
  for (const Schema& schema : schemas) {
    names.push_back(name_of(schema));
    if (!schema.alias.empty()) names.push_back(schema.alias);
  }
  return names;
}

template <typename T>
std::vector<std::string_view> NamesOf() {
  return Names(OptionsOf<T>(),
               [](const OptionSchema<T>& option) { return option.name; });
}

struct SectionWords {
  SectionKind kind;
  std::string_view keyword;
};

constexpr SectionWords kSections[] = {
    {SectionKind::kGlobal, "the top of the file"},
    {SectionKind::kServer, "server"},
    {SectionKind::kBackend, "backend"},
    {SectionKind::kVhost, "vhost"},
    {SectionKind::kRule, "rule"},
    {SectionKind::kHeaders, "headers"},
    {SectionKind::kErrorPage, "error-page"},
    {SectionKind::kLogging, "logging"},
    {SectionKind::kRequestLog, "request"},
    {SectionKind::kErrorLog, "error"},
};

template <typename NamesOfKind>
std::string WhereItBelongs(std::string_view word, NamesOfKind names_of_kind) {
  std::vector<std::string_view> homes;
  for (const SectionWords& section : kSections) {
    for (const std::string_view name : names_of_kind(section.kind)) {
      if (absl::EqualsIgnoreCase(name, word)) homes.push_back(section.keyword);
    }
  }
  if (homes.empty()) return "";
  return absl::StrCat("; it belongs in ", absl::StrJoin(homes, " or "));
}

}  // namespace

std::vector<std::string_view> OptionNames(SectionKind kind) {
  switch (kind) {
    case SectionKind::kGlobal:
      return NamesOf<Config>();
    case SectionKind::kServer:
      return NamesOf<ServerConfig>();
    case SectionKind::kBackend:
      return NamesOf<BackendConfig>();
    case SectionKind::kVhost:
      return NamesOf<VhostConfig>();
    case SectionKind::kRule:
      return NamesOf<RuleConfig>();
    case SectionKind::kHeaders:
      return NamesOf<HeadersConfig>();
    case SectionKind::kErrorPage:
      return NamesOf<ErrorPageConfig>();
    case SectionKind::kLogging:
      return NamesOf<LoggingConfig>();
    case SectionKind::kRequestLog:
    case SectionKind::kErrorLog:
      return NamesOf<LogConfig>();
    case SectionKind::kUnsupported:
      return {};
  }
  return {};
}

std::vector<std::string_view> SectionNames(SectionKind kind) {
  return Names(SectionsOf(kind),
               [](const SectionSchema& section) { return section.keyword; });
}

std::string WhereOptionBelongs(std::string_view name) {
  return WhereItBelongs(name, OptionNames);
}

std::string WhereSectionBelongs(std::string_view keyword) {
  return WhereItBelongs(keyword, SectionNames);
}

}  // namespace rproxy::config
