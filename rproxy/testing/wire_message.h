// HTTP/1.1 messages as tests see them: what exactly was on the wire.
//
// A second, deliberately plain reader of HTTP, which shares no code with
// rproxy/core/http and so cannot share its bugs. It keeps the raw bytes, finds
// where a message ends, and calls everything malformed that two readers could
// take differently.
//
// Threading: plain values and functions.

#ifndef RPROXY_TESTING_WIRE_MESSAGE_H_
#define RPROXY_TESTING_WIRE_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace rproxy::test {

struct WireField {
  std::string name;
  std::string value;  // Without white space around it.

  bool operator==(const WireField&) const = default;
};

std::ostream& operator<<(std::ostream& out, const WireField& field);

struct WireHead {
  std::string raw;         // The empty line included.
  std::string start_line;  // Without its line end.
  std::vector<WireField> fields;
  // False for bare CR or LF, control characters, fields without a colon, names
  // that are no token, folded lines.
  bool well_formed = true;

  // Values of all fields of that name, compared without regard to case.
  std::vector<std::string> All(absl::string_view name) const;
  // The only value; empty when there is none or more than one.
  std::string Only(absl::string_view name) const;
  size_t Count(absl::string_view name) const { return All(name).size(); }
  bool Has(absl::string_view name) const { return Count(name) > 0; }

  // The n-th of the start line's parts: two spaces end the first two, the
  // third is the rest.
  std::string StartLinePart(int n) const;
};

// The size of the head at the start of `bytes`, if all of it is there.
std::optional<size_t> FindHeadSize(absl::string_view bytes);
// `raw` is a whole head, the final empty line included.
WireHead ParseHead(absl::string_view raw);

enum class WireFraming : uint8_t {
  kNone,
  kLength,
  kChunked,
  kUntilClose,
  kMalformed,  // No length, or more than one, can be taken from the head.
};

std::ostream& operator<<(std::ostream& out, WireFraming framing);

// Finds the end of one body in bytes that come in pieces.
class WireBodyReader {
 public:
  WireBodyReader() = default;
  static WireBodyReader ForRequest(const WireHead& head);
  static WireBodyReader ForResponse(const WireHead& head, int status,
                                    absl::string_view request_method);

  // Appends what `bytes` hold of the body to `body`; returns how many bytes
  // belong to the message. Fewer than all only when done or malformed.
  size_t Feed(absl::string_view bytes, std::string& body);
  // The connection ended: right for kUntilClose, otherwise changes nothing.
  void FeedEnd();

  bool done() const { return state_ == State::kDone; }
  bool malformed() const { return state_ == State::kMalformed; }
  WireFraming framing() const { return framing_; }
  const std::vector<WireField>& trailers() const { return trailers_; }
  // Body bytes that the next call may take at most, as far as is known; 0 when
  // framing has to be read first.
  uint64_t left() const { return left_; }
  // Sizes of the chunks so far, the last one (0) excluded.
  const std::vector<uint64_t>& chunk_sizes() const { return chunk_sizes_; }

 private:
  enum class State : uint8_t {
    kData,       // left_ bytes of body, or all there is (kUntilClose).
    kChunkLine,  // A chunk-size line.
    kChunkEnd,   // The line end after chunk data.
    kTrailers,   // Lines up to an empty one.
    kDone,
    kMalformed,
  };

  void SetFraming(WireFraming framing, uint64_t length);
  void OnLine(absl::string_view line);

  WireFraming framing_ = WireFraming::kNone;
  State state_ = State::kDone;
  uint64_t left_ = 0;
  std::string line_;  // Of a chunked body's framing, while incomplete.
  std::vector<WireField> trailers_;
  std::vector<uint64_t> chunk_sizes_;
};

// "HTTP/1.1 200 OK" with Content-Length and `fields` ("Name: value\r\n"...).
std::string MakeResponse(int status, absl::string_view body,
                         absl::string_view fields = "");
// "GET <target> HTTP/1.1", Host and `fields`; a Content-Length if `body` is not
// empty.
std::string MakeRequest(absl::string_view method, absl::string_view target,
                        absl::string_view fields = "",
                        absl::string_view body = "");
// `body` in chunks of `chunk` bytes, with the last chunk and `trailers`
// ("Name: value\r\n"...).
std::string MakeChunked(absl::string_view body, size_t chunk,
                        absl::string_view trailers = "");
// `size` bytes that differ at every offset one is likely to confuse.
std::string MakePattern(size_t size, uint32_t seed = 1);

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_WIRE_MESSAGE_H_
