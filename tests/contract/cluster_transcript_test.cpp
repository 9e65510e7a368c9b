// The conversations in transcripts/: each was recorded from a real API server, and is held against the
// sandbox (and against the real server again, by make contract-real). SHIPIT_CONTRACT_RECORD=1 writes the
// answers that come instead.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cluster_contract.h"
#include "transcript.h"

namespace shipit::contract {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = SHIPIT_SOURCE_DIR "/tests/contract/transcripts";

std::string content_type(const Step& step) {
  if (step.patch_type == "apply") return "application/apply-patch+yaml";
  if (step.patch_type == "strategic") return "application/strategic-merge-patch+json";
  if (!step.patch_type.empty()) return "application/" + step.patch_type + "-patch+json";
  return step.yaml ? "application/yaml" : "application/json";
}

/// The value at "status.conditions.0.type".
text::Value at(text::Value value, std::string_view path) {
  while (true) {
    std::string name(path.substr(0, path.find('.')));
    value =
        value.is_list() ? value[static_cast<size_t>(std::atoi(name.c_str()))] : value[std::string_view(name)];
    if (name.size() == path.size()) return value;
    path.remove_prefix(name.size() + 1);
  }
}

class Transcript : public ClusterContract {
 protected:
  net::ClientRequest request_of(const Step& step, const std::string& path) {
    net::ClientRequest out = request(step.method, path, names_->fill(step.body), content_type(step));
    if (step.table)
      out.headers.set("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
    if (step.metadata) {
      bool list = step.method == "GET" && step.watch == 0;
      out.headers.set(
          "Accept",
          fmt::format("application/json;as=PartialObjectMetadata{};v=v1;g=meta.k8s.io,application/json",
                      list ? "List" : ""));
    }
    return out;
  }
  /// The raw status and body of a step.
  std::pair<int, std::string> ask(const Step& step) {
    std::string path = names_->fill(step.path);
    if (step.watch > 0) {
      auto stream = client_->open(request_of(step, path), {Deadline::in(std::chrono::seconds(20)), {}});
      std::string seen;
      while (std::count(seen.begin(), seen.end(), '\n') < step.watch) {
        std::string more = stream->read({Deadline::in(std::chrono::seconds(20)), {}});
        if (more.empty()) break;
        seen += more;
      }
      size_t end = 0;  // more may have come than was asked for
      for (int i = 0; i < step.watch && end != std::string::npos; ++i)
        end = seen.find('\n', end ? end + 1 : 0);
      if (end != std::string::npos) seen.resize(end + 1);
      return {stream->head().status, seen};
    }
    net::Response response;
    auto there = [&] {
      response = client_->send(request_of(step, path), {});
      if (step.until_path.empty()) return true;
      if (step.until_value == "404") return response.status == 404;
      if (!response.body.starts_with('{')) return false;
      text::Document body = text::parse_json(response.body);
      text::Value value = at(body.root, step.until_path);
      return (value.is_string() ? value.str() : text::to_json(value)) == step.until_value;
    };
    EXPECT_TRUE(eventually(path, there)) << step.line;
    return {response.status, response.body};
  }
  std::string normalise(const Step& step, const std::string& body) {
    if (step.watch == 0) return names_->normalise(body, step.managed);
    std::string out;
    std::istringstream lines(body);
    for (std::string line; std::getline(lines, line);) out += "---\n" + names_->normalise(line, step.managed);
    return out;
  }

  std::unique_ptr<Placeholders> names_;
};

class TranscriptFile : public Transcript, public testing::WithParamInterface<std::string> {};

TEST_P(TranscriptFile, IsAnsweredAsTheRealServerDid) {
  bool record = std::getenv("SHIPIT_CONTRACT_RECORD") != nullptr;
  fs::path file = kFolder / (GetParam() + ".txt");
  std::vector<Step> steps = read_transcript(file);
  ASSERT_FALSE(steps.empty());
  names_ = std::make_unique<Placeholders>(ns_);
  for (Step& step : steps) {
    auto [status, body] = ask(step);
    std::string answer = normalise(step, body);
    if (record) {
      step.status = status;
      step.answer = answer;
    } else if (step.differs.empty() || !sandbox_) {
      EXPECT_EQ(fmt::format("{}\n{}", step.status, step.answer), fmt::format("{}\n{}", status, answer))
          << GetParam() << ": " << step.line << "\n"
          << step.body;
    }
  }
  if (record) std::ofstream(file) << write_transcript(steps);
}

std::vector<std::string> transcripts() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(kFolder)) out.push_back(entry.path().stem());
  std::sort(out.begin(), out.end());
  return out;
}

INSTANTIATE_TEST_SUITE_P(Transcripts, TranscriptFile, testing::ValuesIn(transcripts()),
                         [](const auto& info) { return info.param; });

TEST(Transcripts, EveryDifferenceIsExplained) {
  std::ifstream in(SHIPIT_SOURCE_DIR "/docs/sandbox-differences.md");
  std::string text((std::istreambuf_iterator<char>(in)), {});
  for (const std::string& name : transcripts())
    for (const Step& step : read_transcript(kFolder / (name + ".txt")))
      if (!step.differs.empty()) {
        EXPECT_NE(std::string::npos, text.find("`" + step.differs + "`")) << name << ": " << step.line;
      }
}

}  // namespace
}  // namespace shipit::contract
