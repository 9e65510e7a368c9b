#pragma once
// A release in JSON, in the shape of contracts/openapi.yaml: the original's fields first, then ours. Pure;
// any thread.
#include <string>
#include <vector>

#include "domain/view.h"

namespace shipit::api {

/// A Release, as lists and the feed carry it.
void append_release(std::string& out, const domain::ReleaseView& view);
/// A ReleaseDetail: the same with history, the life of the newest deploy, quarantine and links.
void append_release_detail(std::string& out, const domain::ReleaseView& view);
/// A ReleaseResources: the objects as a tree by their owners.
std::string resources_json(const std::string& name, const std::vector<domain::ResourceView>& resources);
/// A RevisionDiff, of the one text that Views::diff gives: first the values, then the manifest.
std::string diff_json(int from, int to, const std::string& diff);
/// A QuarantineEntry.
void append_quarantine(std::string& out, const domain::QuarantineEntry& entry);

}  // namespace shipit::api
