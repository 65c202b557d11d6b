#include "rproxy/daemon/config/load.h"

#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

TEST(LoadFileTest, SampleLoadsWithoutAWord) {
  const LoadResult loaded = LoadFile("rproxy/daemon/config/sample.conf", {});
  EXPECT_EQ(Text(loaded.diagnostics), "");
  ASSERT_TRUE(loaded.config.has_value());
  ASSERT_EQ(loaded.config->servers.size(), 1u);
  EXPECT_EQ(loaded.config->servers[0].port, 8080);
}

}  // namespace
}  // namespace rproxy::config
