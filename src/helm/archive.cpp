#include "helm/archive.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>

#include "base/error.h"

namespace shipit::helm {
namespace {

constexpr size_t kBlock = 512;  // of a tar file

/// What is in a gzip stream. Most archives are small and whole: those are unpacked in one go, which takes
/// half the time. All others are read in pieces by zlib, which finds what is wrong with them and where.
class Inflater final {
 public:
  Inflater(std::string_view packed, const ChartLimits& limits) : packed_(packed), limits_(limits) {
    if (!packed.starts_with("\x1f\x8b")) throw invalid("gzip: invalid header");
    if (unpack_at_once()) return;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    if (inflateInit2(&stream_, 15 + 16) != Z_OK)
      throw Error(ErrorKind::Internal, "zlib: inflateInit2 failed");
  }
  Inflater(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  /// Fills `out`, or less at the end of the stream.
  size_t read(char* out, size_t size) {
    size_t got = whole_ ? std::min(size, size_ - total_) : inflate_into(out, size);
    if (whole_) std::memcpy(out, whole_.get() + total_, got);
    total_ += got;
    if (total_ > limits_.unpacked_bytes + kTarSpare)
      throw invalid(
          fmt::format("decompressed chart is larger than the maximum size {}", limits_.unpacked_bytes));
    if (unpacks_too_far(total_))
      throw invalid(fmt::format("chart archive unpacks to more than {} times its size", limits_.ratio));
    return got;
  }

  /// The next `size` bytes, or less at the end of the stream.
  std::string read(size_t size) {
    if (whole_) {
      size = std::min(size, size_ - total_);
      total_ += size;
      return {whole_.get() + total_ - size, size};
    }
    std::string out;
    while (out.size() < size) {  // grown in pieces: who asks may have been lied to about the size
      size_t at = out.size();
      size_t piece = std::min(size - at, std::max(kPiece, at));
      out.resize(at + piece);
      size_t got = read(out.data() + at, piece);
      out.resize(at + got);
      if (got < piece) break;
    }
    return out;
  }

 private:
  static constexpr size_t kAtOnce = size_t{16} << 20;
  static constexpr size_t kTarSpare = size_t{16} << 20;  // what a tar file adds to its files
  static constexpr size_t kPiece = size_t{64} << 10;

  bool unpacks_too_far(size_t size) const {
    return size > (size_t{1} << 20) && size / limits_.ratio > packed_.size();
  }

  /// False when this is not one good stream of the size that its end tells.
  bool unpack_at_once() {
    if (packed_.size() < 18) return false;  // a header and a trailer
    for (size_t i = 0; i < 4; ++i)
      size_ |= size_t{static_cast<unsigned char>(packed_[packed_.size() - 4 + i])} << 8 * i;
    if (size_ == 0 || size_ > std::min(kAtOnce, limits_.unpacked_bytes) || unpacks_too_far(size_))
      return false;
    using Decompressor =
        std::unique_ptr<libdeflate_decompressor,
                        decltype([](libdeflate_decompressor* made) { libdeflate_free_decompressor(made); })>;
    Decompressor decompressor(libdeflate_alloc_decompressor());
    if (!decompressor) throw Error(ErrorKind::Internal, "libdeflate: no memory");
    whole_ = std::make_unique_for_overwrite<char[]>(size_);
    size_t taken = 0, made = 0;
    libdeflate_result result = libdeflate_gzip_decompress_ex(
        decompressor.get(), packed_.data(), packed_.size(), whole_.get(), size_, &taken, &made);
    if (result != LIBDEFLATE_SUCCESS || taken != packed_.size() || made != size_) whole_ = nullptr;
    return whole_ != nullptr;
  }

  size_t inflate_into(char* out, size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && !done_) {
      int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        done_ = stream_.avail_in == 0 || inflateReset(&stream_) != Z_OK;  // streams may follow each other
      } else if (result == Z_BUF_ERROR && stream_.avail_in == 0) {
        throw invalid("unexpected EOF");
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        throw invalid(total_ == 0 && stream_.total_out == 0 ? "gzip: invalid header"
                                                            : "flate: corrupt input");
      }
    }
    return size - stream_.avail_out;
  }

