// URLs, and sprig's functions on URLs and paths.
#include "helm/functions/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hex.h"
#include "helm/functions/function.h"
#include "helm/functions/strings.h"
#include "helm/go_ip.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

/// Parts of a URL, by what they may hold unescaped.
enum class Part : uint8_t { Path, Segment, Host, Zone, User, Query, Fragment };

bool should_escape(char c, Part part) {
  if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) return false;
  auto in = [&](std::string_view set) { return set.find(c) != std::string_view::npos; };
  if ((part == Part::Host || part == Part::Zone) && in("!$&'()*+,;=:[]<>\"")) return false;
  if (in("-_.~")) return false;
  if (in("$&+,/:;=?@")) {
    switch (part) {
      case Part::Path:
        return c == '?';
      case Part::Segment:
        return in("/;,?");
      case Part::User:
        return in("@/?:");
      case Part::Query:
        return true;
      case Part::Fragment:
        return false;
      default:
        return true;
    }
  }
  return !(part == Part::Fragment && in("!()*"));
}

std::string escape(std::string_view text, Part part) {
  std::string out;
  for (char c : text) {
    if (c == ' ' && part == Part::Query)
      out += '+';
    else if (should_escape(c, part))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

bool unescape(std::string_view text, Part part, std::string& out, std::string& error) {
  std::string made;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      std::string_view triple = text.substr(i, 3);
      auto bad = [&] {
        error = "invalid URL escape " + quoted(triple);
        return false;
      };
      if (triple.size() < 3 || hex_digit(triple[1]) < 0 || hex_digit(triple[2]) < 0) return bad();
      auto value = static_cast<char>(hex_digit(triple[1]) << 4 | hex_digit(triple[2]));
      if (part == Part::Host && hex_digit(triple[1]) < 8 && triple != "%25") return bad();
      if (part == Part::Zone && triple != "%25" && value != ' ' && should_escape(value, Part::Host))
        return bad();
      made += value;
      i += 2;
      continue;
    }
    if ((part == Part::Host || part == Part::Zone) && static_cast<unsigned char>(c) < 0x80 &&
        should_escape(c, part)) {
      error = "invalid character " + quoted(text.substr(i, 1)) + " in host name";
      return false;
    }
    made += c == '+' && part == Part::Query ? ' ' : c;
  }
  out = std::move(made);
  return true;
}

bool valid_port(std::string_view port) {
  return port.empty() ||
         (port[0] == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

/// What comes between // and the path.
class AuthorityParser final {
 public:
  AuthorityParser(Url& url, std::string& error) : url_(url), error_(error) {}

  bool parse(std::string_view authority) {
    size_t at = authority.rfind('@');
    bool user = at != std::string_view::npos;
    if (!host(user ? authority.substr(at + 1) : authority)) return false;
    if (!user) return true;
    std::string_view info = authority.substr(0, at);
    for (char c : info)
      if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) &&
          std::string_view("-._:~!$&'()*+,;=%@").find(c) == std::string_view::npos)
        return fail("net/url: invalid userinfo");
    url_.has_user = true;
    size_t colon = info.find(':');
    if (!unescape(info.substr(0, colon), Part::User, url_.user, error_)) return false;
    if (colon == std::string_view::npos) return true;
    url_.has_password = true;
    return unescape(info.substr(colon + 1), Part::User, url_.password, error_);
  }

 private:
  bool fail(std::string message) {
    error_ = std::move(message);
    return false;
  }

  bool host(std::string_view text) {
    size_t open = text.rfind('[');
    if (open != std::string_view::npos) return open > 0 ? fail("invalid IP-literal") : ip_literal(text);
    size_t colon = text.find(':');
    if (colon != std::string_view::npos) {
      // Several colons are refused for http only: databases list hosts with ports.
      if (url_.scheme != "http" && url_.scheme != "https") colon = text.rfind(':');
      if (!valid_port(text.substr(colon)))
        return fail(fmt::format("invalid port {} after host", quoted(text.substr(colon))));
    }
    return unescape(text, Part::Host, url_.host, error_);
  }

  bool ip_literal(std::string_view text) {
    size_t close = text.rfind(']');
    if (close == std::string_view::npos) return fail("missing ']' in host");
    std::string_view port = text.substr(close + 1), name = text.substr(1, close - 1);
    if (!valid_port(port)) return fail(fmt::format("invalid port {} after host", quoted(port)));
    size_t zone = name.find("%25");
    std::string address, rest;
    if (!unescape(name.substr(0, zone), Part::Host, address, error_)) return false;
    if (zone != std::string_view::npos && !unescape(name.substr(zone), Part::Zone, rest, error_))
      return false;
    address += rest;
    std::string why;
    auto ip = parse_ip(address, why);
    if (!ip) return fail("invalid host: " + why);
    if (ip->is_v4) return fail("invalid IP-literal");
    url_.host = fmt::format("[{}]{}", address, port);
    return true;
  }

  Url& url_;
  std::string& error_;
};

