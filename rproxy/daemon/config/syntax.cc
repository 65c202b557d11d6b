#include "rproxy/daemon/config/syntax.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace rproxy::config {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::string_view file,
         const Environment& environment, Diagnostics& diagnostics)
      : diagnostics_(diagnostics),
        lexer_(text, file, environment, diagnostics),
        token_(lexer_.Next()) {}

  // Reads entries until the section's "}" and takes that, or to the end.
  void Entries(Section& section, int depth);

 private:
  void Entry(Section& section, int depth);
  void OptionAfterName(Section& section, Token name);
  void List(Section& section, Option& option);
  void SectionAfterTitle(Section& parent, Token keyword,
                         std::optional<Token> title, int depth);

  // Reports, and skips to where a new entry seems to start: a word on a later
  // line than the token that is next (or than `line`), or the end of the
  // section around. Braces in between are skipped in pairs.
  void Fail(Section& section, const Position& position, std::string message);
  void Resynchronize(int line);

  bool At(Token::Kind kind) const { return token_.kind == kind; }
  bool AtAssignment() const {
    return At(Token::Kind::kAssign) || At(Token::Kind::kAppend);
  }
  Token Take() { return std::exchange(token_, lexer_.Next()); }

  Diagnostics& diagnostics_;
  Lexer lexer_;
  Token token_;  // The next one, not yet taken.
};

bool IsPlainWord(std::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isalnum(c) && c != '-' && c != '_') return false;
  }
  return !text.empty();
}

// Anything can stand before a "{", but mostly it is a word.
std::string SectionName(const Section& section) {
  std::string name =
      IsPlainWord(section.keyword) ? section.keyword : Quoted(section.keyword);
  if (section.title) absl::StrAppend(&name, " ", Quoted(section.title->text));
  return name;
}

void Parser::Entries(Section& section, int depth) {
  for (;;) {
    switch (token_.kind) {
      case Token::Kind::kEnd:
        if (depth > 0) {
          section.damaged = true;
          diagnostics_.Error(
              token_.position,
              absl::StrCat("missing \"}\" at the end of the file: section ",
                           SectionName(section), " began at line ",
                           section.position.line));
        }
        return;
      case Token::Kind::kClose:
        if (depth > 0) {
          Take();
          return;
        }
        section.damaged = true;
        diagnostics_.Error(Take().position,
                           "unexpected \"}\": no section is open here");
        break;
      case Token::Kind::kWord:
        Entry(section, depth);
        break;
      case Token::Kind::kAssign:
      case Token::Kind::kAppend:
      case Token::Kind::kOpen:
      case Token::Kind::kComma:
      case Token::Kind::kParenthesis:
        Fail(section, token_.position,
             absl::StrCat("unexpected ", Describe(token_),
                          ", expected the name of an option or a section"));
        break;
    }
  }
}

void Parser::Entry(Section& section, int depth) {
  Token name = Take();
  if (AtAssignment()) return OptionAfterName(section, std::move(name));
  if (At(Token::Kind::kOpen)) {
    return SectionAfterTitle(section, std::move(name), std::nullopt, depth);
  }
  const Position position = name.position;
  std::string message =
      absl::StrCat(Quoted(name.text), " must be followed by \"=\" and a ",
                   "value, or by \"{\", but ", Describe(token_), " follows");
  if (!At(Token::Kind::kWord)) {
    return Fail(section, position, std::move(message));
  }
  Token second = Take();
  if (At(Token::Kind::kOpen)) {
    return SectionAfterTitle(section, std::move(name), std::move(second),
                             depth);
  }
  section.damaged = true;
  diagnostics_.Error(position, std::move(message));
  // A lone word may stand before an option that is well.
  if (AtAssignment()) return OptionAfterName(section, std::move(second));
  Resynchronize(second.position.line);
}

void Parser::OptionAfterName(Section& section, Token name) {
  for (;;) {
    Option option{.name = name.text,
                  .position = name.position,
                  .append = At(Token::Kind::kAppend)};
    Take();
    if (At(Token::Kind::kOpen)) {
      option.braced = true;
      List(section, option);
      section.options.push_back(std::move(option));
      return;
    }
    if (!At(Token::Kind::kWord)) {
      return Fail(
          section, token_.position,
          absl::StrCat("option ", Quoted(name.text), " needs a value, but ",
                       Describe(token_), " follows"));
    }
    Token value = Take();
    if (!AtAssignment() || value.position.line == name.position.line) {
      option.values.push_back({std::move(value.text), value.position});
      section.options.push_back(std::move(option));
      return;
    }
    // "a =" and on the next line "b = 1": the value is the next option's name.
    section.damaged = true;
    diagnostics_.Error(name.position, absl::StrCat("option ", Quoted(name.text),
                                                   " has no value"));
    name = std::move(value);
  }
}

