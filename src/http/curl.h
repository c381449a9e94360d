#pragma once
#define CURL_DISABLE_TYPECHECK  // its macros stand for functions, which are members here
#include <curl/curl.h>

#include "base/result.h"

namespace sluice::http {

// libcurl, loaded when the first request is sent: the thirty libraries it brings along would cost every command that
// needs no server, and git's credential helper twice a push, 5 ms at their start.
struct Curl {
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_perform) easy_perform;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;

  // The one of this process, from the first call on. Unavailable where the library is not installed.
  static const Result<Curl>& load();
};

}  // namespace sluice::http
