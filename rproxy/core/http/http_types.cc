#include "rproxy/core/http/http_types.h"

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace rproxy {
namespace {

// `text` has the right size already: this compares the rest of it.
FieldId IdIf(absl::string_view text, absl::string_view name, FieldId id) {
  return absl::EqualsIgnoreCase(text, name) ? id : FieldId::kOther;
}

}  // namespace

absl::string_view ToString(HttpVersion version) {
  switch (version) {
    case HttpVersion::kHttp10:
      return "HTTP/1.0";
    case HttpVersion::kHttp11:
      return "HTTP/1.1";
  }
  return "HTTP/1.1";
}

absl::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 208:
      return "Already Reported";
    case 226:
      return "IM Used";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Failed Dependency";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 451:
      return "Unavailable For Legal Reasons";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 506:
      return "Variant Also Negotiates";
    case 507:
      return "Insufficient Storage";
    case 508:
      return "Loop Detected";
    case 511:
      return "Network Authentication Required";
    default:
      return "";
  }
}

bool IsIdempotent(absl::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" ||
         method == "TRACE" || method == "PUT" || method == "DELETE";
}

FieldId FieldIdOf(absl::string_view name) {
  // The size settles nearly every case with one comparison at most.
  switch (name.size()) {
    case 2:
      return IdIf(name, "te", FieldId::kTe);
    case 3:
      return IdIf(name, "via", FieldId::kVia);
    case 4:
      if ((name[0] | 0x20) == 'h') return IdIf(name, "host", FieldId::kHost);
      return IdIf(name, "date", FieldId::kDate);
    case 6:
      if ((name[0] | 0x20) == 'e') {
        return IdIf(name, "expect", FieldId::kExpect);
      }
      return IdIf(name, "server", FieldId::kServer);
    case 7:
      if ((name[0] | 0x20) == 't') {
        return IdIf(name, "trailer", FieldId::kTrailer);
      }
      return IdIf(name, "upgrade", FieldId::kUpgrade);
    case 10:
      if ((name[0] | 0x20) == 'c') {
        return IdIf(name, "connection", FieldId::kConnection);
      }
      return IdIf(name, "keep-alive", FieldId::kKeepAlive);
    case 11:
      return IdIf(name, "retry-after", FieldId::kRetryAfter);
    case 12:
      return IdIf(name, "content-type", FieldId::kContentType);
    case 14:
      return IdIf(name, "content-length", FieldId::kContentLength);
    case 15:
      return IdIf(name, "x-forwarded-for", FieldId::kXForwardedFor);
    case 16:
      return IdIf(name, "proxy-connection", FieldId::kProxyConnection);
    case 17:
      return IdIf(name, "transfer-encoding", FieldId::kTransferEncoding);
    case 18:
      return IdIf(name, "proxy-authenticate", FieldId::kProxyAuthenticate);
    case 19:
      return IdIf(name, "proxy-authorization", FieldId::kProxyAuthorization);
    default:
      return FieldId::kOther;
  }
}

bool IsHopByHop(FieldId id) {
  switch (id) {
    case FieldId::kConnection:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTe:
    case FieldId::kTrailer:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return true;
    case FieldId::kOther:
    case FieldId::kContentLength:
    case FieldId::kContentType:
    case FieldId::kDate:
    case FieldId::kExpect:
    case FieldId::kHost:
    case FieldId::kProxyAuthenticate:
    case FieldId::kProxyAuthorization:
    case FieldId::kRetryAfter:
    case FieldId::kServer:
    case FieldId::kVia:
    case FieldId::kXForwardedFor:
      return false;
  }
  return false;
}

}  // namespace rproxy
