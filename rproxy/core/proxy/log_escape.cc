#include "rproxy/core/proxy/log_escape.h"

namespace rproxy {
namespace {

constexpr char kHex[] = "0123456789abcdef";

bool Harmless(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void AppendHex(char c, std::string& out) {
  const auto byte = static_cast<unsigned char>(c);
  out.push_back(kHex[byte >> 4]);
  out.push_back(kHex[byte & 15]);
}

// Copies stretches of `fine` bytes at once.
template <typename Fine, typename Escape>
void AppendEscaped(absl::string_view text, Fine fine, Escape escape,
                   std::string& out) {
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (fine(text[i])) continue;
    out.append(text.data() + begin, i - begin);
    escape(text[i]);
    begin = i + 1;
  }
  out.append(text.data() + begin, text.size() - begin);
}

}  // namespace

void AppendQuotedEscaped(absl::string_view text, std::string& out) {
  AppendEscaped(
      text, Harmless,
      [&](char c) {
        out.append("\\x");
        AppendHex(c, out);
      },
      out);
}

void AppendBareEscaped(absl::string_view text, char delimiter,
                       std::string& out) {
  AppendEscaped(
      text,
      [delimiter](char c) { return Harmless(c) && c != ' ' && c != delimiter; },
      [&](char c) {
        out.append("\\x");
        AppendHex(c, out);
      },
      out);
}

void AppendJsonEscaped(absl::string_view text, std::string& out) {
  AppendEscaped(
      text, Harmless,
      [&](char c) {
        if (c == '"' || c == '\\') {
          out.push_back('\\');
          out.push_back(c);
          return;
        }
        out.append("\\u00");
        AppendHex(c, out);
      },
      out);
}

}  // namespace rproxy
