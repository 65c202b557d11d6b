// The same text through libconfuse, which defined the language, and through
// our parser: both must accept it, with the same values, or both refuse it.
// Where we differ on purpose, IntendedDifferencesTest lists how.

#include <confuse.h>
#include <stdlib.h>

#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/lexer.h"
#include "rproxy/daemon/config/load.h"
#include "rproxy/daemon/config/syntax.h"
#include "rproxy/daemon/config/values.h"

namespace rproxy::config {
namespace {

// A small language with every construct that RProxy's tables use: a string s,
// an integer i, a boolean b, lists l and n of strings and integers, sections
// without title (multi), with title (named) and alone (once).
//
// Both sides print what they understood in one form; nothing is "refused".
using Understood = std::optional<std::string>;

std::string Escaped(std::string_view text) {
  return absl::StrCat("'", absl::CHexEscape(text), "'");
}

// --- libconfuse ---

void IgnoreError(cfg_t*, const char*, va_list) {}

std::string PrintConfuse(cfg_t* section) {
  const char* s = cfg_getstr(section, "s");
  std::string out = absl::StrCat(
      "s=", s == nullptr ? "-" : Escaped(s), " i=", cfg_getint(section, "i"),
      " b=", static_cast<int>(cfg_getbool(section, "b")));
  if (cfg_getopt(section, "l") == nullptr) return out;
  for (unsigned i = 0; i < cfg_size(section, "l"); ++i) {
    absl::StrAppend(&out, " l", Escaped(cfg_getnstr(section, "l", i)));
  }
  for (unsigned i = 0; i < cfg_size(section, "n"); ++i) {
    absl::StrAppend(&out, " n", cfg_getnint(section, "n", i));
  }
  if (cfg_getopt(section, "multi") == nullptr) return out;
  for (unsigned i = 0; i < cfg_size(section, "multi"); ++i) {
    absl::StrAppend(&out, " multi(",
                    PrintConfuse(cfg_getnsec(section, "multi", i)), ")");
  }
  for (unsigned i = 0; i < cfg_size(section, "named"); ++i) {
    cfg_t* named = cfg_getnsec(section, "named", i);
    absl::StrAppend(&out, " named", Escaped(cfg_title(named)), "(",
                    PrintConfuse(named), ")");
  }
  if (cfg_size(section, "once") > 0) {
    absl::StrAppend(&out, " once(", PrintConfuse(cfg_getsec(section, "once")),
                    ")");
  }
  return out;
}

struct FreeCfg {
  void operator()(cfg_t* cfg) const { cfg_free(cfg); }
};

Understood ParseConfuse(const std::string& text) {
  char s[] = "s", i[] = "i", b[] = "b", l[] = "l", n[] = "n";
  char multi[] = "multi", named[] = "named", once[] = "once";
  cfg_opt_t scalars[] = {CFG_STR(s, nullptr, CFGF_NONE),
                         CFG_INT(i, 0, CFGF_NONE),
                         CFG_BOOL(b, cfg_false, CFGF_NONE), CFG_END()};
  cfg_opt_t leaf[] = {
      CFG_STR(s, nullptr, CFGF_NONE),      CFG_INT(i, 0, CFGF_NONE),
      CFG_BOOL(b, cfg_false, CFGF_NONE),   CFG_STR_LIST(l, nullptr, CFGF_NONE),
      CFG_INT_LIST(n, nullptr, CFGF_NONE), CFG_END()};
  const cfg_flag_t unique = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
  const auto level = [&](cfg_opt_t* inner) {
    return std::vector<cfg_opt_t>{CFG_STR(s, nullptr, CFGF_NONE),
                                  CFG_INT(i, 0, CFGF_NONE),
                                  CFG_BOOL(b, cfg_false, CFGF_NONE),
                                  CFG_STR_LIST(l, nullptr, CFGF_NONE),
                                  CFG_INT_LIST(n, nullptr, CFGF_NONE),
                                  CFG_SEC(multi, inner, CFGF_MULTI),
                                  CFG_SEC(named, inner, unique),
                                  CFG_SEC(once, scalars, CFGF_NODEFAULT),
                                  CFG_END()};
  };
  std::vector<cfg_opt_t> middle = level(leaf);
  std::vector<cfg_opt_t> top = level(middle.data());
  const std::unique_ptr<cfg_t, FreeCfg> cfg(cfg_init(top.data(), CFGF_NOCASE));
  cfg_set_error_function(cfg.get(), IgnoreError);
  if (cfg_parse_buf(cfg.get(), text.c_str()) != CFG_SUCCESS) {
    return std::nullopt;
  }
  return PrintConfuse(cfg.get());
}

// The lexer of libconfuse is global, and an error inside a string or comment
// leaves it inside for the next text. Closes whatever is open.
Understood RunConfuse(const std::string& text) {
  const Understood understood = ParseConfuse(text);
  for (const char* closing : {"", "\"", "'", "*/"}) {
    ParseConfuse(closing);
    if (ParseConfuse("s = x") == "s='x' i=0 b=0") return understood;
  }
  ADD_FAILURE() << "the lexer of libconfuse is lost after " << text;
  return understood;
}

// --- ours ---

// Reads a tree by the small language. Depth 2 has no sections in it.
class Interpreter {
 public:
  std::string Print(const Section& section, int depth);
  bool refused() const { return refused_; }

