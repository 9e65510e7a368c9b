#include "domain/image.h"

#include <algorithm>

#include "text/json.h"

namespace shipit::domain {
namespace {

std::string scalar_text(text::Value value) {
  if (value.is_string()) return value.str();
  return value.is_number() ? text::to_json(value) : std::string();
}

void collect(text::Value value, const std::string& path, std::vector<ImageBlock>& out) {
  for (const text::Member& member : value.members()) {
    std::string here =
        path.empty() ? std::string(member.key.view()) : path + "." + std::string(member.key.view());
    if (member.key.view() == "image" && member.value["repository"].is_string()) {
      std::string tag = scalar_text(member.value["tag"]);
      if (!tag.empty()) out.push_back({here, ImageName(member.value["repository"].str()), ImageTag(tag)});
    }
    collect(member.value, here, out);
  }
  size_t index = 0;
  for (text::Value item : value.items()) collect(item, path + "[" + std::to_string(index++) + "]", out);
}

}  // namespace

std::vector<ImageBlock> image_blocks(text::Value values) {
  std::vector<ImageBlock> out;
  collect(values, "", out);
  return out;
}

bool is_commit_tag(const ImageTag& tag) {
  const std::string& text = tag.str();
  return text.size() == 40 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string short_name(const ImageName& image) {
  size_t slash = image.str().rfind('/');
  return slash == std::string::npos ? image.str() : image.str().substr(slash + 1);
}

std::string short_sha(const std::string& id) {
  bool hex = id.size() == 40 && is_commit_tag(ImageTag(id));
  return hex ? id.substr(0, 7) : id;
}

}  // namespace shipit::domain
