#include "rproxy/daemon/config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cstddef>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rproxy/core/proxy/log_format.h"
#include "rproxy/core/routing/host_matcher.h"
#include "rproxy/daemon/config/option_reader.h"
#include "rproxy/daemon/config/schema.h"
#include "rproxy/daemon/config/suggestion.h"
#include "rproxy/daemon/config/syntax.h"
#include "rproxy/daemon/config/values.h"

namespace rproxy::config {
namespace {

// A section whose keyword and title are right.
struct Child {
  SectionKind kind;
  const Section* section;
};

// RFC 9110 section 5.1: a field name is a token.
bool IsFieldName(std::string_view name) {
  return !name.empty() && ParseToken(name).ok();
}

std::string ListenerText(const ServerConfig& server) {
  switch (server.addr.family) {
    case AddressFamily::kUnix:
      return absl::StrCat("unix:", server.addr.host);
    case AddressFamily::kIpv4:
      return absl::StrCat(server.addr.host, ":", server.port);
    case AddressFamily::kIpv6:
      return absl::StrCat("[", server.addr.host, "]:", server.port);
  }
  return "";
}

// Turns the sections of one file into values. The methods named after a
// section read it, with all that is in it.
class Loader {
 public:
  Loader(const LoadOptions& options, Diagnostics& diagnostics)
      : options_(options), diagnostics_(diagnostics) {}

  Config File(const Section& root);

 private:
  // What rules may name: the backends of a server, enabled or not.
  struct Backends {
    std::vector<std::string_view> names;
    std::vector<BackendConfig> values;  // As many, in the same order.
    absl::flat_hash_map<std::string_view, size_t> places;

    const BackendConfig* Find(std::string_view name) const;
  };

  ServerConfig Server(const Section& section);
  BackendConfig Backend(const Section& section);
  VhostConfig Vhost(const Section& section, const Backends& backends);
  RuleConfig Rule(const Section& section, const Backends& backends);
  HeadersConfig Headers(const Section& section);
  ErrorPageConfig ErrorPage(const Section& section);
  LoggingConfig Logging(const Section& section);
  LogConfig Log(SectionKind kind, const Section& section);

  void CheckMatch(const Section& section, const ReadContext& context,
                  const RuleConfig& rule);
  void ResolveBackends(const Section& section, const ReadContext& context,
                       const Backends& backends, RuleConfig& rule);
  void CheckListener(const Section& section, const ReadContext& context,
                     const ServerConfig& server);
  void AddErrorPage(const Section& section, const ReadContext& context,
                    ServerConfig& server);
  // Each host belongs to one vhost.
  void CheckHosts(const std::vector<const Section*>& vhosts);

  // The sections inside `section` that can be read. Reports the others, and
  // what is wrong with titles and repetitions.
  std::vector<Child> Children(const Section& section,
                              const ReadContext& context);
  const SectionSchema* FindSection(const Section& section,
                                   const ReadContext& context);
  bool TitleIsRight(const Section& section, const SectionSchema& schema,
                    const ReadContext& context);

  ReadContext ContextOf(SectionKind kind, const Section& section);