/// "http:" off the front. False for a colon without a name before it.
bool take_scheme(std::string_view& text, std::string& scheme) {
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') continue;
    if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') {
      if (i == 0) return true;
      continue;
    }
    if (c != ':') return true;
    if (i == 0) return false;
    for (char s : text.substr(0, i)) scheme += s >= 'A' && s <= 'Z' ? static_cast<char>(s | 0x20) : s;
    text.remove_prefix(i + 1);
    return true;
  }
  return true;
}

bool parse_into(std::string_view text, Url& url, std::string& error) {
  auto fail = [&](std::string_view message) {
    error = message;
    return false;
  };
  for (char c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F)
      return fail("net/url: invalid control character in URL");
  if (text == "*") {
    url.path = "*";
    return true;
  }
  std::string_view rest = text;
  if (!take_scheme(rest, url.scheme)) return fail("missing protocol scheme");
  if (rest.ends_with('?') && std::count(rest.begin(), rest.end(), '?') == 1) {
    url.force_query = true;
    rest.remove_suffix(1);
  } else if (size_t query = rest.find('?'); query != std::string_view::npos) {
    url.raw_query = rest.substr(query + 1);
    rest = rest.substr(0, query);
  }
  if (!rest.starts_with('/')) {
    if (!url.scheme.empty()) {
      url.opaque = rest;
      return true;
    }
    if (rest.substr(0, rest.find('/')).find(':') != std::string_view::npos)
      return fail("first path segment in URL cannot contain colon");
  }
  if ((!url.scheme.empty() || !rest.starts_with("///")) && rest.starts_with("//")) {
    std::string_view authority = rest.substr(2);
    size_t slash = authority.find('/');
    rest = slash == std::string_view::npos ? std::string_view() : authority.substr(slash);
    if (!AuthorityParser(url, error).parse(authority.substr(0, slash))) return false;
  } else if (!url.scheme.empty() && rest.starts_with('/')) {
    url.omit_host = true;
  }
  if (!unescape(rest, Part::Path, url.path, error)) return false;
  if (escape(url.path, Part::Path) != rest) url.raw_path = rest;
  return true;
}

bool valid_encoded(std::string_view text, Part part) {
  return std::ranges::all_of(text, [&](char c) {
    return std::string_view("!$&'()*+,;=:@[]%").find(c) != std::string_view::npos || !should_escape(c, part);
  });
}

/// The raw form when it stands for the same, else the escaped one.
std::string encoded(const std::string& raw, const std::string& plain, Part part) {
  std::string back, error;
  if (!raw.empty() && valid_encoded(raw, part) && unescape(raw, part, back, error) && back == plain)
    return raw;
  return plain == "*" && part == Part::Path ? "*" : escape(plain, part);
}