void Parser::List(Section& section, Option& option) {
  const Token open = Take();
  while (At(Token::Kind::kWord)) {
    Token value = Take();
    option.values.push_back({std::move(value.text), value.position});
    if (At(Token::Kind::kComma)) {
      Take();
    } else if (At(Token::Kind::kWord)) {
      const bool same_line = token_.position.line == value.position.line;
      section.damaged = true;
      diagnostics_.Error(
          token_.position,
          absl::StrCat("missing ", same_line ? "\",\"" : "\",\" or \"}\"",
                       " before ", Describe(token_), " in the list of ",
                       Quoted(option.name)));
    } else {
      break;
    }
  }
  if (At(Token::Kind::kClose)) {
    Take();
    return;
  }
  Fail(section, token_.position,
       absl::StrCat("unexpected ", Describe(token_), " in the list of ",
                    Quoted(option.name), " that began at line ",
                    open.position.line));
}

void Parser::SectionAfterTitle(Section& parent, Token keyword,
                               std::optional<Token> title, int depth) {
  if (depth == kNestingMax) {
    return Fail(parent, keyword.position,
                absl::StrCat("sections nested deeper than ", kNestingMax));
  }
  Take();
  Section section{.keyword = std::move(keyword.text),
                  .position = keyword.position};
  if (title) section.title = Value{std::move(title->text), title->position};
  Entries(section, depth + 1);
  parent.sections.push_back(std::move(section));
}

void Parser::Fail(Section& section, const Position& position,
                  std::string message) {
  section.damaged = true;
  diagnostics_.Error(position, std::move(message));
  Resynchronize(token_.position.line);
}

void Parser::Resynchronize(int line) {
  int open_braces = 0;
  for (; !At(Token::Kind::kEnd); Take()) {
    if (At(Token::Kind::kOpen)) ++open_braces;
    if (At(Token::Kind::kClose) && open_braces-- == 0) return;
    if (At(Token::Kind::kWord) && open_braces == 0 &&
        token_.position.line > line) {
      return;
    }
  }
}

// As a word if it is one, else in double quotes.
void PrintText(std::string_view text, std::string& out) {
  if (IsPlainWord(text)) {
    absl::StrAppend(&out, text);
    return;
  }
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') {
      out.push_back('\\');
      out.push_back(c);
    } else if (absl::ascii_isprint(c)) {
      out.push_back(c);
    } else {
      absl::StrAppend(
          &out, "\\x",
          absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  out.push_back('"');
}

void PrintEntries(const Section& section, int depth, std::string& out) {
  const std::string indent(2 * depth, ' ');
  for (const Option& option : section.options) {
    out += indent;
    PrintText(option.name, out);
    out += option.append ? " += " : " = ";
    if (option.braced) out += "{ ";
    for (const Value& value : option.values) {
      PrintText(value.text, out);
      if (option.braced) out += ", ";
    }
    out += option.braced ? "}\n" : "\n";
  }
  for (const Section& child : section.sections) {
    out += indent;
    PrintText(child.keyword, out);
    if (child.title) {
      out.push_back(' ');
      PrintText(child.title->text, out);
    }
    out += " {\n";
    PrintEntries(child, depth + 1, out);
    absl::StrAppend(&out, indent, "}\n");
  }
}

}  // namespace

Section Parse(std::string_view text, std::string_view file,
              const Environment& environment, Diagnostics& diagnostics) {
  Section root{.position = {.file = file}};
  if (text.size() > kFileBytesMax) {
    root.damaged = true;
    diagnostics.Error(root.position, absl::StrCat("the file is larger than ",
                                                  kFileBytesMax, " bytes"));
    return root;
  }
  Parser(text, file, environment, diagnostics).Entries(root, 0);
  return root;
}

std::string Print(const Section& root) {
  std::string out;
  PrintEntries(root, 0, out);
  return out;
}

}  // namespace rproxy::config