 private:
  struct Values {
    std::string s = "-";
    int64_t i = 0;
    bool b = false;
    std::vector<std::string> l;
    std::vector<int64_t> n;
  };

  void Read(const Option& option, bool has_lists, Values& values);
  std::string PrintSections(const Section& section, int depth);

  template <typename T>
  T Require(absl::StatusOr<T> parsed) {
    if (parsed.ok()) return *parsed;
    refused_ = true;
    return T();
  }

  bool refused_ = false;
};

void Interpreter::Read(const Option& option, bool has_lists, Values& values) {
  const std::string name = absl::AsciiStrToLower(option.name);
  if (has_lists && name == "l") {
    if (!option.append) values.l.clear();
    for (const Value& value : option.values) values.l.push_back(value.text);
    return;
  }
  if (has_lists && name == "n") {
    if (!option.append) values.n.clear();
    for (const Value& value : option.values) {
      values.n.push_back(Require(ParseInteger(value.text)));
    }
    return;
  }
  if (option.append || option.braced) {
    refused_ = true;
    return;
  }
  const std::string& text = option.values[0].text;
  if (name == "s") {
    values.s = Escaped(text);
  } else if (name == "i") {
    values.i = Require(ParseInteger(text));
  } else if (name == "b") {
    values.b = Require(ParseBool(text));
  } else {
    refused_ = true;
  }
}

std::string Interpreter::Print(const Section& section, int depth) {
  const bool once = absl::EqualsIgnoreCase(section.keyword, "once");
  Values values;
  for (const Option& option : section.options) Read(option, !once, values);
  std::string out = absl::StrCat("s=", values.s, " i=", values.i,
                                 " b=", static_cast<int>(values.b));
  for (const std::string& text : values.l) {
    absl::StrAppend(&out, " l", Escaped(text));
  }
  for (const int64_t number : values.n) absl::StrAppend(&out, " n", number);
  if (!once && depth < 2) return out + PrintSections(section, depth);
  refused_ = refused_ || !section.sections.empty();
  return out;
}

std::string Interpreter::PrintSections(const Section& section, int depth) {
  std::string multi;
  std::string named;
  std::string once;
  std::map<std::string, int> titles;
  for (const Section& child : section.sections) {
    const std::string keyword = absl::AsciiStrToLower(child.keyword);
    const std::string inside = Print(child, depth + 1);
    if (keyword == "named" && child.title) {
      if (++titles[absl::AsciiStrToLower(child.title->text)] > 1) {
        refused_ = true;
      }
      absl::StrAppend(&named, " named", Escaped(child.title->text), "(", inside,
                      ")");
    } else if (keyword == "multi" && !child.title) {
      absl::StrAppend(&multi, " multi(", inside, ")");
    } else if (keyword == "once" && !child.title) {
      once = absl::StrCat(" once(", inside, ")");  // The last wins.
    } else {
      refused_ = true;
    }
  }
  return absl::StrCat(multi, named, once);
}

// With `lenient`, a missing "}" at the end is not an error, as in libconfuse.
Understood RunOurs(const std::string& text, bool lenient = false) {
  Diagnostics diagnostics;
  const Section root = Parse(text, "f", ProcessEnvironment(), diagnostics);
  for (const Diagnostic& diagnostic : diagnostics.Take()) {
    if (diagnostic.severity == Severity::kWarning) continue;
    if (lenient && absl::StartsWith(diagnostic.message,
                                    "missing \"}\" at the end of the file")) {
      continue;
    }
    return std::nullopt;
  }
  Interpreter interpreter;
  const std::string printed = interpreter.Print(root, 0);
  if (interpreter.refused()) return std::nullopt;
  return printed;
}

std::string Show(const Understood& understood) {
  return understood.value_or("refused");
}

class ConfuseTest : public ::testing::Test {
 protected:
  ConfuseTest() {
    setenv("RPROXY_A", "a b", 1);
    setenv("RPROXY_EMPTY", "", 1);
    unsetenv("RPROXY_UNSET");
  }
};

// --- a table of inputs ---

constexpr std::string_view kSameTexts[] = {
    // Structure.
    "",
    " \t\r\n",
    "s = a",
    "s=a",
    "s=a i=1 b=on",
    "s\n=\na",
    "S = a I = 2",
    "s = a s = b",
    "multi { }",
    "multi{}multi{}",
    "MULTI { S = A }",
    "named t { s = a }",
    "named \"a b\" { }",
    "named 't' { named t { } }",
    "named a { } named b { }",
    "named a { } named a { }",
    "named a { } NAMED A { }",
    "once { s = a } once { i = 1 }",
    "once { s = a }",
    "multi { multi { s = a l = {x} } }",
    "multi { multi { multi { } } }",
    "\"s\" = a",
    "'multi' { }",
    "multi { } s = a",
    "named a { s = x } s = y named b { }",
    // Structure that is wrong.
    "s",
    "s =",
    "= a",
    "s a",
    "s = = a",
    "s = { a }",
    "s = {",
    "s += a",
    "i += 1",
    "bogus = 1",
    "bogus { }",
    "named { }",
    "multi t { }",
    "multi {",
    "}",
    "multi { } }",
    "s = a }",
    "{ }",
    "named t u { }",
    "multi = a",
    "s { }",
    ",",
    "s = a, i = 1",
    "s = (a)",
    "f(x)",
    "s = ;",
    "s = a;",
    "s = a ; i = 1",
    "once { l = {} }",
    "once { multi { } }",
    "named t",
    "named t =",
    "multi s = a",
    // Lists.
    "l = {}",
    "l = {a}",
    "l = {a,}",
    "l = {a,b}",
    "l = { a , b , }",
    "l = a",
    "l = {,}",
    "l = {a,,b}",
    "l = {a b}",
    "l = {{a}}",
    "l = {a",
    "l = {a,",
    "l += a",
    "l += {a, b}",
    "l = a l += b",
    "l = {a, b} l = c",
    "l = {a} l = {}",
    "l = {a} l += {}",
    "n = {1, 2}",
    "n = 5",
    "n = {1, x}",
    "n += {1} n += 2",
    "l = { a = b }",
    // Comments between entries.
    "# c",
    "// c",
    "/* c */",
    "#c\ns = a",
    "s = a # c",
    "s = a // c",
    "s = a /* c */ i = 1",
    "/* a\n b */ s = a",
    "/**/ s = a",
    "/***/ s = a",
    "/* * / ** */ s = a",
    "/* /* */ s = a",
    "/* a */ */",
    "##### c\ns = a",
    "///// c\ns = a",
    "s = a#c",
    "multi { # c\n }",
    "s = http://x/y",
    "s = a//b",
    "s = /",
    "s = /a/b",
    "s = a/",
    "/ = a",
    // Words.
    "s = 127.0.0.1:80",
    "s = ./x",
    "s = a-b_c:d;e",
    "s = [a]",
    "s = a|b",
    "s = \\n",
    "s = a\\",
    "s = $x",
    "s = $",
    "s = x$y",
    "s = \xC3\xBC",
    "s = \v",
    "s = a\fb",
    "s = ~!@%^&<>?`",
    // Double quotes.
    R"(s = "")",
    R"(s = "a b")",
    R"(s = "\n\t\r\b\f\a\e\v\"\\")",
    R"(s = "\q\$\{\'\ ")",
    R"(s = "\101\60\7x")",
    R"(s = "\377")",
    R"(s = "\400")",
    R"(s = "\777")",
    R"(s = "\8")",
    R"(s = "\18")",
    R"(s = "\1234")",
    R"(s = "\x41\x4A\x4a\x414\x9.")",
    R"(s = "\xg\x")",
    "s = \"a\nb\"",
    "s = \"a\\\nb\"",
    "s = \"a\\\r\nb\"",
    "s = \"*+(){}=,#'\"",
    "s = \"// /* */\"",
    "s = \"a\" \"b\"",
    "s = a\"b\"",
    "s = \"a\"b",
    "s = \"a",
    "s = \"a\\",
    // Single quotes.
    R"(s = '')",
    R"(s = 'a b')",
    R"(s = '\n\x41\\\'"')",
    R"(s = '${RPROXY_A}')",
    "s = 'a\nb'",
    "s = 'a\\\nb'",
    "s = 'a",
    "s = 'a\\'",
    // Variables.
    "s = ${RPROXY_A}",
    "s = \"<${RPROXY_A}>\"",
    "s = ${RPROXY_UNSET}",
    "s = \"${RPROXY_UNSET}\"",
    "s = ${RPROXY_UNSET:-d e}",
    "s = ${RPROXY_UNSET:-}",
    "s = ${RPROXY_EMPTY:-d}",
    "s = ${RPROXY_A:-d}",
    "s = \"${RPROXY_UNSET:-\"q\"}\"",
    "s = ${RPROXY_UNSET:-a:-b}",
    "s = ${RPROXY_UNSET:x:-b}",
    "s = ${}",
    "s = a${RPROXY_A}",
    "s = ${RPROXY_A}b",
    "l = {${RPROXY_A}, ${RPROXY_UNSET:-x}}",
    "${RPROXY_UNSET:-s} = a",
    "s = $${RPROXY_A}",
    "s = \"$${RPROXY_A}\"",
    "s = \"$\"",
    "s = \"${RPROXY_A}${RPROXY_A}\"",
    "s = \"\\${RPROXY_A}\"",
    // Integers and booleans.
    "i = 0",
    "i = 10",
    "i = -1",
    "i = \"+1\"",
    "i = 0x1F",
    "i = 010",
    "i = 08",
    "i = 1a",
    "i = 0x",
    "i = x",
    "i = 1.5",
    "i = --1",
    "i = 9223372036854775807",
    "i = 9223372036854775808",
    "b = true",
    "b = ON",
    "b = yes",
    "b = False",
    "b = off",
    "b = no",
    "b = 1",
    "b = ''",
};

TEST_F(ConfuseTest, TableMeansTheSameToBoth) {
  for (const std::string_view text : kSameTexts) {
    const std::string copy(text);
    EXPECT_EQ(Show(RunOurs(copy, /*lenient=*/true)), Show(RunConfuse(copy)))
        << copy;
  }
}

// --- generated inputs ---

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  // Mostly right texts: entries as the language has them, and perhaps one or
  // two tokens dropped, doubled or swapped.
  std::string Text() {
    tokens_.clear();
    Entries(0);
    const size_t mistakes = Below(3);
    for (size_t i = 0; i < mistakes && !tokens_.empty(); ++i) Damage();
    return absl::StrJoin(tokens_, Below(2) == 0 ? " " : "\n");
  }

