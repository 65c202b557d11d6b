#include "rproxy/core/buffer/watermark.h"

#include <cstddef>
#include <random>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

using Change = Watermark::Change;

TEST(WatermarkTest, FlowsAtFirst) {
  Watermark mark(100);
  EXPECT_FALSE(mark.paused());
  EXPECT_EQ(mark.high(), 100u);
  EXPECT_EQ(mark.low(), 50u);
}

TEST(WatermarkTest, PausesAboveTheHighMarkNotAtIt) {
  Watermark mark(100);
  EXPECT_EQ(mark.Update(100), Change::kNone);
  EXPECT_FALSE(mark.paused());
  EXPECT_EQ(mark.Update(101), Change::kPause);
  EXPECT_TRUE(mark.paused());
}

TEST(WatermarkTest, ResumesAtTheLowMarkNotAboveIt) {
  Watermark mark(100);
  mark.Update(101);
  EXPECT_EQ(mark.Update(51), Change::kNone);
  EXPECT_TRUE(mark.paused());
  EXPECT_EQ(mark.Update(50), Change::kResume);
  EXPECT_FALSE(mark.paused());
}

TEST(WatermarkTest, TellsEachChangeOnce) {
  Watermark mark(10);
  EXPECT_EQ(mark.Update(11), Change::kPause);
  EXPECT_EQ(mark.Update(1000), Change::kNone);
  EXPECT_EQ(mark.Update(0), Change::kResume);
  EXPECT_EQ(mark.Update(0), Change::kNone);
}

TEST(WatermarkTest, SmallestMarkResumesWhenEmpty) {
  Watermark mark(1);
  EXPECT_EQ(mark.low(), 0u);
  EXPECT_EQ(mark.Update(2), Change::kPause);
  EXPECT_EQ(mark.Update(1), Change::kNone);
  EXPECT_EQ(mark.Update(0), Change::kResume);
}

TEST(WatermarkTest, PausesAndResumesAlternate) {
  const unsigned seed = ::testing::UnitTest::GetInstance()->random_seed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  Watermark mark(64);
  bool paused = false;
  for (int i = 0; i < 10000; ++i) {
    const size_t size = random() % 130;
    switch (mark.Update(size)) {
      case Change::kPause:
        EXPECT_FALSE(paused);
        EXPECT_GT(size, mark.high());
        paused = true;
        break;
      case Change::kResume:
        EXPECT_TRUE(paused);
        EXPECT_LE(size, mark.low());
        paused = false;
        break;
      case Change::kNone:
        break;
    }
    EXPECT_EQ(mark.paused(), paused);
  }
}

TEST(WatermarkDeathTest, ZeroIsNoMark) { EXPECT_DEATH(Watermark(0), "high"); }

}  // namespace
}  // namespace rproxy