  const LoadOptions& options_;
  Diagnostics& diagnostics_;
  absl::flat_hash_map<std::string, int> listener_lines_;
};

const BackendConfig* Loader::Backends::Find(std::string_view name) const {
  const auto place = places.find(name);
  return place == places.end() ? nullptr : &values[place->second];
}

Config Loader::File(const Section& root) {
  Config config;
  const ReadContext context = ContextOf(SectionKind::kGlobal, root);
  ReadOptions(root, context, config);
  for (const Child& child : Children(root, context)) {
    config.servers.push_back(Server(*child.section));
  }
  if (config.servers.empty() && !root.damaged) {
    context.Error(root.position, "there is no server { } section");
  }
  return config;
}

ServerConfig Loader::Server(const Section& section) {
  ServerConfig server;
  const ReadContext context = ContextOf(SectionKind::kServer, section);
  ReadOptions(section, context, server);
  CheckListener(section, context, server);
  if (server.addr.family == AddressFamily::kUnix) server.port = 0;

  const std::vector<Child> children = Children(section, context);
  Backends backends;  // Rules may stand before them.
  for (const Child& child : children) {
    if (child.kind != SectionKind::kBackend) continue;
    const std::string_view name = child.section->title->text;
    backends.places.emplace(name, backends.names.size());
    backends.names.push_back(name);
    backends.values.push_back(Backend(*child.section));
  }
  std::vector<const Section*> vhosts;
  for (const Child& child : children) {
    if (child.kind == SectionKind::kVhost) {
      vhosts.push_back(child.section);
      server.vhosts.push_back(Vhost(*child.section, backends));
    } else if (child.kind == SectionKind::kErrorPage) {
      AddErrorPage(*child.section, context, server);
    } else if (child.kind == SectionKind::kLogging) {
      server.logging = Logging(*child.section);
    }
  }
  CheckHosts(vhosts);
  if (server.vhosts.empty() && !section.damaged) {
    context.Warning(section.position,
                    "there is no vhost: every request gets a 404");
  }
  for (BackendConfig& backend : backends.values) {
    if (backend.enabled) server.backends.push_back(std::move(backend));
  }
  return server;
}

void Loader::CheckListener(const Section& section, const ReadContext& context,
                           const ServerConfig& server) {
  const Option* port = FindOption(section, "port");
  const bool is_unix = server.addr.family == AddressFamily::kUnix;
  if (is_unix && port != nullptr) {
    context.Warning(port->position,
                    "option \"port\" has no meaning with a unix: address");
  }
  if (!is_unix && server.port == 0) return;  // Some free port each.
  // With SO_REUSEPORT both would listen, and share the clients by chance.
  const auto [earlier, is_new] =
      listener_lines_.try_emplace(ListenerText(server), section.position.line);
  if (!is_new) {
    context.Error(
        section.position,
        absl::StrCat("listens on ", ListenerText(server),
                     ", as does the server of line ", earlier->second));
  }
}

void Loader::AddErrorPage(const Section& section, const ReadContext& context,
                          ServerConfig& server) {
  ErrorPageConfig page = ErrorPage(section);
  for (const ErrorPageConfig& other : server.error_pages) {
    if (other.status != page.status || page.status == 0) continue;
    context.Error(section.position,
                  absl::StrCat("there is an error-page for status ",
                               page.status, " already"));
  }
  server.error_pages.push_back(std::move(page));
}

ErrorPageConfig Loader::ErrorPage(const Section& section) {
  ErrorPageConfig page;
  const ReadContext context = ContextOf(SectionKind::kErrorPage, section);
  ReadOptions(section, context, page);
  Children(section, context);
  if (FindOption(section, "status") == nullptr && !section.damaged) {
    context.Error(section.position, "has no status");
  }
  const Option* file = FindOption(section, "file");
  if (file == nullptr && !section.damaged) {
    context.Error(section.position, "has no file");
  }
  if (page.file.empty()) return page;
  absl::StatusOr<std::string> body =
      options_.read_file ? options_.read_file(page.file)
                         : absl::UnavailableError("files are out of reach");
  if (!body.ok()) {
    context.Error(file->values.front().position,
                  absl::StrCat("cannot read ", Quoted(page.file), ": ",
                               body.status().message()));
    return page;
  }
  page.body = *std::move(body);
  return page;
}

LoggingConfig Loader::Logging(const Section& section) {
  LoggingConfig logging;
  const ReadContext context = ContextOf(SectionKind::kLogging, section);
  ReadOptions(section, context, logging);
  for (const Child& child : Children(section, context)) {
    LogConfig& log = child.kind == SectionKind::kRequestLog ? logging.request
                                                            : logging.error;
    log = Log(child.kind, *child.section);
  }
  return logging;
}

LogConfig Loader::Log(SectionKind kind, const Section& section) {
  LogConfig log;
  const ReadContext context = ContextOf(kind, section);
  ReadOptions(section, context, log);
  Children(section, context);
  const absl::StatusOr<LogFormat> format = LogFormat::Parse(log.format);
  if (!format.ok()) {
    context.Error(
        FindOption(section, "format")->values.front().position,
        absl::StrCat("option \"format\": ", format.status().message()));
  }
  return log;
}

void Loader::CheckHosts(const std::vector<const Section*>& vhosts) {
  HostMatcher hosts;
  const auto add = [&](const ReadContext& context, const Position& position,
                       uint32_t vhost, const std::string& host) {
    if (host.empty()) return;  // Said already.
    if (HostOf(host).empty()) {
      context.Error(position, absl::StrCat(Quoted(host), " is not a host"));
      return;
    }
    const std::optional<uint32_t> owner = hosts.Add(host, vhost);
    if (!owner || *owner == vhost) return;
    const Value& title = *vhosts[*owner]->title;
    // Titles that differ by case only are duplicates, which was said already.
    if (absl::EqualsIgnoreCase(title.text, vhosts[vhost]->title->text)) return;
    context.Error(
        position,
        absl::StrCat("host ", Quoted(host), " belongs to the vhost of line ",
                     title.position.line, " already (ports do not count)"));
  };
  for (uint32_t i = 0; i < vhosts.size(); ++i) {
    const ReadContext context = ContextOf(SectionKind::kVhost, *vhosts[i]);
    add(context, vhosts[i]->title->position, i, vhosts[i]->title->text);
    const Option* aliases = FindOption(*vhosts[i], "aliases");
    if (aliases == nullptr) continue;
    for (const Option& option : vhosts[i]->options) {
      if (!absl::EqualsIgnoreCase(option.name, "aliases")) continue;
      for (const Value& alias : option.values) {
        add(context, alias.position, i, alias.text);
      }
    }
  }
}

BackendConfig Loader::Backend(const Section& section) {
  BackendConfig backend;
  const ReadContext context = ContextOf(SectionKind::kBackend, section);
  ReadOptions(section, context, backend);
  backend.name = section.title->text;

  const Option* port = FindOption(section, "port");
  const bool has_addr = FindOption(section, "addr") != nullptr;
  if (!has_addr && !section.damaged) {
    context.Error(section.position, "has no addr");
  }
  if (backend.addr.family == AddressFamily::kUnix) {
    backend.port = 0;
    if (port != nullptr) {
      context.Warning(port->position,
                      "option \"port\" has no meaning with a unix: address");
    }
  } else if (has_addr && port == nullptr && !section.damaged) {
    context.Error(section.position, "has no port");
  }

  if (backend.retry > backend.retry_max) {
    const Option* retry_max = FindOption(section, "retry-max");
    if (retry_max == nullptr) {
      backend.retry_max = backend.retry;
    } else {
      context.Error(retry_max->position,
                    "option \"retry-max\" is smaller than \"retry\"");
    }
  }
  return backend;
}

VhostConfig Loader::Vhost(const Section& section, const Backends& backends) {
  VhostConfig vhost;
  const ReadContext context = ContextOf(SectionKind::kVhost, section);
  ReadOptions(section, context, vhost);
  vhost.name = section.title->text;
  for (const std::string& name : vhost.strip_headers) {
    if (!IsFieldName(name)) {
      context.Error(FindOption(section, "strip-headers")->position,
                    absl::StrCat("option \"strip-headers\": ", Quoted(name),
                                 " is not the name of a header"));
    }
  }
  for (const std::string& alias : vhost.aliases) {
    if (alias.empty()) {
      context.Error(FindOption(section, "aliases")->position,
                    "option \"aliases\": an alias is empty");
    }
  }

  std::optional<HeadersConfig> headers;
  for (const Child& child : Children(section, context)) {
    if (child.kind == SectionKind::kHeaders) {
      headers = Headers(*child.section);
    } else {
      vhost.rules.push_back(Rule(*child.section, backends));
    }
  }
  for (RuleConfig& rule : vhost.rules) {
    if (!rule.headers) rule.headers = headers;
  }
  if (vhost.rules.empty() && !section.damaged) {
    context.Warning(section.position,
                    "there is no rule: every request gets a 404");
  }
  return vhost;
}

RuleConfig Loader::Rule(const Section& section, const Backends& backends) {
  RuleConfig rule;
  const ReadContext context = ContextOf(SectionKind::kRule, section);
  ReadOptions(section, context, rule);
  rule.name = section.title->text;
  CheckMatch(section, context, rule);
  ResolveBackends(section, context, backends, rule);
  for (const Child& child : Children(section, context)) {
    rule.headers = Headers(*child.section);
  }
  return rule;
}

void Loader::CheckMatch(const Section& section, const ReadContext& context,
                        const RuleConfig& rule) {
  const Option* exact = FindOption(section, "uri-match");
  const Option* glob = FindOption(section, "uri-gmatch");
  if (exact != nullptr && glob != nullptr) {
    context.Warning(glob->position,
                    "option \"uri-gmatch\" has no effect beside \"uri-match\"");
  }
  const std::string& pattern = rule.match.pattern;
  if (pattern.empty()) {
    const bool tried = exact != nullptr || glob != nullptr ||
                       FindOption(section, "uri-rmatch") != nullptr;
    if (!tried && !section.damaged) {
      context.Error(section.position,
                    "has no uri-match and no uri-gmatch; a rule for every "
                    "path has uri-gmatch = \"*\"");
    }
    return;
  }
  // The target of OPTIONS * is the only one that is no path.
  const Option* used = rule.match.kind == UriMatchKind::kExact ? exact : glob;
  if (pattern[0] != '/' && pattern[0] != '*') {
    context.Error(
        used->values.front().position,
        absl::StrCat("option ", Quoted(used->name), ": ", Quoted(pattern),
                     " matches nothing: paths begin with \"/\""));
  }
}

void Loader::ResolveBackends(const Section& section, const ReadContext& context,
                             const Backends& backends, RuleConfig& rule) {
  bool named = false;
  bool unknown = false;
  absl::flat_hash_set<std::string_view> seen;
  for (const Option& option : section.options) {
    if (!absl::EqualsIgnoreCase(option.name, "downstreams") &&
        !absl::EqualsIgnoreCase(option.name, "backends")) {
      continue;
    }
    if (!option.append) seen.clear();
    for (const Value& value : option.values) {
      named = true;
      if (backends.Find(value.text) != nullptr) {
        if (seen.insert(value.text).second) continue;
        context.Error(
            value.position,
            absl::StrCat("names backend ", Quoted(value.text), " twice"));
        continue;
      }
      unknown = true;
      context.Error(value.position,
                    absl::StrCat("unknown backend ", Quoted(value.text),
                                 DidYouMean(value.text, backends.names)));
    }
  }
  if (!named && !section.damaged) {
    context.Error(section.position,
                  "names no backend; write backends = { name }");
  }
  std::vector<std::string> enabled;
  for (std::string& name : rule.backends) {
    const BackendConfig* backend = backends.Find(name);
    if (backend != nullptr && backend->enabled) {
      enabled.push_back(std::move(name));
    }
  }
  rule.backends = std::move(enabled);
  if (named && !unknown && rule.backends.empty()) {
    context.Error(section.position, "all its backends are disabled");
  }
}

HeadersConfig Loader::Headers(const Section& section) {
  HeadersConfig headers;
  const ReadContext context = ContextOf(SectionKind::kHeaders, section);
  ReadOptions(section, context, headers);
  Children(section, context);
  return headers;
}

std::vector<Child> Loader::Children(const Section& section,
                                    const ReadContext& context) {
  std::vector<Child> children;
  // By kind and title for titled sections, by kind for those that are alone.
  absl::flat_hash_map<std::pair<SectionKind, std::string>, int> lines;
  for (const Section& child : section.sections) {
    const SectionSchema* schema = FindSection(child, context);
    if (schema == nullptr || !TitleIsRight(child, *schema, context)) continue;
    if (schema->titled || !schema->repeated) {
      // Titles of one kind differ by more than case, as in the predecessor.
      const std::string title =
          schema->titled ? absl::AsciiStrToLower(child.title->text) : "";
      const auto [earlier, is_new] =
          lines.try_emplace({schema->kind, title}, child.position.line);
      if (!is_new && schema->titled) {
        context.Error(
            child.title->position,
            absl::StrCat("found duplicate title ", Quoted(child.title->text),
                         ": the ", child.keyword, " of line ", earlier->second,
                         " has it"));
      } else if (!is_new) {
        context.Warning(
            child.position,
            absl::StrCat("section ", Quoted(child.keyword),
                         " replaces that of line ", earlier->second));
      }
    }
    children.push_back({schema->kind, &child});
  }
  return children;
}

const SectionSchema* Loader::FindSection(const Section& section,
                                         const ReadContext& context) {
  for (const SectionSchema& schema : SectionsOf(context.kind)) {
    if (!absl::EqualsIgnoreCase(section.keyword, schema.keyword) &&
        (schema.alias.empty() ||
         !absl::EqualsIgnoreCase(section.keyword, schema.alias))) {
      continue;
    }
    if (schema.kind != SectionKind::kUnsupported) return &schema;
    context.Error(section.position,
                  absl::StrCat("section ", Quoted(section.keyword),
                               " is not supported by this version yet"));
    return nullptr;
  }
  for (const std::string_view name : OptionNames(context.kind)) {
    if (!absl::EqualsIgnoreCase(section.keyword, name)) continue;
    context.Error(section.position,
                  absl::StrCat(Quoted(section.keyword),
                               " is an option: write \"=\" before its value"));
    return nullptr;
  }
  std::string hint = WhereSectionBelongs(section.keyword);
  if (hint.empty()) {
    hint = DidYouMean(section.keyword, SectionNames(context.kind));
  }
  context.Error(section.position, absl::StrCat("unknown section ",
                                               Quoted(section.keyword), hint));
  return nullptr;
}

bool Loader::TitleIsRight(const Section& section, const SectionSchema& schema,
                          const ReadContext& context) {
  if (schema.titled && !section.title) {
    context.Error(
        section.position,
        absl::StrCat("missing title for section ", Quoted(section.keyword),
                     ": write ", section.keyword, " \"name\" { }"));
    return false;
  }
  if (schema.titled && section.title->text.empty()) {
    context.Error(section.title->position,
                  absl::StrCat("the title of section ", Quoted(section.keyword),
                               " is empty"));
    return false;
  }
  if (!schema.titled && section.title) {
    context.Error(
        section.title->position,
        absl::StrCat("section ", Quoted(section.keyword),
                     " takes no title, but has ", Quoted(section.title->text)));
    // What is inside can be read all the same.
  }
  return true;
}

ReadContext Loader::ContextOf(SectionKind kind, const Section& section) {
  std::string name = section.keyword;
  if (section.title) {
    absl::StrAppend(&name, " ", Quoted(section.title->text));
  }
  return {kind, std::move(name), options_.allow_port_zero, diagnostics_};
}

// Null and `errno` when the file cannot be read. Reads no more than is needed
// to see that a file is too large.
std::optional<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string text;
  ssize_t count = 0;
  do {
    char chunk[16 * 1024];
    count = read(fd, chunk, sizeof(chunk));
    if (count > 0) text.append(chunk, static_cast<size_t>(count));
  } while ((count > 0 && text.size() <= bytes_max) ||
           (count < 0 && errno == EINTR));
  const int error = errno;
  close(fd);
  errno = error;
  if (count < 0) return std::nullopt;
  return text;
}

}  // namespace