  // Any tokens in any order.
  std::string Soup() {
    tokens_.clear();
    for (size_t i = Below(14); i > 0; --i) tokens_.push_back(AnyToken());
    return absl::StrJoin(tokens_, " ");
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }

  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }

  std::string Word() {
    return Pick({"a", "B", "/x/y", "1", "-2", "0x10", "on", "no", "\"a b\"",
                 "\"\\x41\\n\\101${RPROXY_A}\"", "'*'", "'\\n\\''", "\"\"",
                 "${RPROXY_A}", "${RPROXY_UNSET:-f}", "127.0.0.1:80", "s"});
  }

  std::string Name() { return Pick({"s", "S", "i", "b", "l", "L", "n"}); }

  std::string AnyToken() {
    return Pick({Word(), Name(), "=", "=", "+=", "{", "}", ",", "multi",
                 "named", "once", "(", ")"});
  }

  void Entries(int depth) {
    for (size_t i = Below(5); i > 0; --i) {
      if (depth < 3 && Below(3) == 0) {
        const std::string keyword = Pick({"multi", "named", "once", "Named"});
        tokens_.push_back(keyword);
        if (absl::EqualsIgnoreCase(keyword, "named")) tokens_.push_back(Word());
        tokens_.push_back("{");
        Entries(depth + 1);
        tokens_.push_back("}");
      } else {
        OneOption();
      }
    }
  }

