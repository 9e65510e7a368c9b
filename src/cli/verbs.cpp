#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <ostream>
#include <set>

#include "base/clock.h"
#include "base/error.h"
#include "text/json.h"
#include "text/yaml.h"

namespace shipit::cli {
namespace {

using text::Value;

std::string release_path(const std::string& name, const std::string& ns, const std::string& what = {}) {
  return "/api/releases/" + net::url_encode(name) + what +
         (ns.empty() ? "" : "?namespace=" + net::url_encode(ns));
}

/// True when it was printed in a machine's format.
bool print_machine(Value value, const Output& output) {
  if (output.format == "json")
    output.out << text::to_json(value, {false, 2}) << "\n";
  else if (output.format == "yaml")
    output.out << text::to_yaml(value);
  else
    return false;
  return true;
}

bool moves(std::string_view state) {
  return state == "pending" || state == "deploying" || state == "verifying" || state == "rolling back" ||
         state == "deleting";
}

/// A short wait between two looks; waiting on a condition that never comes, so that no signal is missed by a
/// sleep.
void breathe(Duration duration) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, duration, [] { return false; });
}

Style at_now(Style style) {
  style.now = SystemClock{}.now();
  return style;
}

int accepted(const std::string& what, Value answer, const Output& output) {
  if (!print_machine(answer, output)) output.out << what << "\n";
  return kOk;
}

/// "hello" names ".../hello" too.
bool is_image(std::string_view whole, const std::string& typed) {
  return whole == typed || (whole.size() > typed.size() && whole.ends_with(typed) &&
                            whole[whole.size() - typed.size() - 1] == '/');
}

bool uses_image(Value release, const std::string& image) {
  return std::ranges::any_of(release["artifacts"]["docker"].items(),
                             [&](Value docker) { return is_image(docker["image"].as_string(), image); });
}

bool has_tag(Value release, const std::string& image, const std::string& tag) {
  return std::ranges::any_of(release["artifacts"]["docker"].items(), [&](Value docker) {
    return docker["tag"].as_string() == tag && is_image(docker["image"].as_string(), image);
  });
}

}  // namespace

int get(const Rest& rest, const GetArgs& args, const Output& output) {
  if (!args.name.empty()) {
    text::Document release = rest.get(release_path(args.name, args.ns));
    if (output.format == "name")
      output.out << release.root["name"].as_string() << "\n";
    else if (!print_machine(release.root, output))
      output.out << detail(release.root, output.style);
    return kOk;
  }
  std::string query = "?limit=1000";
  if (!args.search.empty()) query += "&q=" + net::url_encode(args.search);
  if (!args.state.empty()) query += "&state=" + net::url_encode(args.state);
  text::Document all;
  all.root = Value::list(*all.arena);
  for (std::string cursor;;) {
    text::Document page =
        rest.get("/api/releases" + query + (cursor.empty() ? "" : "&cursor=" + net::url_encode(cursor)));
    for (Value item : page.root["items"].items())
      if (args.ns.empty() || item["namespace"].as_string() == args.ns)
        all.root.push_back(*all.arena, text::copy(*all.arena, item));
    cursor = page.root["next"].str();
    if (cursor.empty()) break;
  }
  if (output.format == "name") {
    for (Value r : all.root.items()) output.out << r["name"].as_string() << "\n";
  } else if (!print_machine(all.root, output)) {
    if (all.root.empty())
      output.out << "No releases yet. Add a manifest to the registry chart of the ops repository, or try: "
                    "ship-it push hello:<40 hex digits>\n";
    else
      output.out << fleet(all.root, output.style);
  }
  return kOk;
}

int history(const Rest& rest, const GetArgs& args, const Output& output) {
  text::Document release = rest.get(release_path(args.name, args.ns));
  if (!print_machine(release.root["history"], output)) output.out << history(release.root, output.style);
  return kOk;
}

int watch(const Rest& rest, const WatchArgs& args, const Output& output) {
  std::string last;
  int lines = 0;
  while (true) {
    text::Document release = rest.get(release_path(args.name, args.ns));
    Style style = at_now(output.style);
    std::string_view state = release.root["state"].as_string();
    if (output.format == "json") {
      std::string line = text::to_json(release.root);
      if (line != last) output.out << line << std::endl;
      last = line;
    } else if (output.terminal) {
      std::string shown = detail(release.root, style);
      if (lines) output.out << fmt::format("\x1b[{}A\x1b[J", lines);
      output.out << shown << std::flush;
      lines = static_cast<int>(std::ranges::count(shown, '\n'));
    } else {
      std::string key =
          release.root["state"].str() + release.root["reason"].str() + release.root["version"]["new"].str();
      if (key != last)
        output.out << fmt::format("{} {}", format_rfc3339(style.now), answer_line(release.root, style))
                   << std::endl;
      last = key;
    }
    if (args.once_settled && !moves(state)) return state == "deployed" ? kOk : kNotDeployed;
    breathe(Duration{400});
  }
}

