#include "adapters/git/wire.h"

#include <utility>

namespace shipit::adapters::git {
namespace {

struct Subtransport;

/// libgit2's struct first: the library hands back its address.
struct StreamOfWire {
  git_smart_subtransport_stream base;
  Subtransport* owner;
  std::unique_ptr<Wire> wire;
};

struct Subtransport {
  git_smart_subtransport base;
  Operation* operation;
  StreamOfWire* current;  ///< the open stream of a peer that is not stateless
};

int stream_read(git_smart_subtransport_stream* base, char* buffer, size_t size, size_t* bytes_read) noexcept {
  auto* stream = reinterpret_cast<StreamOfWire*>(base);
  *bytes_read = 0;
  return stream->owner->operation->guard([&] { *bytes_read = stream->wire->read(buffer, size); });
}

int stream_write(git_smart_subtransport_stream* base, const char* buffer, size_t size) noexcept {
  auto* stream = reinterpret_cast<StreamOfWire*>(base);
  return stream->owner->operation->guard([&] { stream->wire->write({buffer, size}); });
}

void stream_free(git_smart_subtransport_stream* base) noexcept {
  auto* stream = reinterpret_cast<StreamOfWire*>(base);
  if (stream->owner->current == stream) stream->owner->current = nullptr;
  delete stream;
}

Service service_of(git_smart_service_t action) {
  switch (action) {
    case GIT_SERVICE_UPLOADPACK_LS:
      return Service::UploadPackRefs;
    case GIT_SERVICE_UPLOADPACK:
      return Service::UploadPack;
    case GIT_SERVICE_RECEIVEPACK_LS:
      return Service::ReceivePackRefs;
    case GIT_SERVICE_RECEIVEPACK:
      return Service::ReceivePack;
  }
  throw Error{ErrorKind::Internal, "an unknown git service"};
}

int open_stream(git_smart_subtransport_stream** out, git_smart_subtransport* base, const char* /*url*/,
                git_smart_service_t action) noexcept {
  auto* transport = reinterpret_cast<Subtransport*>(base);
  return transport->operation->guard([&] {
    Operation& operation = *transport->operation;
    Service service = service_of(action);
    bool follows = service == Service::UploadPack || service == Service::ReceivePack;
    if (follows && !operation.peer().stateless() && transport->current != nullptr) {
      *out = &transport->current->base;
      return;
    }
    auto stream = std::make_unique<StreamOfWire>();
    stream->base = {base, stream_read, stream_write, stream_free};
    stream->owner = transport;
    stream->wire = operation.peer().open(service, operation.wait());
    if (!operation.peer().stateless()) transport->current = stream.get();
    *out = &stream.release()->base;
  });
}

int close_transport(git_smart_subtransport*) noexcept { return 0; }

void free_transport(git_smart_subtransport* base) noexcept { delete reinterpret_cast<Subtransport*>(base); }

int make_subtransport(git_smart_subtransport** out, git_transport*, void* operation) noexcept {
  return static_cast<Operation*>(operation)->guard([&] {
    auto transport = std::make_unique<Subtransport>();
    transport->base = {open_stream, close_transport, free_transport};
    transport->operation = static_cast<Operation*>(operation);
    transport->current = nullptr;
    *out = &transport.release()->base;
  });
}

int make_transport(git_transport** out, git_remote* owner, void* payload) noexcept {
  return library().transport_smart(out, owner, &static_cast<Operation*>(payload)->definition());
}

int on_progress(const git_indexer_progress*, void* payload) noexcept {
  auto* operation = static_cast<Operation*>(payload);
  return operation->guard([&] { operation->check_wait(); });
}

}  // namespace

Operation::Operation(Peer& peer, Wait wait) : peer_(peer), wait_(std::move(wait)) {
  definition_ = {make_subtransport, peer.stateless() ? 1U : 0U, this};
}

git_remote_callbacks Operation::callbacks() {
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  callbacks.transport = make_transport;
  callbacks.transfer_progress = on_progress;
  callbacks.payload = this;
  return callbacks;
}

void Operation::check_wait() const {
  if (wait_.stop.stop_requested()) throw unavailable("stopped");
  if (wait_.deadline.passed()) throw timed_out("the repository did not answer in time");
}

int Operation::finish(int result, std::string_view doing) {
  if (failure_) {
    std::exception_ptr failure = std::exchange(failure_, nullptr);
    library().error_clear();
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      throw error.in(doing);
    }
  }
  return check(result, doing);
}

}  // namespace shipit::adapters::git
