#pragma once
#include <span>
#include <string_view>

namespace sluice::dashboard {

// One file of the built dashboard, all of it in the program's read-only data.
struct File {
  std::string_view path;    // as it is asked for: "/assets/index-Dk_BtT9B.js"
  std::string_view type;    // its Content-Type
  std::string_view digest;  // of its content; hexadecimal
  std::string_view plain;
  std::string_view gzip;  // the same, compressed; empty where that would not be smaller
};

// What was linked into this program: nothing where the dashboard was not built (cmake/dashboard.cmake defines it, in
// the program only: the room and its tests know no particular files).
std::span<const File> linked_files();

}  // namespace sluice::dashboard