  void OneOption() {
    const std::string name = Name();
    const bool list = absl::EqualsIgnoreCase(name, "l") || name == "n";
    tokens_.push_back(name);
    tokens_.push_back(list && Below(3) == 0 ? "+=" : "=");
    if (!list || Below(2) == 0) {
      tokens_.push_back(name == "i" || name == "n" ? "7"
                        : name == "b"              ? "yes"
                                                   : Word());
      return;
    }
    tokens_.push_back("{");
    for (size_t i = Below(4); i > 0; --i) {
      tokens_.push_back(name == "n" ? "7" : Word());
      if (i > 1 || Below(2) == 0) tokens_.push_back(",");
    }
    tokens_.push_back("}");
  }

  void Damage() {
    const size_t at = Below(tokens_.size());
    switch (Below(3)) {
      case 0:
        tokens_.erase(tokens_.begin() + at);
        return;
      case 1:
        tokens_.insert(tokens_.begin() + at, AnyToken());
        return;
      case 2:
        std::swap(tokens_[at], tokens_[Below(tokens_.size())]);
        return;
    }
  }

  std::mt19937_64 random_;
  std::vector<std::string> tokens_;
};

// Where an empty text may stand for a number, which libconfuse takes for 0; see
// the intended differences.
bool GivesEmptyNumber(absl::string_view text) {
  std::string dense;
  for (const char c : text) {
    if (!absl::ascii_isspace(c)) dense += absl::ascii_tolower(c);
  }
  for (const absl::string_view quoted : {"\"\"", "''"}) {
    for (const absl::string_view before : {"i=", "n=", "n+=", "{", ","}) {
      if (absl::StrContains(dense, absl::StrCat(before, quoted))) return true;
    }
  }
  return false;
}

