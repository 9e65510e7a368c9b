#pragma once
// The life of a deploy in JSON: six steps, each with its evidence. Pure; any thread.
#include "api/json_writer.h"
#include "domain/view.h"

namespace shipit::api {

/// Writes the member `life` of a ReleaseDetail; nothing when there was no deploy yet.
void append_life(JsonWriter& json, const domain::ReleaseView& view);

}  // namespace shipit::api
