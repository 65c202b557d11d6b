#include "rproxy/daemon/config/syntax.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

struct Parsed {
  Section root;
  std::vector<Diagnostic> diagnostics;
};

Parsed ParseText(std::string_view text) {
  const Environment none;
  Diagnostics diagnostics;
  Parsed parsed{.root = Parse(text, "f", none, diagnostics)};
  parsed.diagnostics = diagnostics.Take();
  return parsed;
}

// The tree of a text without mistakes, printed.
std::string Tree(std::string_view text) {
  const Parsed parsed = ParseText(text);
  std::string tree = Print(parsed.root);
  for (const Diagnostic& diagnostic : parsed.diagnostics) {
    absl::StrAppend(&tree, diagnostic.ToString(), "\n");
  }
  return tree;
}

// "line:column message" of each mistake.
std::vector<std::string> Mistakes(std::string_view text) {
  std::vector<std::string> mistakes;
  for (const Diagnostic& diagnostic : ParseText(text).diagnostics) {
    mistakes.push_back(absl::StrCat(diagnostic.line, ":", diagnostic.column,
                                    " ", diagnostic.message));
  }
  return mistakes;
}

using Messages = std::vector<std::string>;

TEST(ParseTest, EmptyTextIsAnEmptyTree) {
  EXPECT_EQ(Tree(""), "");
  EXPECT_EQ(Tree(" \n# nothing\n"), "");
}

TEST(ParseTest, OptionsNeedNoSeparator) {
  EXPECT_EQ(Tree("a = 1 b=2\nc\n=\n3"), "a = 1\nb = 2\nc = 3\n");
}

TEST(ParseTest, ListsHaveBracesCommasAndPerhapsOneMore) {
  EXPECT_EQ(Tree("l = {}"), "l = { }\n");
  EXPECT_EQ(Tree("l = {a}"), "l = { a, }\n");
  EXPECT_EQ(Tree("l = {a, b}"), "l = { a, b, }\n");
  EXPECT_EQ(Tree("l = {a, b,}"), "l = { a, b, }\n");
  EXPECT_EQ(Tree("l += {a} l += b"), "l += { a, }\nl += b\n");
}

TEST(ParseTest, SectionsMayHaveATitle) {
  EXPECT_EQ(Tree("s { a = 1 }"), "s {\n  a = 1\n}\n");
  EXPECT_EQ(Tree("s t { u 'v w' {} }"), "s t {\n  u \"v w\" {\n  }\n}\n");
  EXPECT_EQ(Tree("s\nt\n{\n}"), "s t {\n}\n");
}

TEST(ParseTest, CommentsMayStandAnywhere) {
  EXPECT_EQ(Tree("s # c\n{ a /* c */ = // c\n { x, # c\n y # c\n } }"),
            "s {\n  a = { x, y, }\n}\n");
}

TEST(ParseTest, NamesMayBeQuoted) {
  EXPECT_EQ(Tree("\"a\" = 'b' 's' {}"), "a = b\ns {\n}\n");
}

TEST(ParseTest, TreeKnowsPlaces) {
  const Parsed parsed = ParseText("a = 1\n s t {\n  b = { x, y }\n}");
  const Section& section = parsed.root.sections[0];
  EXPECT_EQ(section.position.line, 2);
  EXPECT_EQ(section.position.column, 2);
  EXPECT_EQ(section.title->position.column, 4);
  const Option& option = section.options[0];
  EXPECT_EQ(option.position.line, 3);
  EXPECT_EQ(option.position.column, 3);
  EXPECT_EQ(option.values[1].position.column, 12);
}

TEST(ParseTest, MissingBraceSaysWhereTheSectionBegan) {
  EXPECT_EQ(Mistakes("\nserver {\n vhost 'x' {\n }\n"),
            Messages({"5:1 missing \"}\" at the end of the file: section "
                      "server began at line 2"}));
  EXPECT_EQ(Mistakes("server {\n vhost 'x' {"),
            Messages({"2:13 missing \"}\" at the end of the file: section "
                      "vhost \"x\" began at line 2",
                      "2:13 missing \"}\" at the end of the file: section "
                      "server began at line 1"}));
}

TEST(ParseTest, ExtraBraceIsReportedAndParsingGoesOn) {
  const Parsed parsed = ParseText("s { }\n}\na = 1");
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].ToString(),
            "f:2: unexpected \"}\": no section is open here");
  EXPECT_EQ(Print(parsed.root), "a = 1\ns {\n}\n");
}

TEST(ParseTest, MissingEqualsIsReportedAndTheNextLineIsRead) {
  const Parsed parsed = ParseText("port 8080\nthreads = 4");
  ASSERT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(parsed.diagnostics[0].ToString(),
            "f:1: \"port\" must be followed by \"=\" and a value, or by "
            "\"{\", but \"8080\" follows");
  EXPECT_EQ(Print(parsed.root), "threads = 4\n");
}