void ExpectSameForSeed(uint64_t seed, size_t texts) {
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  Generator generator(seed);
  size_t accepted = 0;
  for (size_t i = 0; i < texts; ++i) {
    const std::string text = i % 4 == 0 ? generator.Soup() : generator.Text();
    if (GivesEmptyNumber(text)) continue;
    const Understood ours = RunOurs(text, /*lenient=*/true);
    ASSERT_EQ(Show(ours), Show(RunConfuse(text))) << text;
    if (ours) ++accepted;
  }
  // The texts must not all be refused for nothing.
  EXPECT_GT(accepted, texts / 10);
}

// RPROXY_CONFUSE_SEED tries other texts.
TEST_F(ConfuseTest, GeneratedTextsMeanTheSameToBoth) {
  uint64_t seed = 20130214;
  const char* wanted = std::getenv("RPROXY_CONFUSE_SEED");
  ASSERT_TRUE(wanted == nullptr || absl::SimpleAtoi(wanted, &seed));
  ExpectSameForSeed(seed, 10000);
}

// --- where we differ on purpose ---

struct Difference {
  std::string_view why;
  std::string text;
  std::string ours;
  std::string confuse;
};

TEST_F(ConfuseTest, IntendedDifferences) {
  const std::string nothing = "s=- i=0 b=0";
  const Difference differences[] = {
      {"comments may stand anywhere", "s = # c\n a", "s='a' i=0 b=0",
       "refused"},
      {"comments may stand anywhere", "l = { a, // c\n b }",
       "s=- i=0 b=0 l'a' l'b'", "refused"},
      {"a section must be closed", "multi {", "refused",
       "s=- i=0 b=0 multi(s=- i=0 b=0)"},
      {"a string must be closed", "\"abc", "refused", nothing},
      {"a comment must be closed", "s = a /* b", "refused", "s='a' i=0 b=0"},
      {"* is not dropped", "s = *.org", "refused", "s='.org' i=0 b=0"},
      {"+ is not dropped", "s = a + i = 1", "refused", "s='a' i=1 b=0"},
      {"a comment does not touch a word", "s = a/* i = 1", "refused",
       "s='a/' i=1 b=0"},
      {"${ must be closed", "s = \"${RPROXY_A\"", "refused",
       "s='${RPROXY_A' i=0 b=0"},
      {"${ must be closed on its line", "s = \"${RPROXY_UNSET\n}\"", "refused",
       "s='' i=0 b=0"},
      {"NUL does not cut a value", "s = \"a\\0b\"", "refused", "s='a' i=0 b=0"},
      {"an integer has digits", "i = ''", "refused", nothing},
      {"an integer has no space", "i = ' 5'", "refused", "s=- i=5 b=0"},
      {"a name is no path", "multi { } \"multi|s\" = a", "refused",
       "s=- i=0 b=0 multi(s='a' i=0 b=0)"},
      {"a byte order mark is skipped", "\xEF\xBB\xBFs = a", "s='a' i=0 b=0",
       "refused"},
  };
  for (const Difference& difference : differences) {
    SCOPED_TRACE(absl::StrCat(difference.why, ": ", difference.text));
    EXPECT_EQ(Show(RunOurs(difference.text)), difference.ours);
    EXPECT_EQ(Show(RunConfuse(difference.text)), difference.confuse);
  }
}

