#include <cstddef>
#include <cstdint>
#include <string_view>

#include "build/procfile.h"
#include "build/sluice_toml.h"

// Both parsers of what a pushed repository says about itself.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)sluice::build::parse_sluice_toml(text);
  (void)sluice::build::parse_procfile(text);
  (void)sluice::build::cargo_program(text);
  return 0;
}
