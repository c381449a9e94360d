#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace sluice {

// What sort of thing went wrong, so that an edge (HTTP status, exit status) can be chosen without reading words.
enum class ErrorKind {
  invalid,          // the input is wrong; `fields` says where
  unauthenticated,  // nobody is signed in
  forbidden,        // known, but not allowed (R8.7)
  not_found,
  conflict,     // the state of things does not permit it now
  too_large,    // the input passes a stated limit
  unavailable,  // try again later
  timed_out,
  cancelled,
  failed,   // something outside (a command, a service) failed
  internal  // a defect of ours
};

struct FieldError {
  std::string field;
  std::string message;
  bool operator==(const FieldError&) const = default;
};

// Says what failed, with which input, and what a person can do. `message` is one sentence without a final newline.
struct Error {
  ErrorKind kind = ErrorKind::failed;
  std::string message;
  std::vector<FieldError> fields;

  // Adds what was being done while the error rose: "reading sluice.toml: line 3: …".
  [[nodiscard]] Error while_(std::string_view doing) const {
    Error out = *this;
    out.message = std::string(doing) + ": " + message;
    return out;
  }
  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message), {}});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
[[nodiscard]] inline tl::unexpected<Error> fail_field(std::string field, std::string message) {
  std::string whole = field + ": " + message;
  return tl::unexpected<Error>(
      Error{ErrorKind::invalid, std::move(whole), {FieldError{std::move(field), std::move(message)}}});
}

}  // namespace sluice
