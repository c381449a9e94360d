#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::logs {

// Replaces secret values in a stream of text with ***. Every byte that belongs to any occurrence is hidden, also where
// occurrences overlap or arrive in pieces.
class Masker {
 public:
  // Values shorter than 4 bytes are ignored: they would hide half the text. Of a value of several lines each longer
  // line is hidden by itself too, since tools print them indented.
  explicit Masker(const std::vector<std::string>& values);
  // Appends what is certain by now to `out`; the rest is held back until the next call.
  void feed(std::string_view text, std::string& out);
  // Nothing follows: appends what was held back.
  void flush(std::string& out);

 private:
  void scan(bool last, std::string& out);
  void look_at(std::size_t position, bool& may_go_on, std::size_t& match) const;

  std::array<std::vector<std::string>, 256> values_;  // by their first byte, longest first
  std::array<bool, 256> begins_{};                    // whether any begins with this byte
  bool empty_ = true;
  std::string held_;
  std::size_t covered_ = 0;  // so many bytes of held_ belong to an occurrence that is already written as ***
};

}  // namespace sluice::logs
