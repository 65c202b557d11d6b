#include "rproxy/core/http/message.h"

namespace rproxy {

bool WantsKeepAlive(HttpVersion version, const HeaderMap& headers) {
  if (headers.ListContains(FieldId::kConnection, "close")) return false;
  switch (version) {
    case HttpVersion::kHttp10:
      return headers.ListContains(FieldId::kConnection, "keep-alive");
    case HttpVersion::kHttp11:
      return true;
  }
  return false;
}

}  // namespace rproxy
