#pragma once
// The options in a request's query, checked as the API server does before it looks at anything else: 422 with
// the options' own kind. *Source:* k8s.io/apimachinery pkg/apis/meta/v1/validation and
// pkg/apis/meta/internalversion/validation. Pure.
#include "net/http.h"
#include "net/server.h"
#include "text/value.h"

namespace shipit::sandbox {

enum class WriteVerb { Create, Update, Patch, Apply };

/// dryRun, fieldManager, fieldValidation and force. Errors: StatusError 422.
void check_write_options(const net::Request& request, WriteVerb verb);
/// resourceVersionMatch, sendInitialEvents and continue. Errors: StatusError 422.
void check_list_options(const net::Request& request, bool watch);
/// `body` is the DeleteOptions sent, or null; the query's are used where it says nothing. Errors: StatusError
/// 422.
void check_delete_options(const net::Request& request, text::Value body);

}  // namespace shipit::sandbox
