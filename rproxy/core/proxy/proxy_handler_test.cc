#include "rproxy/core/proxy/proxy_handler.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/proxy/fake_exchange.h"

namespace rproxy {
namespace {

// Every rule has a set of its own over a backend that is never dialled, and a
// queue without room: a request that is routed is refused with 503, and says
// by its Retry-After which rule took it.
class ProxyHandlerTest : public ::testing::Test {
 protected:
  ProxyHandlerTest() : loop_(*EventLoop::Create()) {
    absl::StatusOr<Router> router =
        Router::Create({{.title = "a.example",
                         .aliases = {"also-a.example"},
                         .rules = {{RuleConfig::Match::kExact, "/", 0},
                                   {RuleConfig::Match::kGlob, "/x/*", 1}}},
                        {.title = "b.example",
                         .aliases = {},
                         .rules = {{RuleConfig::Match::kGlob, "/*", 2},
                                   {RuleConfig::Match::kExact, "*", 3}}}});
    CHECK(router.ok()) << router.status();
    router_ = std::make_unique<Router>(*std::move(router));
    pool_ = std::make_unique<ConnectionPool>(
        *loop_, PoolState::Options{.pending_max = 0});
    ConnectionPool::Backend backend;
    backend.connection.address = *SocketAddress::Parse("127.0.0.1", 1);
    const ConnectionPool::BackendId id = pool_->AddBackend(std::move(backend));
    for (int i = 0; i < 4; ++i) {
      ForwardRule rule;
      rule.set = pool_->AddSet({id}, LoadBalancingMethod::kNone);
      rule.retry_after_seconds = i;
      rules_.push_back(std::move(rule));
    }
    handler_ = std::make_unique<ProxyHandler>(*router_, rules_, *pool_);
  }

  // The rule that takes the request; if none does, minus the status.
  int RuleOf(absl::string_view method, absl::string_view target,
             absl::string_view host) {
    FakeExchange exchange(method, target);
    exchange.request().headers.Set("Host", host);
    if (host.empty()) exchange.request().headers.Remove("Host");
    std::unique_ptr<Responder> responder = handler_->Handle(exchange);
    EXPECT_TRUE(exchange.finished());
    const int status = exchange.response().status;
    if (status != 503) {
      EXPECT_EQ(responder, nullptr);
      return -status;
    }
    return std::stoi(
        std::string(*exchange.response().headers.Find("Retry-After")));
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Router> router_;
  std::vector<ForwardRule> rules_;
  std::unique_ptr<ConnectionPool> pool_;
  std::unique_ptr<ProxyHandler> handler_;
};

TEST_F(ProxyHandlerTest, HostAndPathChooseTheRule) {
  EXPECT_EQ(RuleOf("GET", "/", "a.example"), 0);
  EXPECT_EQ(RuleOf("GET", "/", "also-a.example"), 0);
  EXPECT_EQ(RuleOf("GET", "/", "A.Example:8080"), 0);
  EXPECT_EQ(RuleOf("GET", "/x/y", "a.example"), 1);
  EXPECT_EQ(RuleOf("GET", "/x/y", "b.example"), 2);
}

TEST_F(ProxyHandlerTest, QueryDoesNotCount) {
  EXPECT_EQ(RuleOf("GET", "/?/x/", "a.example"), 0);
  EXPECT_EQ(RuleOf("POST", "/x/?", "a.example"), 1);
}

TEST_F(ProxyHandlerTest, NoVhostOrRuleIs404) {
  EXPECT_EQ(RuleOf("GET", "/", "c.example"), -404);
  EXPECT_EQ(RuleOf("GET", "/y", "a.example"), -404);
  EXPECT_EQ(RuleOf("GET", "/", ""), -404);
}

// RFC 9112 section 3.2.2: what Host says does not matter then.
TEST_F(ProxyHandlerTest, AbsoluteFormIsRoutedByItsAuthority) {
  EXPECT_EQ(RuleOf("GET", "http://b.example/x/y", "a.example"), 2);
  EXPECT_EQ(RuleOf("GET", "http://a.example:81/x/y?q", "b.example"), 1);
  EXPECT_EQ(RuleOf("GET", "http://a.example", "b.example"), 0);
  EXPECT_EQ(RuleOf("GET", "http://c.example/", "a.example"), -404);
}

TEST_F(ProxyHandlerTest, OptionsForTheServerHasAStarForAPath) {
  EXPECT_EQ(RuleOf("OPTIONS", "*", "b.example"), 3);
  EXPECT_EQ(RuleOf("OPTIONS", "*", "a.example"), -404);
}

TEST_F(ProxyHandlerTest, ConnectIs405) {
  EXPECT_EQ(RuleOf("CONNECT", "a.example:443", "a.example"), -405);
}

// It would show the client what was added to its request.
TEST_F(ProxyHandlerTest, TraceIs405UnlessTheRuleAllowsIt) {
  EXPECT_EQ(RuleOf("TRACE", "/", "a.example"), -405);
  rules_[0].allow_trace = true;
  EXPECT_EQ(RuleOf("TRACE", "/", "a.example"), 0);
}

// RFC 9110 section 15.5.6.
TEST_F(ProxyHandlerTest, Status405SaysWhatIsAllowed) {
  FakeExchange exchange("CONNECT", "a.example:443");
  handler_->Handle(exchange);
  const auto allow = exchange.response().headers.Find("Allow");
  ASSERT_TRUE(allow.has_value());
  EXPECT_TRUE(absl::StrContains(*allow, "GET"));
  EXPECT_FALSE(absl::StrContains(*allow, "CONNECT"));
}

TEST_F(ProxyHandlerTest, TargetOfNoFormIs400) {
  EXPECT_EQ(RuleOf("GET", "*", "a.example"), -400);
  EXPECT_EQ(RuleOf("GET", "x", "a.example"), -400);
  EXPECT_EQ(RuleOf("GET", "ftp://a.example/", "a.example"), -400);
}

}  // namespace
}  // namespace rproxy
