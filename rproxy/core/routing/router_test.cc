#include "rproxy/core/routing/router.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

using Match = RuleConfig::Match;
using Outcome = RouteResult::Outcome;

// A vhost with one rule for everything.
VhostConfig Vhost(std::string title, uint32_t index,
                  std::vector<std::string> aliases = {}) {
  return {std::move(title), std::move(aliases), {{Match::kGlob, "*", index}}};
}

Router MustCreate(const std::vector<VhostConfig>& vhosts) {
  absl::StatusOr<Router> router = Router::Create(vhosts);
  EXPECT_TRUE(router.ok()) << router.status();
  return *std::move(router);
}

// The index of the rule found, -1 for no vhost, -2 for no rule.
int Find(const Router& router, std::string_view authority,
         std::string_view path = "/") {
  const RouteResult result = router.Find(authority, path);
  EXPECT_EQ(result.route != nullptr, result.outcome == Outcome::kFound);
  switch (result.outcome) {
    case Outcome::kFound:
      return static_cast<int>(result.route->rule);
    case Outcome::kNoVhost:
      return -1;
    case Outcome::kNoRule:
      return -2;
  }
  return -3;
}

TEST(RouterTest, FirstMatchingRuleWins) {
  const Router router = MustCreate({{"h",
                                     {},
                                     {{Match::kExact, "/a", 10},
                                      {Match::kGlob, "/a*", 11},
                                      {Match::kExact, "/ab", 12},
                                      {Match::kExact, "/b", 13},
                                      {Match::kExact, "/b", 14}}}});
  EXPECT_EQ(Find(router, "h", "/a"), 10);
  EXPECT_EQ(Find(router, "h", "/ab"), 11);
  EXPECT_EQ(Find(router, "h", "/b"), 13);
  EXPECT_EQ(Find(router, "h", "/B"), -2);
  EXPECT_EQ(Find(router, "h", "/b/"), -2);
  EXPECT_EQ(Find(router, "h", ""), -2);
}

TEST(RouterTest, CaseAndPortDoNotCount) {
  const Router router = MustCreate({Vhost("Example.com:8081", 1)});
  EXPECT_EQ(Find(router, "example.com"), 1);
  EXPECT_EQ(Find(router, "EXAMPLE.COM:443"), 1);
  EXPECT_EQ(Find(router, "example.com."), 1);
  EXPECT_EQ(Find(router, "example.com.:80"), 1);
  EXPECT_EQ(Find(router, "www.example.com"), -1);
}

TEST(RouterTest, ExactBeforeGlobsBeforeCatchAll) {
  const Router router = MustCreate({Vhost("*", 0), Vhost("*.example.com", 1),
                                    Vhost("a*", 2), Vhost("a.example.com", 3)});
  EXPECT_EQ(Find(router, "a.example.com"), 3);
  EXPECT_EQ(Find(router, "aa.example.com"), 1);
  EXPECT_EQ(Find(router, "aa.example.org"), 2);
  EXPECT_EQ(Find(router, "b.example.org"), 0);
  EXPECT_EQ(Find(router, ""), 0);
}

TEST(RouterTest, AliasesBelongToTheirVhost) {
  const Router router =
      MustCreate({Vhost("a", 0, {"b:80", "b:81", "*.c"}), Vhost("d", 1)});
  EXPECT_EQ(Find(router, "b"), 0);
  EXPECT_EQ(Find(router, "x.c:1"), 0);
  EXPECT_EQ(Find(router, "d"), 1);
  EXPECT_EQ(Find(router, "e"), -1);
  EXPECT_EQ(Find(router, ""), -1);
}

TEST(RouterTest, AVhostWhoseRulesDoNotMatchIsFinal) {
  const Router router =
      MustCreate({Vhost("*", 0), {"h", {}, {{Match::kExact, "/x", 1}}}});
  EXPECT_EQ(Find(router, "h", "/y"), -2);
}

TEST(RouterTest, TheSameHostInTwoVhostsIsAnError) {
  for (const char* title : {"*", "h", "*.h"}) {
    const absl::StatusOr<Router> router =
        Router::Create({Vhost("one", 0, {title}), Vhost(title, 1)});
    EXPECT_EQ(router.status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Router::Create({Vhost("one", 0), Vhost("two", 1, {"ONE:80"})})
                .status()
                .message(),
            "vhost \"two\": host \"ONE:80\" belongs to vhost \"one\" already "
            "(ports do not count)");
}

TEST(RouterTest, EmptyPatternsAreErrors) {
  EXPECT_FALSE(Router::Create({Vhost("", 0)}).ok());
  EXPECT_FALSE(Router::Create({Vhost(":80", 0)}).ok());
  EXPECT_FALSE(Router::Create({Vhost("h", 0, {""})}).ok());
  EXPECT_FALSE(Router::Create({{"h", {}, {{Match::kExact, "", 0}}}}).ok());
}

TEST(RouterTest, NoVhostsIsARouterThatFindsNothing) {
  EXPECT_EQ(Find(MustCreate({}), "h"), -1);
}

TEST(RouterTest, RoutesNameVhostAndRule) {
  const Router router = MustCreate({Vhost("a", 7), Vhost("b", 9)});
  const RouteResult result = router.Find("b", "/");
  ASSERT_NE(result.route, nullptr);
  EXPECT_EQ(result.route->vhost, 1u);
  EXPECT_EQ(result.route->rule, 9u);
}

}  // namespace
}  // namespace rproxy
