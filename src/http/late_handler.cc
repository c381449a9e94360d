#include "http/late_handler.h"

#include "http/problem.h"

namespace sluice::http {

Handler::Admission LateHandler::admit(const Request& head) {
  if (auto* routes = to_.load()) return routes->admit(head);
  Admission out;
  out.answer = refusal(503, "the server is starting; try again in a moment");
  return out;
}

}  // namespace sluice::http
