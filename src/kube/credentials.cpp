// The sources of identities: fixed, a rotated file, a plugin.
#include <fmt/format.h>

#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "kube/config.h"
#include "net/process.h"
#include "text/json.h"

namespace shipit::kube {
namespace {

// Source: client-go transport/token_source.go: period of a file and leeway of an expiry.
constexpr Duration kFilePeriod{std::chrono::minutes{1}};
constexpr Duration kExpiryLeeway{std::chrono::seconds{10}};
constexpr Duration kPluginPatience{std::chrono::minutes{1}};

/// Empty when it can't be read.
std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// When a file is read again. A clock that was set back does not put it off.
class Rereading final {
 public:
  bool due(Time now) const { return now >= at_ || now + kFilePeriod < at_; }
  void done(Time now) { at_ = now + kFilePeriod; }
  void at_once() { at_ = {}; }

 private:
  Time at_{};
};

class FixedCredentials final : public Credentials {
 public:
  explicit FixedCredentials(Identity identity) : identity_(std::move(identity)) {}
  Identity get(Wait) override { return identity_; }

 private:
  const Identity identity_;
};

class TokenFileCredentials final : public Credentials {
 public:
  TokenFileCredentials(std::string path, std::shared_ptr<const Clock> clock)
      : path_(std::move(path)), clock_(std::move(clock)) {}

  Identity get(Wait) override {
    std::lock_guard lock(mutex_);
    Time now = clock_->now();
    if (token_.empty() || reread_.due(now)) {
      std::string fresh = read();
      if (!fresh.empty()) {
        token_ = std::move(fresh);
      } else if (token_.empty()) {
        throw Error(ErrorKind::Denied, "no token in " + path_);
      }
      reread_.done(now);  // a file that is gone for a moment leaves the last token in use
    }
    return {"Bearer " + token_, {}, {}};
  }

  void refused() override {
    std::lock_guard lock(mutex_);
    reread_.at_once();
  }

 private:
  std::string read() const {
    std::string token = read_file(path_);
    token.resize(token.find_last_not_of(" \t\r\n") + 1);
    return token;
  }

  const std::string path_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;
  std::string token_;
  Rereading reread_;
};

class CertificateFileCredentials final : public Credentials {
 public:
  CertificateFileCredentials(std::string certificate, std::string key, std::shared_ptr<Credentials> inner,
                             std::shared_ptr<const Clock> clock)
      : certificate_(std::move(certificate)),
        key_(std::move(key)),
        inner_(std::move(inner)),
        clock_(std::move(clock)) {}

  Identity get(Wait wait) override {
    Identity identity = inner_ ? inner_->get(std::move(wait)) : Identity{};
    if (!identity.certificate_pem.empty()) return identity;  // a plugin's own
    std::lock_guard lock(mutex_);
    Time now = clock_->now();
    if (reread_.due(now)) {
      std::string certificate = read_file(certificate_), key = read_file(key_);
      if (!certificate.empty() && !key.empty()) {
        certificate_pem_ = std::move(certificate);
        key_pem_ = std::move(key);
      }
      reread_.done(now);
    }
    identity.certificate_pem = certificate_pem_;
    identity.key_pem = key_pem_;
    return identity;
  }

  void refused() override {
    if (inner_) inner_->refused();
    std::lock_guard lock(mutex_);
    reread_.at_once();
  }

 private:
  const std::string certificate_, key_;
  const std::shared_ptr<Credentials> inner_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;
  std::string certificate_pem_, key_pem_;
  Rereading reread_;
};

class ExecCredentials final : public Credentials {
 public:
  ExecCredentials(ExecPlugin plugin, std::shared_ptr<const Clock> clock)
      : plugin_(std::move(plugin)), clock_(std::move(clock)) {}

  Identity get(Wait wait) override {
    std::unique_lock lock(mutex_);
    if (!identity_ || (expires_ && clock_->now() + kExpiryLeeway >= *expires_)) run(wait);
    return *identity_;
  }

