#include "rproxy/daemon/server_plan.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rproxy/daemon/config/load.h"

namespace rproxy {
namespace {

using ::testing::ElementsAre;

absl::StatusOr<std::shared_ptr<const ServerPlan>> Build(
    absl::string_view server) {
  const config::LoadResult loaded =
      config::LoadText(absl::StrCat("server {\n", server, "\n}\n"), "f",
                       {.allow_port_zero = true});
  EXPECT_TRUE(loaded.config.has_value()) << config::Text(loaded.diagnostics);
  if (!loaded.config) return absl::InternalError("the file is wrong");
  return BuildServerPlan(loaded.config->servers.at(0));
}

std::shared_ptr<const ServerPlan> Good(absl::string_view server) {
  absl::StatusOr<std::shared_ptr<const ServerPlan>> plan = Build(server);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *std::move(plan) : nullptr;
}

constexpr absl::string_view kRest =
    "backend a { addr = 127.0.0.1 port = 81 }\n"
    "vhost \"*\" { rule r { uri-gmatch = \"*\" backends = a } }\n";

TEST(ServerPlanTest, AddressIsOfEachFamily) {
  for (const auto& [addr, text] :
       {std::pair<absl::string_view, absl::string_view>{
            "addr = 127.0.0.2 port = 8001", "127.0.0.2:8001"},
        {"addr = \"::1\" port = 8001", "[::1]:8001"},
        {"addr = unix:/run/x", "unix:/run/x"}}) {
    EXPECT_EQ(Good(absl::StrCat(addr, "\n", kRest))->address.ToString(), text);
  }
}

TEST(ServerPlanTest, ServerOptionsArriveWhereTheyCount) {
  const auto plan = Good(absl::StrCat(R"(
      port = 8001
      threads = 3
      backlog = 77
      disable-server-nagle = false
      disable-client-nagle = false
      disable-backend-nagle = false
      read-timeout = 11s
      write-timeout = 12s
      keep-alive-timeout = 13s
      header-timeout = 14s
      shutdown-timeout = 15s
      pending-timeout = 16s
      max-pending = 17
      high-watermark = 100000
      max-header-size = 5000
      max-header-count = 19
      max-uri-length = 1000
      )",
                                      kRest));
  EXPECT_EQ(plan->threads, 3u);
  EXPECT_EQ(plan->listen.backlog, 77);
  EXPECT_TRUE(plan->listen.reuse_port);
  EXPECT_FALSE(plan->listen.no_delay);
  EXPECT_EQ(plan->shutdown_time_max, absl::Seconds(15));
  EXPECT_EQ(plan->pool.pending_time_max, absl::Seconds(16));
  EXPECT_EQ(plan->pool.pending_max, 17u);
  const HttpServerOptions options = plan->MakeServerOptions();
  EXPECT_EQ(options.body_idle_max, absl::Seconds(11));
  EXPECT_EQ(options.write_idle_max, absl::Seconds(12));
  EXPECT_EQ(options.keep_alive_max, absl::Seconds(13));
  EXPECT_EQ(options.head_time_max, absl::Seconds(14));
  EXPECT_EQ(options.output_high_bytes, 100'000u);
  EXPECT_EQ(options.policy.header_bytes_max, 5000u);
  EXPECT_EQ(options.policy.header_count_max, 19u);
  // A target of the longest kind, with the longest of common methods.
  EXPECT_GE(options.policy.start_line_bytes_max,
            1000 + absl::string_view("PROPPATCH  HTTP/1.1").size());
  EXPECT_FALSE(options.no_delay);
  EXPECT_FALSE(plan->backends.at(0).connection.dial.no_delay);
}

TEST(ServerPlanTest, BackendOptionsArriveWhereTheyCount) {
  const auto plan = Good(R"(
      backend one {
        addr = 127.0.0.3
        port = 81
        connections = 9
        read-timeout = 21s
        write-timeout = 22s
        connect-timeout = 23s
        retry = 24ms
        retry-max = 25s
        high-watermark = 100000
      }
      backend two { addr = unix:/run/two }
      vhost "*" { rule r { uri-gmatch = "*" backends = { two, one } } })");
  ASSERT_EQ(plan->backends.size(), 2u);
  const ConnectionPool::Backend& one = plan->backends[0];
  EXPECT_EQ(one.name, "one (127.0.0.3:81)");
  EXPECT_EQ(one.connection.address.ToString(), "127.0.0.3:81");
  EXPECT_EQ(one.pool.connections, 9u);
  EXPECT_EQ(one.pool.retry_min, absl::Milliseconds(24));
  EXPECT_EQ(one.pool.retry_max, absl::Seconds(25));
  EXPECT_EQ(one.connection.read_idle_max, absl::Seconds(21));
  EXPECT_EQ(one.connection.write_idle_max, absl::Seconds(22));
  EXPECT_EQ(one.connection.dial.timeout, absl::Seconds(23));
  EXPECT_EQ(one.connection.output_high_bytes, 100'000u);
  EXPECT_EQ(plan->backends[1].connection.address.ToString(), "unix:/run/two");
  EXPECT_THAT(plan->sets.at(0).members, ElementsAre(1, 0));
}

TEST(ServerPlanTest, EveryRuleHasASetOfItsOwn) {
  const auto plan = Good(R"(
      backend a { addr = 127.0.0.1 port = 81 }
      backend b { addr = 127.0.0.1 port = 82 }
      vhost a.example {
        aliases = { alias.example }
        strip-headers = { Server, X-Secret }
        headers { x-forwarded-for = true }
        rule one { uri-match = "/1" backends = a lb-method = rtt }
        rule two { uri-gmatch = "/2*" backends = { b, a } lb-method = random
                   headers { x-forwarded-for = false } }
      }
      vhost "*" {
        rule three { uri-gmatch = "*" backends = b lb-method = most-idle }
      })");
  ASSERT_EQ(plan->rules.size(), 3u);
  ASSERT_EQ(plan->sets.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(plan->rules[i].set, i);
  EXPECT_EQ(plan->rules[0].name, "one");
  EXPECT_TRUE(plan->rules[0].x_forwarded_for);
  EXPECT_FALSE(plan->rules[1].x_forwarded_for);
  EXPECT_FALSE(plan->rules[2].x_forwarded_for);
  EXPECT_THAT(plan->rules[1].strip_response_headers,
              ElementsAre("Server", "X-Secret"));
  EXPECT_THAT(plan->rules[2].strip_response_headers, ElementsAre());
  EXPECT_THAT(plan->sets[0].members, ElementsAre(0));
  EXPECT_THAT(plan->sets[1].members, ElementsAre(1, 0));
  EXPECT_THAT(plan->sets[2].members, ElementsAre(1));
  EXPECT_EQ(plan->sets[0].method, LoadBalancingMethod::kRtt);
  EXPECT_EQ(plan->sets[1].method, LoadBalancingMethod::kRandom);
  EXPECT_EQ(plan->sets[2].method, LoadBalancingMethod::kMostIdle);

  const auto rule = [&](absl::string_view host, absl::string_view path) {
    const RouteResult result =
        plan->router->Find(std::string_view(host), std::string_view(path));
    return result.route == nullptr ? "none"
                                   : plan->rules.at(result.route->rule).name;
  };
  EXPECT_EQ(rule("a.example", "/1"), "one");
  EXPECT_EQ(rule("alias.example", "/2/x"), "two");
  EXPECT_EQ(rule("a.example", "/1/x"), "none");
  EXPECT_EQ(rule("other.example", "/1"), "three");
}

TEST(ServerPlanTest, EveryMethodHasItsOwn) {
  for (const auto& [name, method] :
       {std::pair<absl::string_view, LoadBalancingMethod>{
            "rtt", LoadBalancingMethod::kRtt},
        {"roundrobin", LoadBalancingMethod::kRoundRobin},
        {"random", LoadBalancingMethod::kRandom},
        {"most-idle", LoadBalancingMethod::kMostIdle},
        {"none", LoadBalancingMethod::kNone}}) {
    const auto plan = Good(absl::StrCat(
        "backend a { addr = 127.0.0.1 port = 81 }\n"
        "vhost \"*\" { rule r { uri-gmatch = \"*\" backends = a lb-method = ",
        name, " } }"));
    EXPECT_EQ(plan->sets.at(0).method, method) << name;
  }
}

TEST(ServerPlanTest, LimitsAndNamesArriveWhereTheyCount) {
  const auto plan = Good(absl::StrCat(R"(
      max-body-size = 1001
      min-body-rate = 1002
      max-requests-per-connection = 1003
      max-connections = 1
      tunnel-timeout = 31s
      via = edge
      server-header = "Edge"
      )",
                                      kRest));
  const HttpServerOptions options = plan->MakeServerOptions();
  EXPECT_EQ(options.body_bytes_max, 1001u);
  EXPECT_EQ(options.body_rate_min, 1002u);
  EXPECT_EQ(options.requests_max, 1003u);
  EXPECT_EQ(options.tunnel_idle_max, absl::Seconds(31));
  EXPECT_EQ(options.server_name, "Edge");
  ASSERT_NE(options.connection_limiter, nullptr);
  const auto permit = options.connection_limiter->Acquire(SocketAddress());
  EXPECT_FALSE(options.connection_limiter->Acquire(SocketAddress()).valid());
  EXPECT_EQ(plan->rules.at(0).via, "edge");
}

TEST(ServerPlanTest, NothingIsLimitedOrLoggedUnlessAskedFor) {
  const auto plan = Good(kRest);
  const HttpServerOptions options = plan->MakeServerOptions();
  EXPECT_EQ(options.body_bytes_max, UINT64_MAX);
  EXPECT_EQ(options.body_rate_min, 0u);
  EXPECT_EQ(options.requests_max, UINT64_MAX);
  EXPECT_EQ(options.tunnel_idle_max, absl::Hours(1));
  EXPECT_EQ(options.server_name, "rproxy");
  EXPECT_EQ(options.connection_limiter, nullptr);
  EXPECT_TRUE(options.error_pages.empty());
  EXPECT_FALSE(plan->request_log.has_value());
  EXPECT_FALSE(plan->error_log.has_value());
  const ForwardRule& rule = plan->rules.at(0);
  EXPECT_EQ(rule.via, "");
  EXPECT_FALSE(rule.x_request_id || rule.any_upgrade || rule.allow_trace);
}

TEST(ServerPlanTest, RulesSayWhatMayPass) {
  const auto plan = Good(R"(
      backend a { addr = 127.0.0.1 port = 81 }
      vhost "*" {
        headers { x-request-id = true }
        rule one { uri-match = "/1" backends = a passthrough = true }
        rule two { uri-match = "/2" backends = a allow-trace = true }
      })");
  EXPECT_TRUE(plan->rules.at(0).x_request_id);
  EXPECT_TRUE(plan->rules.at(0).any_upgrade);
  EXPECT_FALSE(plan->rules.at(0).allow_trace);
  EXPECT_FALSE(plan->rules.at(1).any_upgrade);
  EXPECT_TRUE(plan->rules.at(1).allow_trace);
}

TEST(ServerPlanTest, LogsAreThoseThatAreEnabled) {
  const auto plan = Good(absl::StrCat(R"(
      logging {
        request { enabled = true output = "file:/r" format = json }
        error { enabled = true output = "file:/e" level = warn }
      })",
                                      kRest));
  ASSERT_TRUE(plan->request_log.has_value());
  EXPECT_EQ(plan->request_log->output, "/r");
  ASSERT_TRUE(plan->error_log.has_value());
  EXPECT_EQ(plan->error_log->output, "/e");
  EXPECT_EQ(plan->error_log->level, Severity::kWarning);
  const auto emerg = Good(absl::StrCat(
      "logging { request { enabled = true level = emerg } }", kRest));
  EXPECT_FALSE(emerg->request_log.has_value());
}

TEST(ServerPlanTest, ServerMayServeNothing) {
  const auto plan = Good("port = 8001");
  EXPECT_TRUE(plan->backends.empty());
  EXPECT_EQ(plan->router->Find("a", "/").outcome,
            RouteResult::Outcome::kNoVhost);
}

}  // namespace
}  // namespace rproxy
