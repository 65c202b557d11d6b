#include "rproxy/core/proxy/forwarded_headers.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "rproxy/core/http/request_target.h"

namespace rproxy {
namespace {

// Naming one of these in Connection would make us drop what the backend, or
// the client, needs to understand the message or to know who sent it.
bool IsProtectedFromConnection(absl::string_view name) {
  switch (FieldIdOf(name)) {
    case FieldId::kHost:
    case FieldId::kContentLength:
    case FieldId::kContentType:
    case FieldId::kXForwardedFor:
      return true;
    default:
      break;
  }
  return absl::EqualsIgnoreCase(name, "Authorization") ||
         absl::EqualsIgnoreCase(name, "Cookie") ||
         absl::EqualsIgnoreCase(name, "Set-Cookie") ||
         absl::StartsWithIgnoreCase(name, "X-SSL-");
}

// RFC 9110 section 7.6.3.
void AddVia(HttpVersion received, const std::string& name, HeaderMap& headers) {
  headers.Add(
      "Via",
      absl::StrCat(received == HttpVersion::kHttp10 ? "1.0 " : "1.1 ", name));
}

}  // namespace

void RemoveHopByHopFields(HeaderMap& headers) {
  // Most messages have none of these, and then nothing is copied.
  std::vector<std::string> named;
  bool any = false;
  headers.ForEach([&](const HeaderMap::Field& field) {
    if (!IsHopByHop(field.id)) return;
    any = true;
    if (field.id != FieldId::kConnection) return;
    for (absl::string_view name : absl::StrSplit(field.value, ',')) {
      name = absl::StripAsciiWhitespace(name);
      if (!name.empty() && !IsProtectedFromConnection(name)) {
        named.emplace_back(name);
      }
    }
  });
  if (!any) return;
  for (const std::string& name : named) headers.Remove(name);
  headers.Remove(FieldId::kConnection);
  headers.Remove(FieldId::kKeepAlive);
  headers.Remove(FieldId::kProxyConnection);
  headers.Remove(FieldId::kTe);
  headers.Remove(FieldId::kTrailer);
  headers.Remove(FieldId::kTransferEncoding);
  headers.Remove(FieldId::kUpgrade);
}

void PrepareRequest(const BodyFraming& framing, const RequestEdits& edits,
                    RequestHead& head) {
  // Trailers are passed on, so that the backend may hear of a client that
  // takes them. RFC 9110 section 10.1.4.
  const bool trailers = head.headers.ListContains(FieldId::kTe, "trailers");
  const HttpVersion received = head.version;
  RemoveHopByHopFields(head.headers);
  if (trailers) {
    head.headers.Add("TE", "trailers");
    head.headers.Add("Connection", "TE");
  }
  if (!edits.via.empty()) AddVia(received, edits.via, head.headers);
  const std::optional<RequestTarget> target =
      ParseRequestTarget(head.method, head.target);
  if (target && target->form == RequestTarget::Form::kAbsolute) {
    head.headers.Set("Host", target->authority);
    std::string origin =
        absl::StrCat(target->path.empty() ? "/" : target->path,
                     target->has_query ? "?" : "", target->query);
    // RFC 9112 section 3.2.4: OPTIONS for the whole server.
    if (head.method == "OPTIONS" && target->path.empty() &&
        !target->has_query) {
      origin = "*";
    }
    head.target = std::move(origin);
  }
  if (received == HttpVersion::kHttp10) {
    // RFC 9110 section 10.1.1: not understood there, so not to be passed on as
    // if it were.
    head.headers.Remove(FieldId::kExpect);
    // RFC 9112 section 3.2: what we send must have one, and the client named
    // none.
    if (!head.headers.Find(FieldId::kHost)) head.headers.Add("Host", "");
  }
  head.version = HttpVersion::kHttp11;
  switch (framing.kind) {
    case BodyFraming::Kind::kContentLength:
      // One field with one number; the parser saw to that. Somebody may take
      // leading zeros for octal.
      if (const absl::string_view number =
              *head.headers.Find(FieldId::kContentLength);
          number.size() > 1 && number.front() == '0') {
        head.headers.Set("Content-Length", absl::StrCat(framing.length));
      }
      break;
    case BodyFraming::Kind::kChunked:
      head.headers.Add("Transfer-Encoding", "chunked");
      break;
    case BodyFraming::Kind::kNone:
    case BodyFraming::Kind::kUntilClose:
    case BodyFraming::Kind::kTunnel:
      break;
  }
  if (edits.x_forwarded_for) {
    std::string value;
    head.headers.ForEach([&](const HeaderMap::Field& field) {
      if (field.id != FieldId::kXForwardedFor || field.value.empty()) return;
      absl::StrAppend(&value, field.value, ", ");
    });
    absl::StrAppend(&value, edits.client_host);
    head.headers.Set("X-Forwarded-For", value);
  }
}

void PrepareResponse(const BodyFraming& framing,
                     const std::vector<std::string>& strip,
                     const std::string& via, ResponseHead& head) {
  RemoveHopByHopFields(head.headers);
  // RFC 9110 section 8.6: a 204 has none.
  if (framing.kind != BodyFraming::Kind::kNone || head.status == 204) {
    head.headers.Remove(FieldId::kContentLength);
  }
  for (const std::string& name : strip) head.headers.Remove(name);
  if (!via.empty()) AddVia(head.version, via, head.headers);
}

}  // namespace rproxy