int push(const Rest& rest, const PushArgs& args, const Output& output) {
  text::Arena arena;
  Value body = Value::map(
      arena, {{"image", Value::string(arena, args.image)}, {"tag", Value::string(arena, args.tag)}});
  if (!args.behaves.empty()) body.set(arena, "behaves", Value::string(arena, args.behaves));
  text::Document answer = rest.post("/api/push", body);
  std::string image = answer.root["image"].str(args.image), event = answer.root["command"].str();
  if (!args.wait) return accepted(fmt::format("pushed {}:{}", image, args.tag), answer.root, output);
  bool quiet = !output.format.empty();
  if (!quiet) output.out << fmt::format("pushed {}:{}", image, args.tag) << std::endl;

  // Follow every release that uses the image until each has a state that doesn't move by itself.
  Deadline deadline = Deadline::in(args.timeout);
  std::map<std::string, std::string> said;
  std::set<std::string> moved;
  while (!deadline.passed()) {
    text::Document page = rest.get("/api/releases?limit=1000&q=" + net::url_encode(image));
    bool open = false, bad = false, any = false;
    for (Value r : page.root["items"].items()) {
      if (!uses_image(r, image)) continue;
      std::string name = r["name"].str(), state = r["state"].str();
      bool touched = has_tag(r, image, args.tag) || r["version"]["new"].as_string() == args.tag ||
                     r["version"]["old"].as_string() == args.tag;
      for (Value recent : r["recent"].items()) touched |= recent["version"].as_string() == args.tag;
      any |= touched;
      if (touched && moves(state)) moved.insert(name);
      std::string line = answer_line(r, at_now(output.style));
      std::string key = state + r["reason"].str();
      if (!quiet && touched && said[name] != key) output.out << line << std::endl;
      said[name] = key;
      bool deployed = state == "deployed" && has_tag(r, image, args.tag);
      open |= !touched || moves(state);
      bad |= touched && !moves(state) && !deployed;
    }
    if (any && !open && (!bad || !moved.empty())) {
      if (quiet) print_machine(page.root["items"], output);
      return bad ? kNotDeployed : kOk;
    }
    // Nothing moved for this tag: the event may have been refused.
    text::Document refusals =
        rest.get("/api/activity?limit=50&q=" + net::url_encode(event.empty() ? args.tag : event));
    for (Value a : refusals.root["items"].items()) {
      if (a["outcome"].as_string() != "refused" || (any && open)) continue;
      output.err << "refused: " << a["text"].as_string() << std::endl;
      return kRefused;
    }
    breathe(Duration{150});
  }
  output.err << fmt::format("no verdict within {}; it goes on: ship-it watch NAME\n",
                            format_duration(args.timeout));
  return kStillGoing;
}

int rollback(const Rest& rest, const CommandArgs& args, const Output& output) {
  text::Arena arena;
  Value body = Value::map(arena);
  if (args.revision) body.set(arena, "revision", args.revision);
  text::Document answer = rest.post(release_path(args.name, args.ns, "/rollback"), body);
  std::string to = args.revision ? fmt::format("revision {}", args.revision) : "the last good revision";
  return accepted(fmt::format("{} goes back to {}; then git is told. Follow it: ship-it watch {}", args.name,
                              to, args.name),
                  answer.root, output);
}

int hold(const Rest& rest, const CommandArgs& args, const Output& output) {
  text::Arena arena;
  text::Document answer = rest.post(release_path(args.name, args.ns, "/hold"),
                                    Value::map(arena, {{"reason", Value::string(arena, args.reason)}}));
  return accepted(fmt::format("{} is held: no new revision until `ship-it release {}`", args.name, args.name),
                  answer.root, output);
}

int release(const Rest& rest, const CommandArgs& args, const Output& output) {
  text::Arena arena;
  text::Document answer = rest.post(release_path(args.name, args.ns, "/release"), Value::map(arena));
  return accepted(fmt::format("{} is released", args.name), answer.root, output);
}

int retry(const Rest& rest, const CommandArgs& args, const Output& output) {
  text::Arena arena;
  text::Document answer = rest.post(release_path(args.name, args.ns, "/retry"), Value::map(arena));
  return accepted(fmt::format("{} tries again", args.name), answer.root, output);
}

int lift(const Rest& rest, const CommandArgs& args, const Output& output) {
  text::Arena arena;
  text::Document answer = rest.post(release_path(args.name, args.ns, "/lift"),
                                    Value::map(arena, {{"image", Value::string(arena, args.image)},
                                                       {"tag", Value::string(arena, args.tag)}}));
  return accepted(
      fmt::format("the quarantine of {} {} in {} is lifted by a commit", args.image, args.tag, args.name),
      answer.root, output);
}

int repository(const Rest& rest, const Output& output) {
  text::Document answer = rest.get("/api/repository");
  if (!print_machine(answer.root, output)) output.out << repository_detail(answer.root, output.style);
  return kOk;
}

int confirm(const Rest& rest, const std::string& commit, const Output& output) {
  text::Arena arena;
  text::Document answer =
      rest.post("/api/repository/confirm", Value::map(arena, {{"commit", Value::string(arena, commit)}}));
  return accepted(fmt::format("commit {} is confirmed: it is applied as it is",
                              answer.root["command"].str(commit).substr(0, 7)),
                  answer.root, output);
}

int resume(const Rest& rest, const Output& output) {
  text::Arena arena;
  text::Document answer = rest.post("/api/system/resume", Value::map(arena));
  return accepted("new revisions start again", answer.root, output);
}

int diff(const Rest& rest, const DiffArgs& args, const Output& output) {
  std::string path = release_path(args.name, args.ns, "/diff");
  path +=
      (path.find('?') == std::string::npos ? "?" : "&") + fmt::format("from={}&to={}", args.from, args.to);
  text::Document answer = rest.get(path);
  if (print_machine(answer.root, output)) return kOk;
  output.out << answer.root["values"].as_string() << answer.root["manifest"].as_string();
  return kOk;
}

}  // namespace shipit::cli
