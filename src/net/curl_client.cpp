#include "net/curl_client.h"

#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/curl_transfer.h"

namespace shipit::net {
namespace {

constexpr int kPollMilliseconds = 60'000;  // curl shortens it by its own timers; commands wake it
constexpr long kIdleConnections = 64;

using TransferPtr = std::shared_ptr<CurlTransfer>;

}  // namespace

/// The thread that drives the multi handle. Others hand it commands and wake it.
class CurlClient::Loop final {
 public:
  explicit Loop(const CurlLibrary& curl) : curl_(curl), multi_(curl.multi_init()) {
    if (!multi_) throw Error(ErrorKind::Internal, "curl has no memory for its multi handle");
    curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnections);
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  ~Loop() {
    stop();
    curl_.multi_cleanup(multi_);
  }

  void start(TransferPtr transfer) { command({Command::Start, std::move(transfer)}); }
  void cancel(TransferPtr transfer) { command({Command::Cancel, std::move(transfer)}); }
  void resume(TransferPtr transfer) { command({Command::Resume, std::move(transfer)}); }

  /// Called once, by the client's destructor: streams may keep the loop, but not its thread.
  void stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    curl_.multi_wakeup(multi_);
    thread_.join();
  }

  const CurlLibrary& curl() const { return curl_; }

 private:
  struct Command {
    enum Sort { Start, Cancel, Resume } sort;
    TransferPtr transfer;
  };

  void command(Command command) {
    {
      std::lock_guard lock(mutex_);
      if (!stopped_) {
        commands_.push_back(std::move(command));
        curl_.multi_wakeup(multi_);
        return;
      }
    }
    if (command.sort == Command::Start) command.transfer->fail(unavailable("the HTTP client has stopped"));
  }

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      carry_out();
      int running = 0;
      curl_.multi_perform(multi_, &running);
      collect();
      curl_.multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
    }
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    carry_out();
    for (auto& [easy, transfer] : running_) {
      curl_.multi_remove_handle(multi_, easy);
      transfer->fail(unavailable("the HTTP client has stopped"));
    }
    running_.clear();
  }

  void carry_out() {
    std::vector<Command> commands;
    {
      std::lock_guard lock(mutex_);
      commands.swap(commands_);
    }
    for (Command& command : commands) {
      CURL* easy = command.transfer->handle();
      switch (command.sort) {
        case Command::Start:
          curl_.multi_add_handle(multi_, easy);
          running_.emplace(easy, std::move(command.transfer));
          break;
        case Command::Cancel:
          if (running_.contains(easy)) {
            curl_.multi_remove_handle(multi_, easy);
            running_.erase(easy);
          }
          break;
        case Command::Resume:
          if (running_.contains(easy)) command.transfer->resume();
          break;
      }
    }
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      CURLcode result = message->data.result;
      curl_.multi_remove_handle(multi_, easy);  // before the waiting thread may drop the transfer
      auto found = running_.find(easy);
      TransferPtr transfer = std::move(found->second);
      running_.erase(found);
      transfer->finish(result);
    }
  }

  const CurlLibrary& curl_;
  CURLM* const multi_;
  std::map<CURL*, TransferPtr> running_;  // the thread's own
  std::mutex mutex_;
  std::vector<Command> commands_;
  bool stopped_ = false;
  std::jthread thread_;
};

class CurlClient::Stream final : public ByteStream {
 public:
  Stream(std::shared_ptr<Loop> loop, TransferPtr transfer, Response head)
      : loop_(std::move(loop)), transfer_(std::move(transfer)), head_(std::move(head)) {}
  ~Stream() override { loop_->cancel(std::move(transfer_)); }

  const Response& head() const override { return head_; }
  std::string read(Wait wait) override {
    bool resume = false;
    std::string bytes = transfer_->read(wait, resume);
    if (resume) loop_->resume(transfer_);
    return bytes;
  }

 private:
  std::shared_ptr<Loop> loop_;
  TransferPtr transfer_;
  Response head_;
};

CurlClient::CurlClient() = default;

CurlClient::~CurlClient() {
  if (loop_) loop_->stop();
}

std::shared_ptr<CurlClient::Loop> CurlClient::loop() {
  std::lock_guard lock(mutex_);
  if (!loop_) loop_ = std::make_shared<Loop>(curl_library());
  return loop_;
}

Response CurlClient::send(const ClientRequest& request, Wait wait) {
  if (wait.stop.stop_requested()) throw unavailable("stopped");
  std::shared_ptr<Loop> loop = this->loop();
  auto transfer = std::make_shared<CurlTransfer>(loop->curl(), request, CurlTransfer::Mode::Whole);
  loop->start(transfer);
  try {
    return transfer->wait_done(wait);
  } catch (...) {
    loop->cancel(transfer);
    throw;
  }
}

std::unique_ptr<ByteStream> CurlClient::open(const ClientRequest& request, Wait wait) {
  if (wait.stop.stop_requested()) throw unavailable("stopped");
  std::shared_ptr<Loop> loop = this->loop();
  auto transfer = std::make_shared<CurlTransfer>(loop->curl(), request, CurlTransfer::Mode::Stream);
  loop->start(transfer);
  try {
    Response head = transfer->wait_head(wait);
    return std::make_unique<Stream>(loop, transfer, std::move(head));
  } catch (...) {
    loop->cancel(transfer);
    throw;
  }
}

}  // namespace shipit::net
