#pragma once
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace sluice::http {

std::string_view reason_phrase(int status);

// The one form that an error has in an answer, whoever made it, the server or a route: application/problem+json (RFC
// 9457). `kind` is a word for programs, `detail` one sentence for a person, `fields` what is wrong in the input.
Response problem(int status, std::string_view kind, std::string_view detail,
                 const std::vector<FieldError>& fields = {});

// The same for what the server refuses by itself: its status says which kind it is, and 503 when to try again.
Response refusal(int status, std::string_view detail);

}  // namespace sluice::http
