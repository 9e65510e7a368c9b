#pragma once
// The API server: URLs to verbs, verbs to the store, errors to Status objects. What it admits is decoded by
// its types, defaulted and validated here; the Store keeps the rules that every writer has to follow. Not
// thread-safe: under the sandbox's lock.
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "k8s/apply.h"
#include "net/server.h"
#include "sandbox/addresses.h"
#include "sandbox/crd.h"
#include "sandbox/encode.h"
#include "sandbox/parts.h"
#include "sandbox/store.h"
#include "sandbox/target.h"
#include "sandbox/watch.h"

namespace shipit::sandbox {

class Api final {
 public:
  Api(Store& store, size_t max_body);
  ~Api();

  /// For pod logs; may be null.
  void set_controllers(Controllers* controllers) { controllers_ = controllers; }
  /// Answers any request; errors become Status objects.
  void handle(const net::Request& request, net::Responder responder);
  /// Bookmarks, ends of watches, followed logs, definitions that go. Returns when it wants to be called
  /// again.
  Time step(Time now);

 private:
  struct Call;  // one request on its way
  struct FollowedLog;

  void answer(Call& call);
  bool answer_other(Call& call);
  void answer_resource(Call& call);
  // Reading.
  void read_one(Call& call);
  void read_list(Call& call);
  void start_watch(Call& call);
  void read_log(Call& call);
  // Writing.
  void create(Call& call);
  void replace(Call& call);
  void patch(Call& call);
  void apply(Call& call);
  void remove(Call& call);
  void remove_collection(Call& call);
  void evict(Call& call);
  void finalize_namespace(Call& call);
  void review(Call& call);
  // Server-side apply.
  static void check_configuration(text::Value config, std::string_view api_version, std::string_view kind,
                                  const k8s::Type* type);
  k8s::ApplyResult apply_or_conflict(Call& call, const k8s::Type* type, text::Value live, text::Value config,
                                     const k8s::Writer& writer, const k8s::FieldSet& reset);
  // Scale.
  text::Value scale_of(Call& call, const Stored& object);
  void scale(Call& call);
  text::Value apply_scale(Call& call, text::Value current);

  // What is written: decoded by its type, at its place, defaulted and validated.
  struct Decoded;
  Decoded decode(Call& call, text::Value body);
  text::Value decode_body(Call& call, text::Value body);
  text::Value decode_patched(Call& call, text::Value patched, const std::string& shown);
  static StatusError refused_patch(const std::string& shown, const std::string& why);
  void check_place(Call& call, text::Value object);
  text::Value admit(Call& call, text::Value object, text::Value old);
  void send_object(Call& call, int status, const Stored& object);
  ObjectRef existing(const Call& call);

  Store& store_;
  size_t max_body_;
  CustomKinds custom_;
  Addresses addresses_;
  Watches watches_;
  Controllers* controllers_ = nullptr;
  std::list<FollowedLog> logs_;
};

}  // namespace shipit::sandbox
