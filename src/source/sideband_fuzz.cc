#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/sideband.h"

// What git answers to a push is cut open to put words into it: no answer may be read beyond its end, and one that was
// well framed stays so.
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::source;
  // On the heap and exactly as long as it is, so that a byte too far is seen.
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!is_sideband(bytes)) return 0;
  for (const auto& text : {std::string("change #1\n"), std::string(70'000, 'x'), bytes}) {
    const auto progress = with_progress(bytes, text);
    require(is_sideband(progress) && progress.starts_with(std::string_view(bytes).substr(0, bytes.size() - 4)));
    require(is_sideband(with_error(bytes, text)));
  }
  return 0;
}
