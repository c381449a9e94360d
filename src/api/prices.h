#pragma once
#include <boost/describe/class.hpp>
#include <boost/json.hpp>
#include <optional>
#include <string>

#include "store/store.h"

namespace sluice::api {

// What an hour of an instance, and of a GB (2^30 bytes) of resident memory, is reckoned at. The currency is only shown.
struct Prices {
  std::string currency;
  double instance_hour = 0, gb_hour = 0;
};
BOOST_DESCRIBE_STRUCT(Prices, (), (currency, instance_hour, gb_hour))

// Nothing: nobody has set any.
std::optional<Prices> read_prices(store::Store& store);

}  // namespace sluice::api
