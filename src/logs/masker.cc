#include "logs/masker.h"

#include <algorithm>

namespace sluice::logs {
namespace {

constexpr std::size_t kShortest = 4;
constexpr std::size_t kShortestLine = 8;
constexpr std::string_view kStars = "***";

unsigned char byte(char c) { return static_cast<unsigned char>(c); }

}  // namespace

Masker::Masker(const std::vector<std::string>& values) {
  const auto add = [&](std::string_view value) {
    auto& bucket = values_.at(byte(value[0]));
    if (std::ranges::find(bucket, value) == bucket.end()) bucket.emplace_back(value);
    begins_[byte(value[0])] = true;
    empty_ = false;
  };
  for (const std::string_view value : values) {
    if (value.size() < kShortest) continue;
    add(value);
    if (value.find('\n') == std::string_view::npos) continue;
    std::size_t begin = 0;
    while (begin < value.size()) {
      const auto end = std::min(value.find('\n', begin), value.size());
      auto line = value.substr(begin, end - begin);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.size() >= kShortestLine) add(line);
      begin = end + 1;
    }
  }
  for (auto& bucket : values_)
    std::ranges::sort(bucket, [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void Masker::feed(std::string_view text, std::string& out) {
  if (empty_) {
    out += text;
    return;
  }
  held_ += text;
  scan(false, out);
}

void Masker::flush(std::string& out) { scan(true, out); }

void Masker::look_at(std::size_t position, bool& may_go_on, std::size_t& match) const {
  const auto rest = std::string_view(held_).substr(position);
  for (const auto& value : values_.at(byte(rest[0]))) {
    if (rest.size() < value.size())
      may_go_on = may_go_on || std::string_view(value).starts_with(rest);
    else if (match < value.size() && rest.starts_with(value))
      match = value.size();
  }
}

void Masker::scan(bool last, std::string& out) {
  std::size_t position = 0;
  std::size_t covered = covered_;
  while (position < held_.size()) {
    // What cannot begin a value goes out in one piece.
    auto run = position;
    while (run < held_.size() && !begins_[byte(held_[run])]) ++run;
    const auto from = std::max(position, std::min(covered, run));
    out.append(held_, from, run - from);
    position = run;
    if (position == held_.size()) break;

    bool may_go_on = false;
    std::size_t match = 0;
    look_at(position, may_go_on, match);
    if (may_go_on && !last) break;
    if (match > 0) {
      if (position >= covered) out += kStars;
      covered = std::max(covered, position + match);
    }
    if (position >= covered) out += held_[position];
    ++position;
  }
  held_.erase(0, position);
  covered_ = covered > position ? covered - position : 0;
}

}  // namespace sluice::logs
