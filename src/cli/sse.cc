#include "cli/sse.h"

namespace sluice::cli {

bool StreamParser::feed(std::string_view bytes) {
  rest_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end; (end = rest_.find('\n', begin)) != std::string::npos; begin = end + 1) {
    std::string_view text = std::string_view(rest_).substr(begin, end - begin);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!line(text)) return false;
  }
  rest_.erase(0, begin);
  return true;
}

bool StreamParser::line(std::string_view text) {
  if (text.empty()) {
    whole_id_ = id_;
    const bool go_on = !has_data_ && type_.empty() ? true : take_({type_.empty() ? "message" : type_, data_, id_});
    type_.clear();
    data_.clear();
    has_data_ = false;
    return go_on;
  }
  if (text.front() == ':') return true;
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    type_ = value;
  } else if (field == "id") {
    id_ = value;
  }
  return true;
}

}  // namespace sluice::cli