  std::string_view packed_;
  const ChartLimits& limits_;
  std::unique_ptr<char[]> whole_;
  size_t size_ = 0;   // of what is whole
  size_t total_ = 0;  // read
  z_stream stream_{};
  bool done_ = false;
};

struct TarHeader {
  std::string name;
  uint64_t size = 0;
  char type = '0';
};

std::string_view field(const char* block, size_t at, size_t length) {
  return {block + at, strnlen(block + at, length)};
}

/// An octal number, or base 256 when the first bit is set.
uint64_t number(const char* block, size_t at, size_t length) {
  auto first = static_cast<unsigned char>(block[at]);
  if (first & 0x80) {
    if (first & 0x40) throw invalid("archive/tar: invalid tar header");
    uint64_t value = first & 0x3F;
    for (size_t i = 1; i < length; ++i) {
      if (value >> 55) throw invalid("archive/tar: invalid tar header");
      value = value << 8 | static_cast<unsigned char>(block[at + i]);
    }
    return value;
  }
  std::string_view digits = field(block, at, length);
  while (!digits.empty() && digits.front() == ' ') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == ' ') digits.remove_suffix(1);
  uint64_t value = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (!digits.empty() && (error != std::errc{} || end != digits.data() + digits.size()))
    throw invalid("archive/tar: invalid tar header");
  return value;
}

void check_sum(const char* block) {
  uint64_t sum = 0;
  int64_t signed_sum = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    char c = i >= 148 && i < 156 ? ' ' : block[i];
    sum += static_cast<unsigned char>(c);
    signed_sum += static_cast<signed char>(c);
  }
  uint64_t stored = number(block, 148, 8);
  if (stored != sum && static_cast<int64_t>(stored) != signed_sum)
    throw invalid("archive/tar: invalid tar header");
}

/// The records of a PAX header: "LENGTH KEY=VALUE\n".
std::map<std::string, std::string> pax_records(std::string_view body) {
  std::map<std::string, std::string> records;
  while (!body.empty()) {
    size_t length = 0;
    auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), length);
    auto head = static_cast<size_t>(end - body.data());
    if (error != std::errc{} || length > body.size() || length < head + 3 || body[head] != ' ' ||
        body[length - 1] != '\n')
      throw invalid("archive/tar: invalid tar header");
    std::string_view record = body.substr(head + 1, length - head - 2);
    size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) throw invalid("archive/tar: invalid tar header");
    records[std::string(record.substr(0, equals))] = record.substr(equals + 1);
    body.remove_prefix(length);
  }
  return records;
}

class TarReader final {
 public:
  TarReader(std::string_view tgz, const ChartLimits& limits) : stream_(tgz, limits), limits_(limits) {}

  /// The next entry, long names and PAX records applied; false at the end.
  bool next(TarHeader& header) {
    std::string long_name;
    std::map<std::string, std::string> pax;
    char block[kBlock];
    while (read_block(block)) {
      if (++entries_ > limits_.entries)
        throw invalid(fmt::format("chart archive has more than {} entries", limits_.entries));
      check_sum(block);
      header = {};
      header.type = block[156];
      header.size = number(block, 124, 12);
      if (header.type == 'L' || header.type == 'K' || header.type == 'x') {
        if (header.size > kMetaLimit) throw invalid("archive/tar: header field too long");
        std::string body = read_body(header.size);
        if (header.type == 'x') pax = pax_records(body);
        if (header.type == 'L') long_name = body.substr(0, body.find('\0'));
        continue;
      }
      header.name = field(block, 0, 100);
      bool ustar = std::memcmp(block + 257, "ustar\0", 6) == 0;  // GNU's "ustar " uses the field otherwise
      if (std::string_view prefix = field(block, 345, 155); ustar && !prefix.empty())
        header.name = std::string(prefix) + "/" + header.name;
      if (!long_name.empty()) header.name = long_name;
      if (auto path = pax.find("path"); path != pax.end() && !path->second.empty())
        header.name = path->second;
      if (auto size = pax.find("size"); size != pax.end()) {
        auto [end, error] =
            std::from_chars(size->second.data(), size->second.data() + size->second.size(), header.size);
        if (error != std::errc{}) throw invalid("archive/tar: invalid tar header");
      }
      return true;
    }
    return false;
  }

