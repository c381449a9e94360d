#pragma once
#include <span>

#include "dashboard/files.h"
#include "http/message.h"

// The dashboard's files over HTTP. Open to everyone: they are the same in every installation and hold nothing; what a
// page shows comes from the API.
namespace sluice::dashboard {

class Dashboard {
 public:
  // The files outlive it.
  explicit Dashboard(std::span<const File> files) : files_(files) {}
  [[nodiscard]] bool is_there() const { return find("/index.html") != nullptr; }
  // Answers a GET of any path: a file's own; below /assets/ nothing else (404); everywhere else the program itself,
  // which knows what the address means. Every answer has the headers that keep a page from running what is not ours.
  // Any thread.
  [[nodiscard]] http::Response answer(const http::Request& request) const;

 private:
  [[nodiscard]] const File* find(std::string_view path) const;

  std::span<const File> files_;
};

// Whether an Accept-Encoding header lets us answer with gzip (RFC 9110 12.5.3).
bool takes_gzip(std::string_view accept_encoding);
// Whether an If-None-Match header names the entity tag, with weak comparison (RFC 9110 13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace sluice::dashboard
