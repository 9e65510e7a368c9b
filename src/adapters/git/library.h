#pragma once
// libgit2, loaded at first use: linking it would cost every start of the program several milliseconds and 40
// shared objects. The table below is all of it that is called. Its headers are needed to compile, its library
// only to run. Thread-safe; objects of the library belong to one thread at a time.
#include <git2.h>
#include <git2/sys/commit.h>
#include <git2/sys/transport.h>

#include <memory>
#include <string_view>

#include "base/error.h"

namespace shipit::adapters::git {

// clang-format off
#define SHIPIT_GIT2_FUNCTIONS(X) \
  X(blob_create_from_buffer) X(blob_free) X(blob_lookup) X(blob_rawcontent) X(blob_rawsize) \
  X(commit_author) X(commit_committer) X(commit_create) X(commit_free) X(commit_lookup) X(commit_message_raw) \
  X(commit_parent_id) X(commit_parentcount) X(commit_time) X(commit_tree) X(commit_tree_id) \
  X(error_clear) X(error_last) \
  X(graph_descendant_of) \
  X(libgit2_init) X(libgit2_opts) \
  X(oid_fromstr) X(oid_tostr) \
  X(reference_create) X(reference_create_matching) X(reference_free) X(reference_lookup) X(reference_name_to_id) \
  X(reference_remove) X(reference_symbolic_target) X(reference_type) \
  X(remote_connect) X(remote_create_with_opts) X(remote_disconnect) X(remote_download) X(remote_free) X(remote_ls) \
  X(remote_push) \
  X(repository_free) X(repository_init) X(repository_is_bare) X(repository_open_bare) X(repository_open_ext) X(repository_path) \
  X(revwalk_free) X(revwalk_hide) X(revwalk_new) X(revwalk_next) X(revwalk_push) \
  X(signature_free) X(signature_new) \
  X(transport_smart) \
  X(tree_create_updated) X(tree_entry_bypath) X(tree_entry_byindex) X(tree_entry_filemode) X(tree_entry_free) \
  X(tree_entry_id) X(tree_entry_name) X(tree_entry_type) X(tree_entrycount) X(tree_free) X(tree_lookup) X(treebuilder_free) \
  X(treebuilder_new) X(treebuilder_write)
// clang-format on

/// The functions by their names without `git_`.
struct Library {
#define SHIPIT_GIT2_MEMBER(name) decltype(&::git_##name) name;
  SHIPIT_GIT2_FUNCTIONS(SHIPIT_GIT2_MEMBER)
#undef SHIPIT_GIT2_MEMBER
};

/// Loads it at the first call. *Errors:* Unavailable when libgit2 1.5 is not installed.
const Library& library();

/// Throws what `result`, a return value of libgit2, stands for when it is negative; its message follows
/// `doing`.
int check(int result, std::string_view doing);

/// The kind that a libgit2 code and error class stand for.
ErrorKind kind_of(int code, int error_class);

/// Owns an object of the library; `Free` names its function in the table.
template <class T, void (*Library::*Free)(T*)>
struct Freer {
  void operator()(T* object) const { (library().*Free)(object); }
};
template <class T, void (*Library::*Free)(T*)>
using Handle = std::unique_ptr<T, Freer<T, Free>>;

using Repository = Handle<git_repository, &Library::repository_free>;
using Remote = Handle<git_remote, &Library::remote_free>;
using Commit = Handle<git_commit, &Library::commit_free>;
using Tree = Handle<git_tree, &Library::tree_free>;
using TreeEntry = Handle<git_tree_entry, &Library::tree_entry_free>;
using TreeBuilder = Handle<git_treebuilder, &Library::treebuilder_free>;
using Blob = Handle<git_blob, &Library::blob_free>;
using Reference = Handle<git_reference, &Library::reference_free>;
using Revwalk = Handle<git_revwalk, &Library::revwalk_free>;
using Signature = Handle<git_signature, &Library::signature_free>;

}  // namespace shipit::adapters::git
