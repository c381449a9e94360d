#pragma once
#include <string_view>

namespace sluice::api {

// openapi.json of this folder, as it was when the library was built.
std::string_view openapi_document();

}  // namespace sluice::api