  void refused() override {
    std::lock_guard lock(mutex_);
    identity_.reset();
  }

 private:
  void run(Wait wait) {
    identity_.reset();
    net::ProcessOptions options;
    options.arguments = {plugin_.command};
    options.arguments.insert(options.arguments.end(), plugin_.args.begin(), plugin_.args.end());
    options.environment = plugin_.environment;
    std::string cluster = plugin_.cluster_json.empty() ? "" : R"(,"cluster":)" + plugin_.cluster_json;
    options.environment.emplace_back(
        "KUBERNETES_EXEC_INFO",
        fmt::format(R"({{"apiVersion":"{}","kind":"ExecCredential","spec":{{"interactive":false{}}}}})",
                    plugin_.api_version, cluster));
    std::string where = "credential plugin " + plugin_.command;
    wait.deadline = wait.deadline.sooner(Deadline::in(kPluginPatience));
    try {
      take(net::run_process(options, "", wait));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NotFound && !plugin_.install_hint.empty()) {
        throw Error(ErrorKind::Denied, error.message() + ": " + plugin_.install_hint).in(where);
      }
      throw error.in(where);
    }
  }

  void take(const net::ProcessResult& result) {
    if (result.status != 0) {
      // Not its output: that may hold a token.
      std::string_view said = result.error_text;
      said = said.substr(0, said.find_last_not_of(" \r\n") + 1);
      throw Error(ErrorKind::Denied, fmt::format("ended with status {}: {}", result.status, said));
    }
    text::Document answer;
    try {
      answer = text::parse_json(result.output);
    } catch (const Error&) {
      throw Error(ErrorKind::Denied, "its answer is not JSON");
    }
    if (answer["kind"].as_string() != "ExecCredential")
      throw Error(ErrorKind::Denied, "its answer is no ExecCredential");
    if (answer["apiVersion"].as_string() != plugin_.api_version) {
      throw Error(ErrorKind::Denied, fmt::format("it speaks {}, the kubeconfig says {}",
                                                 answer["apiVersion"].as_string(), plugin_.api_version));
    }
    text::Value status = answer["status"];
    Identity identity;
    if (std::string_view token = status["token"].as_string(); !token.empty()) {
      identity.authorization = "Bearer " + std::string(token);
    }
    identity.certificate_pem = status["clientCertificateData"].str();
    identity.key_pem = status["clientKeyData"].str();
    if (identity.authorization.empty() && identity.certificate_pem.empty()) {
      throw Error(ErrorKind::Denied, "its answer has neither a token nor a certificate");
    }
    if (identity.certificate_pem.empty() != identity.key_pem.empty()) {
      throw Error(ErrorKind::Denied, "its answer has a certificate without its key or a key alone");
    }
    expires_ = parse_rfc3339(status["expirationTimestamp"].as_string());
    identity_ = std::move(identity);
  }

  const ExecPlugin plugin_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;
  std::optional<Identity> identity_;
  std::optional<Time> expires_;
};

}  // namespace

std::shared_ptr<Credentials> fixed_credentials(Identity identity) {
  return std::make_shared<FixedCredentials>(std::move(identity));
}

std::shared_ptr<Credentials> token_file_credentials(std::string path, std::shared_ptr<const Clock> clock) {
  return std::make_shared<TokenFileCredentials>(std::move(path), std::move(clock));
}

std::shared_ptr<Credentials> certificate_file_credentials(std::string certificate, std::string key,
                                                          std::shared_ptr<Credentials> inner,
                                                          std::shared_ptr<const Clock> clock) {
  return std::make_shared<CertificateFileCredentials>(std::move(certificate), std::move(key),
                                                      std::move(inner), std::move(clock));
}

std::shared_ptr<Credentials> exec_credentials(ExecPlugin plugin, std::shared_ptr<const Clock> clock) {
  return std::make_shared<ExecCredentials>(std::move(plugin), std::move(clock));
}

}  // namespace shipit::kube
