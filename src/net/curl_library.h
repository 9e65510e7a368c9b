#pragma once
// libcurl, loaded at first use: linking it would cost every start of the binary 9 ms for what only some verbs
// need. For the curl_*.cpp sources only; no other header includes this one.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

namespace shipit::net {

/// The functions in use, by their names without "curl_".
struct CurlLibrary {
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_pause) easy_pause;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_wakeup) multi_wakeup;
  decltype(&::curl_multi_info_read) multi_info_read;
};

/// Loads and initialises the library once a process; thread-safe.
/// Errors: Unavailable when there is no libcurl.so.4 or it is older than 7.85, saying which package has it.
const CurlLibrary& curl_library();

}  // namespace shipit::net
