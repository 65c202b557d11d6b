#include "rproxy/core/routing/router.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"

namespace rproxy {
namespace {

// `number` vhosts titled prefix + N + suffix, with some rules each.
Router VhostsTitled(std::string_view prefix, std::string_view suffix,
                    int number) {
  std::vector<VhostConfig> vhosts;
  for (int i = 0; i < number; ++i) {
    VhostConfig vhost;
    vhost.title =
        std::string(prefix) + "host" + std::to_string(i) + std::string(suffix);
    vhost.rules = {{RuleConfig::Match::kExact, "/login", 0},
                   {RuleConfig::Match::kGlob, "/static/*.js", 1},
                   {RuleConfig::Match::kGlob, "*", 2}};
    vhosts.push_back(std::move(vhost));
  }
  return *Router::Create(vhosts);
}

void FindLast(benchmark::State& state, const Router& router,
              std::string_view prefix, std::string_view suffix) {
  const std::string host = std::string(prefix) + "Host" +
                           std::to_string(state.range(0) - 1) +
                           std::string(suffix);
  for (auto _ : state) {
    RouteResult result = router.Find(host, "/static/app/main.css");
    benchmark::DoNotOptimize(result);
    if (result.outcome != RouteResult::Outcome::kFound) {
      state.SkipWithError("no route");
      break;
    }
  }
}

void BM_ExactHost(benchmark::State& state) {
  const Router router =
      VhostsTitled("", ".example.com", static_cast<int>(state.range(0)));
  FindLast(state, router, "", ".example.com:8080");
}
BENCHMARK(BM_ExactHost)->Arg(1)->Arg(10000);

// `*.hostN.example.com`, the usual glob.
void BM_DomainGlob(benchmark::State& state) {
  const Router router =
      VhostsTitled("*.", ".example.com", static_cast<int>(state.range(0)));
  FindLast(state, router, "www.", ".example.com:8080");
}
BENCHMARK(BM_DomainGlob)->Arg(1)->Arg(10000);

// `hostN.*`: the last of so many globs that nothing but a try can tell.
void BM_OtherGlob(benchmark::State& state) {
  const Router router =
      VhostsTitled("", ".*", static_cast<int>(state.range(0)));
  FindLast(state, router, "", ".example.com:8080");
}
BENCHMARK(BM_OtherGlob)->Arg(1)->Arg(10000);

}  // namespace
}  // namespace rproxy