  std::string read_body(uint64_t size) {
    std::string body = stream_.read(static_cast<size_t>(size));
    if (body.size() != size) throw invalid("unexpected EOF");
    skip(padding(size));
    return body;
  }

  void skip_body(uint64_t size) { skip(size + padding(size)); }

 private:
  static constexpr uint64_t kMetaLimit = 1 << 20;

  static uint64_t padding(uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

  void skip(uint64_t bytes) {
    char scratch[4096];
    while (bytes > 0) {
      size_t piece = static_cast<size_t>(std::min<uint64_t>(bytes, sizeof scratch));
      if (stream_.read(scratch, piece) != piece) throw invalid("unexpected EOF");
      bytes -= piece;
    }
  }

  /// False at the end: two blocks of zeros or no more bytes.
  bool read_block(char* block) {
    for (int zeros = 0;;) {
      size_t got = stream_.read(block, kBlock);
      if (got == 0) return false;
      if (got != kBlock) throw invalid("unexpected EOF");
      if (std::any_of(block, block + kBlock, [](char c) { return c != 0; })) return true;
      if (++zeros == 2) return false;
    }
  }

  Inflater stream_;
  const ChartLimits& limits_;
  size_t entries_ = 0;
};

/// path.Clean of Go.
std::string clean(std::string_view path) {
  bool rooted = path.starts_with('/');
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= path.size();) {
    size_t slash = std::min(path.find('/', at), path.size());
    std::string_view part = path.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..") {
      parts.pop_back();
    } else if (part != ".." || !rooted) {
      parts.push_back(part);
    }
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

/// The path inside of the chart: the first folder cut, checked as Helm checks it.
std::string chart_path(const std::string& name) {
  char delimiter = name.find('\\') != std::string::npos ? '\\' : '/';
  size_t first = name.find(delimiter);
  std::string rest = first == std::string::npos ? "" : name.substr(first + 1);
  std::ranges::replace(rest, delimiter, '/');
  if (rest.starts_with('/')) throw invalid("chart illegally contains absolute paths");
  rest = clean(rest);
  if (rest == ".")
    throw invalid(fmt::format("chart illegally contains content outside the base directory: \"{}\"", name));
  if (rest.starts_with("..")) throw invalid("chart illegally references parent directory");
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (rest.size() >= 3 && letter(rest[0]) && rest[1] == ':' && rest[2] == '/')
    throw invalid("chart contains illegally named files");
  if (name.substr(0, first) == "Chart.yaml") throw invalid("chart yaml not in base directory");
  return rest;
}

}  // namespace

std::vector<File> unpack_archive(std::string_view tgz, const ChartLimits& limits) {
  if (tgz.size() > limits.archive_bytes)
    throw invalid(fmt::format("chart archive has {} bytes, more than {}", tgz.size(), limits.archive_bytes));
  TarReader tar(tgz, limits);
  std::vector<File> files;
  size_t left = limits.unpacked_bytes;
  TarHeader header;
  while (tar.next(header)) {
    if (header.type == '5' || header.name.ends_with('/')) {
      tar.skip_body(header.type == '5' ? 0 : header.size);
      continue;
    }
    if (header.type == 'g') {  // global PAX header: says nothing that we need
      tar.skip_body(header.size);
      continue;
    }
    std::string path = chart_path(header.name);
    if (header.type >= '1' &&
        header.type <= '6') {  // a link or device is never followed: an empty file, as in Helm
      files.push_back({std::move(path), ""});
      continue;
    }
    if (header.size >= left)
      throw invalid(
          fmt::format("decompressed chart is larger than the maximum size {}", limits.unpacked_bytes));
    left -= static_cast<size_t>(header.size);
    files.push_back({std::move(path), tar.read_body(header.size)});
  }
  if (files.empty()) throw invalid("no files in chart archive");
  return files;
}

std::string gunzip(std::string_view packed, size_t limit) {
  ChartLimits limits;
  limits.unpacked_bytes = limit;
  limits.ratio = SIZE_MAX;
  std::string out = Inflater(packed, limits).read(limit + 1);
  if (out.size() > limit) throw invalid(fmt::format("compressed data unpacks to more than {} bytes", limit));
  return out;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error(ErrorKind::Internal, "zlib: deflateInit2 failed");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw Error(ErrorKind::Internal, "zlib: deflate failed");
  return out;
}

}  // namespace shipit::helm
