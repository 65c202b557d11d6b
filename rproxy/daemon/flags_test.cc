#include "rproxy/daemon/flags.h"

#include <string>
#include <vector>

#include "gflags/gflags.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

class FlagsTest : public ::testing::Test {
 protected:
  absl::StatusOr<Flags> Parse(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    arguments.insert(arguments.begin(), "rproxy");
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return ParseFlags(static_cast<int>(argv.size()), argv.data());
  }

  // The file that the command line names, or what is wrong with it.
  std::string ConfigOf(std::vector<std::string> arguments) {
    const gflags::FlagSaver saver;  // gflags remembers across calls.
    const absl::StatusOr<Flags> flags = Parse(std::move(arguments));
    return flags.ok() ? flags->config : std::string(flags.status().message());
  }

 private:
  gflags::FlagSaver saver_;
};

TEST_F(FlagsTest, FileIsNamedInEveryForm) {
  EXPECT_EQ(ConfigOf({"--config=a.conf"}), "a.conf");
  EXPECT_EQ(ConfigOf({"--config", "a.conf"}), "a.conf");
  EXPECT_EQ(ConfigOf({"-config=a.conf"}), "a.conf");
  EXPECT_EQ(ConfigOf({"a.conf"}), "a.conf");
  EXPECT_EQ(ConfigOf({"--config=a=b.conf"}), "a=b.conf");
  EXPECT_EQ(ConfigOf({"-t", "a.conf"}), "a.conf");
}

TEST_F(FlagsTest, FileMustBeNamedOnce) {
  EXPECT_EQ(ConfigOf({}), "no configuration file is named");
  EXPECT_EQ(ConfigOf({"--check"}), "no configuration file is named");
  EXPECT_EQ(ConfigOf({"--config="}), "no configuration file is named");
  EXPECT_EQ(ConfigOf({"--config"}), "--config needs a file name");
  EXPECT_EQ(ConfigOf({"a", "b"}),
            "more than one configuration file: \"a\" and \"b\"");
  EXPECT_EQ(ConfigOf({"--config=a", "b"}),
            "more than one configuration file: \"a\" and \"b\"");
  EXPECT_EQ(ConfigOf({"--config=a", "--config=b"}),
            "more than one configuration file: \"a\" and \"b\"");
}

TEST_F(FlagsTest, UnknownOptionIsNamed) {
  EXPECT_EQ(ConfigOf({"--bogus", "a"}), "bad option \"--bogus\"");
  EXPECT_EQ(ConfigOf({"--bogus=1", "a"}), "bad option \"--bogus=1\"");
  EXPECT_EQ(ConfigOf({"-x", "a"}), "bad option \"-x\"");
  EXPECT_EQ(ConfigOf({"--", "a"}), "bad option \"--\"");
}

TEST_F(FlagsTest, WrongValueIsNamed) {
  EXPECT_EQ(ConfigOf({"--check=perhaps", "a"}),
            "bad option \"--check=perhaps\"");
}

TEST_F(FlagsTest, CheckHasTwoSpellings) {
  EXPECT_FALSE(Parse({"a"})->check);
  {
    const gflags::FlagSaver saver;
    EXPECT_TRUE(Parse({"--check", "a"})->check);
  }
  EXPECT_TRUE(Parse({"a", "-t"})->check);
}

TEST_F(FlagsTest, HelpAndVersionNeedNoFile) {
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"-h"})->help);
  EXPECT_TRUE(Parse({"a", "--help"})->help);
  EXPECT_TRUE(Parse({"--version"})->version);
}

}  // namespace
}  // namespace rproxy
