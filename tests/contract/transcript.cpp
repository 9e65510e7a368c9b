#include "transcript.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::contract {

using text::Arena;
using text::Value;

namespace {

bool starts_step(std::string_view line) {
  static const RE2 kStart("^(GET|POST|PUT|PATCH|DELETE) ");
  return RE2::PartialMatch(line, kStart);
}

void read_line(Step& step) {
  std::istringstream words(step.line);
  std::string word;
  words >> step.method;
  while (words >> word) {
    if (word.starts_with('/')) {
      step.path = word;
    } else if (word == "until") {
      words >> word;
      size_t equal = word.find('=');
      if (equal == std::string::npos) throw invalid("until needs PATH=VALUE");
      step.until_path = word.substr(0, equal);
      step.until_value = word.substr(equal + 1);
    } else if (word == "watch") {
      words >> step.watch;
    } else if (word == "yaml") {
      step.yaml = true;
    } else if (word == "table") {
      step.table = true;
    } else if (word == "metadata") {
      step.metadata = true;
    } else if (word == "managed") {
      step.managed = true;
    } else if (word == "merge" || word == "json" || word == "strategic" || word == "apply") {
      step.patch_type = word;
    } else {
      throw invalid("unknown word in a step: " + word);
    }
  }
  if (step.path.empty()) throw invalid("a step without a path");
}

/// The real server says causes and managers of the same second in any order (they come out of Go maps).
void order(Arena& arena, Value object) {
  for (const char* list : {"causes", "managedFields"}) {
    auto items = object[list].items();
    std::sort(items.begin(), items.end(),
              [](Value a, Value b) { return text::to_json(a) < text::to_json(b); });
  }
  Value details = object["details"];
  if (!details.is_map()) return;
  order(arena, details);
  if (details["causes"].size() < 2) return;
  std::string message = object["message"].str();
  for (const char* end : {": [", " conflicts"})
    if (size_t at = message.find(end); at != std::string::npos) message.resize(at);
  object.set(arena, "message", Value::string(arena, message));
}

/// A refused patch shows the whole object in the order of Go's struct fields, which means nothing: its
/// members are sorted.
std::string with_sorted_dumps(std::string_view given) {
  std::string text(given);
  constexpr std::string_view kStart = "Invalid value: \"{";
  for (size_t at = 0; (at = text.find(kStart, at)) != std::string::npos;) {
    size_t begin = at + kStart.size() - 1, end = begin;
    std::string dump;
    while (end < text.size() && text[end] != '"') {
      if (text[end] == '\\') ++end;
      dump += text[end++];
    }
    at = begin;
    try {
      std::string sorted;
      for (char c : text::to_json(text::parse_json(dump).root)) {
        if (c == '"' || c == '\\') sorted += '\\';
        sorted += c;
      }
      text.replace(begin, end - begin, sorted);
    } catch (const Error&) {  // not an object after all
    }
  }
  return text;
}

}  // namespace

std::vector<Step> read_transcript(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw invalid(file.string() + ": can't be read");
  std::vector<Step> steps;
  std::string line, comment;
  int number = 0;
  enum { Between, Body, Answer } where = Between;
  while (std::getline(in, line)) {
    ++number;
    if (where == Answer && line.starts_with("  ")) {
      steps.back().answer += line.substr(2) + "\n";
    } else if (starts_step(line)) {
      Step& step = steps.emplace_back();
      step.comment = std::exchange(comment, "");
      step.line = line;
      try {
        read_line(step);
      } catch (const Error& error) {
        throw invalid(fmt::format("{}:{}: {}", file.string(), number, error.message()));
      }
      where = Body;
    } else if (where == Body && line.starts_with("--- ")) {
      steps.back().status = std::atoi(line.c_str() + 4);
      where = Answer;
    } else if (where == Body && line.starts_with("~ ")) {
      steps.back().differs = line.substr(2);
    } else if (where == Body && !line.starts_with('#') && !line.empty()) {
      steps.back().body += (steps.back().body.empty() ? "" : "\n") + line;
    } else if (line.empty() || line.starts_with('#')) {
      where = where == Answer || line.starts_with('#') ? Between : where;
      if (line.starts_with('#')) comment += line + "\n";
    } else {
      throw invalid(fmt::format("{}:{}: not a part of a conversation", file.string(), number));
    }
  }
  return steps;
}

