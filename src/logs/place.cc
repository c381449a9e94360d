#include "logs/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::logs {
namespace fs = std::filesystem;
namespace {

std::optional<StepFile> parse_name(std::string_view name) {
  if (name.ends_with(".zst")) name.remove_suffix(4);
  if (!name.ends_with(".log")) return std::nullopt;
  name.remove_suffix(4);
  StepFile out;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), out.number);
  if (error != std::errc() || end == name.data() + name.size() || *end != '-') return std::nullopt;
  out.step = std::string(end + 1, name.data() + name.size());
  return out;
}

std::string file_name(int number, const std::string& step) { return fmt::format("{:02}-{}.log", number, step); }

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text[0] != '.' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

Result<fs::path> folder_of(const fs::path& root, const std::string& stack, const std::string& stage,
                           const std::string& deployment) {
  for (const auto* part : {&stack, &stage, &deployment})
    if (!is_name(*part)) return fail(ErrorKind::invalid, fmt::format("'{}' cannot name a log", *part));
  return root / stack / stage / deployment;
}

std::vector<StepFile> step_files(const fs::path& folder) {
  std::vector<StepFile> out;
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; at != end && !ignored; at.increment(ignored))
    if (auto file = parse_name(at->path().filename().string())) out.push_back(std::move(*file));
  std::ranges::sort(
      out, [](const auto& a, const auto& b) { return std::tie(a.number, a.step) < std::tie(b.number, b.step); });
  const auto same = [](const StepFile& a, const StepFile& b) { return a.step == b.step; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

std::optional<fs::path> find_log(const fs::path& folder, const std::string& step) {
  for (const auto& file : step_files(folder))
    if (file.step == step) return folder / file_name(file.number, step);
  return std::nullopt;
}

fs::path next_log(const fs::path& folder, const std::string& step) {
  const auto files = step_files(folder);
  return folder / file_name(files.empty() ? 1 : files.back().number + 1, step);
}

fs::path compressed(fs::path log) { return log += ".zst"; }

}  // namespace sluice::logs
