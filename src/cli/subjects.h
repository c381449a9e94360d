#pragma once
#include <boost/json/array.hpp>
#include <string>

#include "cli/pipeline_view.h"
#include "cli/server.h"

namespace sluice::cli {

// Of the changes that these stages serve; asked for only where the stages do not say them themselves.
Subjects subjects_of(Server& server, const std::string& stack, const boost::json::array& stages);

}  // namespace sluice::cli