LoadResult LoadText(std::string_view text, std::string_view file,
                    const LoadOptions& options) {
  Diagnostics diagnostics;
  const Section root = Parse(text, file, options.environment, diagnostics);
  Config config = Loader(options, diagnostics).File(root);
  LoadResult result;
  if (!diagnostics.has_errors()) result.config = std::move(config);
  result.diagnostics = diagnostics.Take();
  return result;
}

LoadResult LoadFile(const std::string& path, const LoadOptions& options) {
  const std::optional<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text) {
    Diagnostics diagnostics;
    diagnostics.Error({.file = path},
                      absl::StrCat("cannot read: ", strerror(errno)));
    return {.config = std::nullopt, .diagnostics = diagnostics.Take()};
  }
  return LoadText(*text, path, options);
}

std::string Text(absl::Span<const Diagnostic> diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    absl::StrAppend(&text, diagnostic.ToString(), "\n");
  }
  return text;
}

FileReader ProcessFiles() {
  return [](const std::string& path) -> absl::StatusOr<std::string> {
    std::optional<std::string> text = ReadFile(path, kPageBytesMax);
    if (!text) return absl::UnavailableError(strerror(errno));
    if (text->size() > kPageBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("it is larger than ", BytesText(kPageBytesMax)));
    }
    return *std::move(text);
  };
}

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

}  // namespace rproxy::config
