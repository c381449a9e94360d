#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "postgres/url.h"

// Whatever a person gives for a database's URL, it is refused in words that are always the same, or read into parts
// that, written again, are read the same.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::postgres::Url;
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto url = Url::parse(bytes);
  if (!url) {
    require(url.error().kind == sluice::ErrorKind::invalid && url.error().fields.size() == 1);
    require(sluice::is_utf8(url.error().message));
    return 0;
  }
  require(!url->host.empty() && !url->user.empty() && !url->database.empty() && url->port != 0);
  for (const auto& [name, value] : sluice::postgres::variables(*url)) {
    require(value.find('\0') == std::string::npos && sluice::is_utf8(value));
  }
  const auto again = Url::parse(url->text());
  require(again && *again == *url && again->text() == url->text());
  return 0;
}