TEST(ParseTest, LoneWordDoesNotSpoilTheOptionBehindIt) {
  const Parsed parsed = ParseText("server\nport = 1");
  EXPECT_EQ(parsed.diagnostics.size(), 1u);
  EXPECT_EQ(Print(parsed.root), "port = 1\n");
}

TEST(ParseTest, LoneWordBeforeTheEnd) {
  EXPECT_EQ(Mistakes("s { a }"),
            Messages({"1:5 \"a\" must be followed by \"=\" and a value, or by "
                      "\"{\", but \"}\" follows"}));
  EXPECT_EQ(Mistakes("a"),
            Messages({"1:1 \"a\" must be followed by \"=\" and a value, or by "
                      "\"{\", but end of file follows"}));
}

TEST(ParseTest, MissingValueIsReportedAndTheNextOptionIsRead) {
  const Parsed parsed = ParseText("a =\nb =\nc = 1");
  ASSERT_EQ(parsed.diagnostics.size(), 2u);
  EXPECT_EQ(parsed.diagnostics[0].ToString(), "f:1: option \"a\" has no value");
  EXPECT_EQ(parsed.diagnostics[1].ToString(), "f:2: option \"b\" has no value");
  EXPECT_EQ(Print(parsed.root), "c = 1\n");
}

TEST(ParseTest, PunctuationForAValueIsReported) {
  EXPECT_EQ(Mistakes("a = }"),
            Messages({"1:5 option \"a\" needs a value, but \"}\" follows",
                      "1:5 unexpected \"}\": no section is open here"}));
  EXPECT_EQ(Mistakes("a = = 1\nb = 1"),
            Messages({"1:5 option \"a\" needs a value, but \"=\" follows"}));
  EXPECT_EQ(
      Mistakes("a = "),
      Messages({"1:5 option \"a\" needs a value, but end of file follows"}));
}

TEST(ParseTest, PunctuationForANameIsReported) {
  EXPECT_EQ(Mistakes("= 1\na = 1"),
            Messages({"1:1 unexpected \"=\", expected the name of an option "
                      "or a section"}));
  EXPECT_EQ(Mistakes("f(x)\na = 1"),
            Messages({"1:1 \"f\" must be followed by \"=\" and a value, or by "
                      "\"{\", but \"(\" follows"}));
}

TEST(ParseTest, ListMistakesAreReported) {
  EXPECT_EQ(Mistakes("l = { a b }"),
            Messages({"1:9 missing \",\" before \"b\" in the list of \"l\""}));
  EXPECT_EQ(Mistakes("l = { a\n b }"),
            Messages({"2:2 missing \",\" or \"}\" before \"b\" in the list of "
                      "\"l\""}));
  EXPECT_EQ(Mistakes("l = { , }"),
            Messages({"1:7 unexpected \",\" in the list of \"l\" that began "
                      "at line 1",
                      "1:9 unexpected \"}\": no section is open here"}));
  EXPECT_EQ(Mistakes("l = { a"),
            Messages({"1:8 unexpected end of file in the list of \"l\" that "
                      "began at line 1"}));
}

TEST(ParseTest, AllMistakesOfAFileAreFound) {
  EXPECT_EQ(Mistakes("a 1\nb = 2\nc 3\ns { d 4\n e = 5 }\nf 6").size(), 4u);
}

TEST(ParseTest, DamageMarksTheSectionThatLostSomething) {
  const Parsed parsed = ParseText("s { a 1\n }\nt { a = 1 }");
  EXPECT_FALSE(parsed.root.damaged);
  EXPECT_TRUE(parsed.root.sections[0].damaged);
  EXPECT_FALSE(parsed.root.sections[1].damaged);
}

TEST(ParseTest, NestingIsBounded) {
  std::string deepest;
  for (int i = 0; i < kNestingMax; ++i) deepest += "s { ";
  std::string closing;
  for (int i = 0; i < kNestingMax; ++i) closing += "}";
  EXPECT_EQ(Mistakes(deepest + closing), Messages());
  const Messages mistakes = Mistakes(deepest + "s { a = 1 } " + closing);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0], "1:65 sections nested deeper than 16");
}

TEST(ParseTest, FileSizeIsBounded) {
  EXPECT_EQ(Mistakes(std::string(kFileBytesMax + 1, ' ')),
            Messages({"1:1 the file is larger than 8388608 bytes"}));
}

TEST(PrintTest, EveryByteSurvives) {
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes.push_back(static_cast<char>(c));
  Section root;
  root.options.push_back({.name = bytes, .values = {{bytes, {}}}});
  root.sections.push_back({.keyword = "", .title = Value{"", {}}});
  const Parsed parsed = ParseText(Print(root));
  EXPECT_TRUE(parsed.diagnostics.empty());
  EXPECT_EQ(parsed.root.options[0].name, bytes);
  EXPECT_EQ(parsed.root.options[0].values[0].text, bytes);
  EXPECT_EQ(parsed.root.sections[0].keyword, "");
}

}  // namespace
}  // namespace rproxy::config
