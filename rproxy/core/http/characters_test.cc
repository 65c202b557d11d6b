#include "rproxy/core/http/characters.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

std::string AllOf(CharacterClass wanted) {
  std::string members;
  for (int i = 0; i < 0x80; ++i) {
    if (IsIn(wanted, static_cast<char>(i))) {
      members.push_back(static_cast<char>(i));
    }
  }
  return members;
}

TEST(CharactersTest, TokenIsTheListOfRfc9110) {
  EXPECT_EQ(AllOf(kTokenCharacter),
            "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`"
            "abcdefghijklmnopqrstuvwxyz|~");
}

TEST(CharactersTest, HexDigitsAreOfBothCases) {
  EXPECT_EQ(AllOf(kHexDigit), "0123456789ABCDEFabcdef");
}

TEST(CharactersTest, FieldTextHasTabButNoOtherControl) {
  EXPECT_TRUE(IsIn(kFieldCharacter, '\t'));
  for (const char c : {'\0', '\x01', '\n', '\v', '\r', '\x1f', '\x7f'}) {
    EXPECT_FALSE(IsIn(kFieldCharacter, c)) << static_cast<int>(c);
  }
}

TEST(CharactersTest, OnlyFieldTextGoesBeyondAscii) {
  for (int i = 0x80; i < 0x100; ++i) {
    const char c = static_cast<char>(i);
    EXPECT_TRUE(IsIn(kFieldCharacter, c));
    EXPECT_FALSE(IsIn(kTokenCharacter, c));
    EXPECT_FALSE(IsIn(kTargetCharacter, c));
    EXPECT_FALSE(IsIn(kRegNameCharacter, c));
    EXPECT_FALSE(IsIn(kHexDigit, c));
  }
}

TEST(CharactersTest, TargetHasNeitherSpaceNorFragment) {
  for (const char c : {' ', '\t', '#', '\x7f', '\0'}) {
    EXPECT_FALSE(IsIn(kTargetCharacter, c)) << static_cast<int>(c);
  }
  EXPECT_EQ(AllOf(kTargetCharacter).size(), 0x7fU - 0x21U - 1U);
}

TEST(CharactersTest, TrimTakesSpacesAndTabsFromBothEnds) {
  EXPECT_EQ(TrimOws(" \t a b\t "), "a b");
  EXPECT_EQ(TrimOws(" \t "), "");
  EXPECT_EQ(TrimOws("\va\v"), "\va\v");
}

}  // namespace
}  // namespace rproxy
