#include "store/encode.h"

#include <boost/json/parse.hpp>

#include "base/codec.h"
#include "store/json_text.h"

namespace sluice::store {
namespace {

template <class T>
Result<T> decode(const std::string& text, const char* what) {
  boost::system::error_code wrong;
  auto value = boost::json::parse(text, wrong);
  if (wrong) return fail(ErrorKind::failed, std::string("a stored ") + what + " is not JSON: " + wrong.message());
  auto read = codec::read<T>(value);
  if (!read) {
    return fail(ErrorKind::failed, std::string("a stored ") + what + " cannot be read: " + read.error().message);
  }
  return read;
}

}  // namespace

std::string encode(const pipeline::Stack& stack) { return json_text(stack); }
Result<pipeline::Stack> decode_stack(const std::string& text) { return decode<pipeline::Stack>(text, "stack"); }
std::string encode(const pipeline::EventBody& body) { return json_text(body); }
Result<pipeline::EventBody> decode_event(const std::string& text) { return decode<pipeline::EventBody>(text, "event"); }
std::string encode(const std::vector<pipeline::StageId>& stages) { return json_text(stages); }
Result<std::vector<pipeline::StageId>> decode_stages(const std::string& text) {
  return decode<std::vector<pipeline::StageId>>(text, "list of stages");
}
std::string type_of(const pipeline::EventBody& body) {
  return std::visit([](const auto& event) { return std::string(codec::type_name<std::decay_t<decltype(event)>>()); },
                    body);
}

}  // namespace sluice::store