/// RFC 3986 section 5.2.4, as Go does it.
std::string resolved_path(std::string_view base, std::string_view reference) {
  std::string full(reference.starts_with('/') ? "" : base.substr(0, base.rfind('/') + 1));
  full += reference;
  if (reference.empty()) full = base;
  if (full.empty()) return full;
  std::string out = "/";
  bool first = true;
  std::vector<std::string_view> elements = split(full, "/");
  for (std::string_view element : elements) {
    if (element == ".") {
      first = false;
    } else if (element == "..") {
      size_t slash = out.rfind('/');
      out.resize(std::max<size_t>(slash, 1));
      first = out.size() == 1;
    } else {
      if (!first) out += '/';
      out += element;
      first = false;
    }
  }
  if (elements.back() == "." || elements.back() == "..") out += '/';
  if (out.starts_with("//")) out.erase(0, 1);
  return out;
}

/// Of a path that is escaped well.
void set_path(Url& url, const std::string& path) {
  std::string error;
  if (!unescape(path, Part::Path, url.path, error)) return;
  url.raw_path = escape(url.path, Part::Path) == path ? "" : path;
}

}  // namespace

std::optional<Url> parse_url(std::string_view text, std::string& error) {
  Url url;
  size_t hash = text.find('#');
  std::string_view before = text.substr(0, hash);
  auto wrapped = [&](std::string_view shown) {
    error = fmt::format("parse {}: {}", quoted(shown), error);
    return std::nullopt;
  };
  if (!parse_into(before, url, error)) return wrapped(before);
  if (hash == std::string_view::npos || hash + 1 == text.size()) return url;
  std::string_view fragment = text.substr(hash + 1);
  if (!unescape(fragment, Part::Fragment, url.fragment, error)) return wrapped(text);
  if (escape(url.fragment, Part::Fragment) != fragment) url.raw_fragment = fragment;
  return url;
}

std::string Url::userinfo() const {
  std::string out = escape(user, Part::User);
  if (has_password) out += ":" + escape(password, Part::User);
  return out;
}

std::string Url::hostname() const {
  std::string_view name = host;
  size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && valid_port(name.substr(colon))) name = name.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  return std::string(name);
}

std::string Url::str() const {
  std::string out;
  if (!scheme.empty()) out += scheme + ":";
  if (!opaque.empty()) {
    out += opaque;
  } else {
    if ((!scheme.empty() || !host.empty() || has_user) && !(omit_host && host.empty() && !has_user)) {
      if (!host.empty() || !path.empty() || has_user) out += "//";
      if (has_user) out += userinfo() + "@";
      out += escape(host, Part::Host);
    }
    std::string shown = encoded(raw_path, path, Part::Path);
    if (!shown.empty() && shown[0] != '/' && !host.empty()) out += '/';
    if (out.empty() && std::string_view(shown).substr(0, shown.find('/')).find(':') != std::string_view::npos)
      out += "./";
    out += shown;
  }
  if (force_query || !raw_query.empty()) out += "?" + raw_query;
  if (!fragment.empty()) out += "#" + encoded(raw_fragment, fragment, Part::Fragment);
  return out;
}

std::string query_escape(std::string_view text) { return escape(text, Part::Query); }

std::string path_escape(std::string_view text) { return escape(text, Part::Segment); }

std::optional<std::string> path_unescape(std::string_view text, std::string& error) {
  std::string out;
  if (!unescape(text, Part::Segment, out, error)) return std::nullopt;
  return out;
}

Url resolve_url(const Url& base, const Url& reference) {
  Url url = reference;
  if (url.scheme.empty()) url.scheme = base.scheme;
  bool whole = !reference.scheme.empty() || !reference.host.empty() || reference.has_user;
  if (!whole) {
    if (!reference.opaque.empty()) return url;
    if (reference.path.empty() && !reference.force_query && reference.raw_query.empty()) {
      url.raw_query = base.raw_query;
      if (reference.fragment.empty()) {
        url.fragment = base.fragment;
        url.raw_fragment = base.raw_fragment;
      }
    }
    if (reference.path.empty() && !base.opaque.empty()) {
      url.opaque = base.opaque;
      return url;
    }
    url.host = base.host;
    url.has_user = base.has_user;
    url.has_password = base.has_password;
    url.user = base.user;
    url.password = base.password;
  }
  std::string path = encoded(reference.raw_path, reference.path, Part::Path);
  set_path(url, whole ? resolved_path(path, "")
                      : resolved_path(encoded(base.raw_path, base.path, Part::Path), path));
  return url;
}