std::string write_transcript(const std::vector<Step>& steps) {
  std::string out;
  for (const Step& step : steps) {
    if (!out.empty()) out += "\n";
    out += step.comment + step.line + "\n";
    if (!step.body.empty()) out += step.body + "\n";
    if (!step.differs.empty()) out += "~ " + step.differs + "\n";
    out += fmt::format("--- {}\n", step.status);
    std::istringstream lines(step.answer);
    for (std::string line; std::getline(lines, line);) out += "  " + line + "\n";
  }
  return out;
}

std::string Placeholders::fill(std::string text) const {
  auto replace = [&](const std::string& name, const std::string& value) {
    for (size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size())
      text.replace(at, name.size(), value);
  };
  for (const auto& [name, value] : value_of_) replace("{" + name + "}", value);
  replace("{ns}", ns_);
  return text;
}

std::string Placeholders::name_for(std::string_view sort, std::string_view value) {
  auto [at, fresh] = name_of_.try_emplace(fmt::format("{}/{}", sort, value));
  if (fresh) {
    at->second = fmt::format("{}{}", sort, ++counts_[std::string(sort)]);
    value_of_[at->second] = value;
  }
  return "{" + at->second + "}";
}

std::string Placeholders::replaced(std::string_view given, std::string_view key) {
  if (given.empty()) return {};
  if (key == "resourceVersion" || key == "continue")
    return name_for(key == "continue" ? "continue" : "rv", given);
  std::string text = with_sorted_dumps(given);
  if (key == "storageVersionHash") return "{hash}";
  if (key == "serverAddress") return "{address}";
  if (key == "clusterIP" || key == "clusterIPs") return text == "None" ? text : "{ip}";
  RE2::GlobalReplace(&text, RE2::QuoteMeta(ns_), "{ns}");
  RE2::GlobalReplace(&text, R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)", "{time}");
  static const RE2 kUid("([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})");
  static const RE2 kVersion("(?i)(resource ?version[^0-9{]{1,24})([0-9]+)");
  std::string found, before;
  while (RE2::PartialMatch(text, kUid, &found))
    text.replace(text.find(found), found.size(), name_for("uid", found));
  while (RE2::PartialMatch(text, kVersion, &before, &found))
    text.replace(text.find(before + found) + before.size(), found.size(), name_for("rv", found));
  return text;
}

Value Placeholders::normalised(Arena& arena, Value value, std::string_view key, bool managed) {
  static const RE2 kAge("\\d+m?s");
  if (key == "cells" && value.is_string() && RE2::FullMatch(value.as_string(), kAge)) return Value("{age}");
  if (value.is_string()) return Value::string(arena, replaced(value.as_string(), key));
  if (key == "nodePort" && value.is_int()) return Value("{port}");
  if (value.is_list()) {
    Value out = Value::list(arena, value.size());
    for (Value item : value.items()) out.push_back(arena, normalised(arena, item, key, managed));
    return out;
  }
  if (!value.is_map()) return value;
  Value out = Value::map(arena, value.size());
  std::string prefix = value["generateName"].str();
  for (const auto& [name, member] : value.members()) {
    if (name.view() == "managedFields" && !managed) continue;
    if (name.view() == "name" && !prefix.empty() && member.as_string().starts_with(prefix))
      out.set(arena, name.view(), Value::string(arena, name_for("name", member.as_string())));
    else
      out.set(arena, replaced(name.view(), ""), normalised(arena, member, name.view(), managed));
  }
  return out;
}

std::string Placeholders::normalise(std::string_view body, bool managed) {
  if (!body.starts_with('{')) return replaced(body, "") + (body.ends_with('\n') ? "" : "\n");
  text::Document document = text::parse_json(body);
  // How far the server's version has come is its own affair: a list's and a bookmark's equals no other.
  Value versioned = document.root["type"].as_string() == "BOOKMARK" ? document.root["object"] : document.root;
  std::string kind = versioned["kind"].str();
  if (kind.ends_with("List") || kind == "Table" || !versioned.same_reference(document.root))
    if (Value meta = versioned["metadata"]; meta["resourceVersion"].is_string()) {
      std::string name = fmt::format("list{}", ++counts_["list"]);
      value_of_[name] = meta["resourceVersion"].str();
      meta.set(*document.arena, "resourceVersion", Value());
      meta.set(*document.arena, "version", Value::string(*document.arena, "{" + name + "}"));
    }
  Value out = normalised(*document.arena, document.root, "", managed);
  order(*document.arena, out);
  if (Value meta = out["metadata"]; meta.is_map()) order(*document.arena, meta);
  return text::to_yaml(out);
}

}  // namespace shipit::contract
