#include "secrets/secrets.h"

namespace sluice::secrets {
namespace {

constexpr std::size_t kLongestName = 256;
constexpr std::size_t kLongestValue = 64 * 1024;

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(const std::string& name) {
  if (name.empty() || name.size() > kLongestName || !letter(name.front())) return false;
  for (char c : name) {
    if (!letter(c) && !digit(c)) return false;
  }
  return true;
}

// What a person typed as a name may be anything, also a value in the wrong place: only its safe beginning is repeated.
std::string shown(const std::string& name) {
  std::string out;
  for (char c : name.substr(0, 40)) {
    if (!letter(c) && !digit(c)) break;
    out.push_back(c);
  }
  return out.empty() ? "a variable" : out;
}

}  // namespace

Result<> check(const std::string& name, const std::string& value) {
  if (!is_name(name)) {
    return fail_field(shown(name),
                      "a variable's name has 1 to 256 letters, digits and '_', and does not begin with a digit");
  }
  if (name == "PORT") return fail_field(name, "is chosen by sluice for each instance: leave it out");
  if (value.find('\0') != std::string::npos) return fail_field(name, "its value must not hold a NUL byte");
  if (value.size() > kLongestValue) {
    return fail_field(name, "its value has " + std::to_string(value.size()) + " bytes, at most 65536 are allowed");
  }
  return {};
}

Result<> check(const Variables& variables) {
  std::size_t bytes = 0;
  for (const auto& [name, variable] : variables) {
    if (auto fine = check(name, variable.value); !fine) return fine;
    bytes += name.size() + variable.value.size() + 2;
  }
  if (variables.size() > kMostVariables) {
    return fail(ErrorKind::too_large, std::to_string(variables.size()) + " variables are too many: at most " +
                                          std::to_string(kMostVariables) + " of a kind are allowed");
  }
  if (bytes > kMostBytes) {
    return fail(ErrorKind::too_large, "the variables have " + std::to_string(bytes) + " bytes together, at most " +
                                          std::to_string(kMostBytes) + " are allowed");
  }
  return {};
}

}  // namespace sluice::secrets