namespace {

Value url_parse(Call& call, std::span<Value> args) {
  std::string error;
  auto url = parse_url(args[0].as_string(), error);
  if (!url) Call::fail("unable to parse url: " + error);
  Value map = Value::map(call.arena(), 8);
  auto set = [&](std::string_view key, std::string_view text) {
    map.set_borrowed(call.arena(), key, call.string(text));
  };
  set("fragment", url->fragment);
  set("host", url->host);
  set("hostname", url->hostname());
  set("opaque", url->opaque);
  set("path", url->path);
  set("query", url->raw_query);
  set("scheme", url->scheme);
  set("userinfo", url->has_user ? url->userinfo() : "");
  return map;
}

Value url_join(Call& call, std::span<Value> args) {
  auto get = [&](std::string_view key) -> std::string {
    const Value* found = args[0].find(key);
    if (!found) return "";
    if (found->is_null()) Call::fail("runtime error: invalid memory address or nil pointer dereference");
    if (!is_text(*found))
      Call::fail(fmt::format("unable to parse {} key, must be of type string, but {} found", key,
                             to_string(go_kind(*found))));
    return found->str();
  };
  Url url;
  url.scheme = get("scheme");
  url.host = get("host");
  url.path = get("path");
  url.raw_query = get("query");
  url.opaque = get("opaque");
  url.fragment = get("fragment");
  std::string info = get("userinfo"), error;
  if (!info.empty()) {
    auto parsed = parse_url("proto://" + info + "@host", error);
    if (!parsed) Call::fail("unable to parse userinfo in dict: " + error);
    url.has_user = parsed->has_user;
    url.has_password = parsed->has_password;
    url.user = parsed->user;
    url.password = parsed->password;
  }
  return call.string(url.str());
}

// Paths, as Go's path package has them.

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  bool rooted = path[0] == '/';
  std::vector<std::string_view> kept;
  for (std::string_view part : split(path, "/")) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      kept.push_back(part);
    else if (!kept.empty() && kept.back() != "..")
      kept.pop_back();
    else if (!rooted)
      kept.push_back(part);
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < kept.size(); ++i) out.append(i ? "/" : "").append(kept[i]);
  return out.empty() ? "." : out;
}

Value base(Call& call, std::span<Value> args) {
  std::string_view path = args[0].as_string();
  if (path.empty()) return ".";
  while (path.ends_with('/')) path.remove_suffix(1);
  size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  return path.empty() ? Value("/") : call.string(path);
}

Value dir(Call& call, std::span<Value> args) {
  std::string_view path = args[0].as_string();
  size_t slash = path.rfind('/');
  return call.string(clean_path(path.substr(0, slash == std::string_view::npos ? 0 : slash + 1)));
}

Value clean(Call& call, std::span<Value> args) { return call.string(clean_path(args[0].as_string())); }

Value ext(Call&, std::span<Value> args) {
  std::string_view path = args[0].as_string();
  size_t at = path.find_last_of("./");
  return at == std::string_view::npos || path[at] == '/' ? Value("") : Value::borrowed(path.substr(at));
}

Value is_abs(Call&, std::span<Value> args) { return args[0].as_string().starts_with('/'); }

constexpr FunctionEntry kFunctions[] = {
    {"base", "s", base},      {"clean", "s", clean},      {"dir", "s", dir},
    {"ext", "s", ext},        {"isAbs", "s", is_abs},     {"osBase", "s", base},
    {"osClean", "s", clean},  {"osDir", "s", dir},        {"osExt", "s", ext},
    {"osIsAbs", "s", is_abs}, {"urlJoin", "m", url_join}, {"urlParse", "s", url_parse},
};

}  // namespace

std::span<const FunctionEntry> url_functions() { return kFunctions; }

}  // namespace shipit::helm