// --- a file of the predecessor, by the predecessor's tables ---

TEST_F(ConfuseTest, PredecessorFileMeansTheSame) {
  const std::string text = R"(
    max-nofile = 2048
    Server {
      addr = "0.0.0.0" port = 0x1F90 threads = 02
      read-timeout = { 10, 500000 }   pending-timeout = 5
      backlog = 512   disable-server-nagle = yes   max-pending = 7
      downstream ds0 { addr = 127.0.0.1 port = 8090 connections = 3
                       retry = { 0, 70000 } }
      vhost "localhost:*" {
        aliases = { 'localhost', "127.0.0.1:8081", }
        strip-headers += { Server } strip-headers += X-Powered-By
        rule all { uri-gmatch = "*" downstreams = ds0 lb-method = RANDOM }
      }
    })";
  // As libconfuse calls these: names are not const.
  static char max_nofile[] = "max-nofile", server[] = "server";
  static char addr[] = "addr", port[] = "port", threads[] = "threads";
  static char read_timeout[] = "read-timeout", backlog[] = "backlog";
  static char pending_timeout[] = "pending-timeout";
  static char nagle[] = "disable-server-nagle", max_pending[] = "max-pending";
  static char downstream[] = "downstream", connections[] = "connections";
  static char retry[] = "retry", vhost[] = "vhost", aliases[] = "aliases";
  static char strip[] = "strip-headers", rule[] = "rule";
  static char gmatch[] = "uri-gmatch", downstreams[] = "downstreams";
  static char lb_method[] = "lb-method";
  const cfg_flag_t unique = CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES;
  cfg_opt_t rule_opts[] = {CFG_STR(gmatch, nullptr, CFGF_NODEFAULT),
                           CFG_STR_LIST(downstreams, nullptr, CFGF_NODEFAULT),
                           CFG_STR(lb_method, nullptr, CFGF_NONE), CFG_END()};
  cfg_opt_t vhost_opts[] = {CFG_STR_LIST(aliases, nullptr, CFGF_NONE),
                            CFG_STR_LIST(strip, nullptr, CFGF_NONE),
                            CFG_SEC(rule, rule_opts, unique), CFG_END()};
  cfg_opt_t downstream_opts[] = {
      CFG_STR(addr, nullptr, CFGF_NODEFAULT), CFG_INT(port, 0, CFGF_NODEFAULT),
      CFG_INT(connections, 1, CFGF_NONE),
      CFG_INT_LIST(retry, nullptr, CFGF_NONE), CFG_END()};
  cfg_opt_t server_opts[] = {CFG_STR(addr, nullptr, CFGF_NONE),
                             CFG_INT(port, 8080, CFGF_NONE),
                             CFG_INT(threads, 4, CFGF_NONE),
                             CFG_INT_LIST(read_timeout, nullptr, CFGF_NONE),
                             CFG_INT_LIST(pending_timeout, nullptr, CFGF_NONE),
                             CFG_INT(backlog, 1024, CFGF_NONE),
                             CFG_BOOL(nagle, cfg_false, CFGF_NONE),
                             CFG_INT(max_pending, 0, CFGF_NONE),
                             CFG_SEC(downstream, downstream_opts, unique),
                             CFG_SEC(vhost, vhost_opts, unique),
                             CFG_END()};
  cfg_opt_t opts[] = {CFG_INT(max_nofile, 1024, CFGF_NONE),
                      CFG_SEC(server, server_opts, CFGF_MULTI), CFG_END()};
  const std::unique_ptr<cfg_t, FreeCfg> cfg(cfg_init(opts, CFGF_NOCASE));
  ASSERT_EQ(cfg_parse_buf(cfg.get(), text.c_str()), CFG_SUCCESS);
  const LoadResult loaded = LoadText(text, "f", {});
  ASSERT_TRUE(loaded.config.has_value()) << Text(loaded.diagnostics);
  const ServerConfig& ours = loaded.config->servers[0];
  cfg_t* theirs = cfg_getsec(cfg.get(), server);

  const auto duration = [](cfg_t* section, const char* name) {
    return absl::Seconds(cfg_getnint(section, name, 0)) +
           (cfg_size(section, name) < 2
                ? absl::ZeroDuration()
                : absl::Microseconds(cfg_getnint(section, name, 1)));
  };
  const auto list = [](cfg_t* section, const char* name) {
    std::vector<std::string> texts;
    for (unsigned i = 0; i < cfg_size(section, name); ++i) {
      texts.push_back(cfg_getnstr(section, name, i));
    }
    return texts;
  };
  const auto number = [](size_t value) { return static_cast<long>(value); };

  EXPECT_EQ(number(loaded.config->max_nofile),
            cfg_getint(cfg.get(), max_nofile));
  EXPECT_EQ(ours.addr.host, cfg_getstr(theirs, addr));
  EXPECT_EQ(ours.port, cfg_getint(theirs, port));
  EXPECT_EQ(number(ours.threads), cfg_getint(theirs, threads));
  EXPECT_EQ(ours.read_timeout, duration(theirs, read_timeout));
  EXPECT_EQ(ours.pending_timeout, duration(theirs, pending_timeout));
  EXPECT_EQ(ours.backlog, cfg_getint(theirs, backlog));
  EXPECT_EQ(ours.disable_server_nagle, cfg_getbool(theirs, nagle) == cfg_true);
  EXPECT_EQ(number(ours.max_pending), cfg_getint(theirs, max_pending));

  cfg_t* their_backend = cfg_getsec(theirs, downstream);
  EXPECT_EQ(ours.backends[0].name, cfg_title(their_backend));
  EXPECT_EQ(ours.backends[0].addr.host, cfg_getstr(their_backend, addr));
  EXPECT_EQ(ours.backends[0].port, cfg_getint(their_backend, port));
  EXPECT_EQ(number(ours.backends[0].connections),
            cfg_getint(their_backend, connections));
  EXPECT_EQ(ours.backends[0].retry, duration(their_backend, retry));

  cfg_t* their_vhost = cfg_getsec(theirs, vhost);
  EXPECT_EQ(ours.vhosts[0].name, cfg_title(their_vhost));
  EXPECT_EQ(ours.vhosts[0].aliases, list(their_vhost, aliases));
  EXPECT_EQ(ours.vhosts[0].strip_headers, list(their_vhost, strip));

  cfg_t* their_rule = cfg_getsec(their_vhost, rule);
  const RuleConfig& our_rule = ours.vhosts[0].rules[0];
  EXPECT_EQ(our_rule.name, cfg_title(their_rule));
  EXPECT_EQ(our_rule.match.pattern, cfg_getstr(their_rule, gmatch));
  EXPECT_EQ(our_rule.backends, list(their_rule, downstreams));
  EXPECT_EQ(our_rule.lb_method,
            ParseLbMethod(cfg_getstr(their_rule, lb_method)).value());
}

}  // namespace
}  // namespace rproxy::config
