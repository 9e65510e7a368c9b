#include "helm/functions/word_case.h"

#include <cstdint>

#include "helm/unicode.h"

namespace shipit::helm {
namespace {

bool connector_rune(Rune r) { return r == '-' || r == '_' || is_space(r); }

/// A letter that is no CJK ideograph.
bool alphabet(Rune r) {
  if (!is_letter(r)) return false;
  return r < 0x3400 ||
         !((r >= 0x4E00 && r <= 0x9FCC) || (r >= 0x3400 && r <= 0x4D85) || (r >= 0x20000 && r <= 0x2B81D));
}

enum class Word : uint8_t { Invalid, Number, Upper, Alphabet, Connector, Punct, Other };

struct Piece {
  Word kind = Word::Invalid;
  std::string_view text;
};

/// Skips bytes that are no character; at the end gives `previous`.
DecodedRune next_valid(std::string_view text, Rune previous) {
  int size = 0;
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    size += d.size;
    if (d.rune != kRuneError) return {d.rune, size};
    text.remove_prefix(static_cast<size_t>(d.size));
  }
  return {previous, size};
}

/// Takes the next word off `rest`.
Piece next_word(std::string_view& rest) {
  Piece piece;
  std::string_view all = rest;
  if (all.empty()) return piece;
  DecodedRune d = next_valid(all, kRuneError);
  auto offset = static_cast<size_t>(d.size);
  if (d.rune == kRuneError) {
    piece.text = all.substr(0, offset);
    rest = all.substr(offset);
    return piece;
  }
  std::string_view remaining = all.substr(offset);
  Rune r = d.rune;
  auto take_while = [&](auto&& in) {
    while (!remaining.empty()) {
      DecodedRune n = next_valid(remaining, r);
      r = n.rune;
      d.size = n.size;
      if (!in(r)) break;
      offset += static_cast<size_t>(n.size);
      remaining.remove_prefix(static_cast<size_t>(n.size));
    }
  };
  auto small = [](Rune c) { return alphabet(c) && !is_upper(c); };
  if (connector_rune(r)) {
    piece.kind = Word::Connector;
    take_while(connector_rune);
  } else if (is_punct(r)) {
    piece.kind = Word::Punct;
    take_while(is_punct);
  } else if (is_upper(r)) {
    piece.kind = Word::Upper;
    if (!remaining.empty()) {
      DecodedRune second = next_valid(remaining, r);
      r = second.rune;
      if (is_upper(r)) {
        size_t last = 0;
        while (!remaining.empty()) {
          DecodedRune n = next_valid(remaining, r);
          r = n.rune;
          if (!is_upper(r)) break;
          last = static_cast<size_t>(n.size);
          offset += last;
          remaining.remove_prefix(last);
        }
        // "HTTPStatus": the S begins the next word.
        if (!remaining.empty() && alphabet(r)) {
          offset -= last;
          remaining = all.substr(offset);
        }
      } else if (alphabet(r)) {
        take_while(small);
      }
    }
  } else if (alphabet(r)) {
    piece.kind = Word::Alphabet;
    take_while(small);
  } else if (is_number(r)) {
    piece.kind = Word::Number;
    take_while(is_number);
  } else {
    piece.kind = Word::Other;
    take_while([&](Rune c) {
      return d.size != 0 && !connector_rune(c) && !alphabet(c) && !is_number(c) && !is_punct(c);
    });
  }
  piece.text = all.substr(0, offset);
  rest = remaining;
  return piece;
}

void append_lower(std::string& out, Piece piece, char connector) {
  if (piece.kind != Word::Upper && piece.kind != Word::Connector) {
    out += piece.text;
    return;
  }
  std::string_view text = piece.text;
  while (!text.empty()) {
    DecodedRune d = decode_rune(text);
    text.remove_prefix(static_cast<size_t>(d.size));
    if (connector_rune(d.rune))
      out += connector;
    else
      append_rune(out, is_upper(d.rune) ? to_lower(d.rune) : d.rune);
  }
}

}  // namespace

std::string to_pascal_case(std::string_view text) {
  std::string out;
  bool first_upper = false;
  Rune r0 = 0;
  int size = 0;
  auto take = [&] {
    DecodedRune d = decode_rune(text);
    text.remove_prefix(static_cast<size_t>(d.size));
    r0 = d.rune;
    size = d.size;
  };
  if (text.empty()) return out;
  while (!text.empty()) {
    take();
    if (!connector_rune(r0)) {
      first_upper = is_upper(r0);
      r0 = to_upper(r0);
      break;
    }
    append_rune(out, r0);
  }
  if (text.empty()) {
    if (size != 0) append_rune(out, r0);
    return out;
  }
  while (!text.empty()) {
    Rune r1 = r0;
    take();
    if (connector_rune(r0) && connector_rune(r1)) {
      append_rune(out, r1);
      continue;
    }
    if (connector_rune(r1)) {
      first_upper = is_upper(r0);
      r0 = to_upper(r0);
      continue;
    }
    if (first_upper) {
      if (is_upper(r0))
        r0 = to_lower(r0);
      else
        first_upper = false;
    }
    append_rune(out, r1);
  }
  append_rune(out, r0);
  return out;
}

std::string to_connected_case(std::string_view text, char connector) {
  std::string out;
  if (text.empty()) return out;
  Piece piece = next_word(text);
  auto apart = [](Word kind) { return kind != Word::Connector && kind != Word::Punct; };
  auto take_words = [&] {
    while (piece.kind == Word::Alphabet || piece.kind == Word::Number) {
      append_lower(out, piece, connector);
      piece = next_word(text);
    }
    if (piece.kind != Word::Invalid && apart(piece.kind)) out += connector;
  };
  while (!text.empty()) {
    if (piece.kind != Word::Connector) append_lower(out, piece, connector);
    Piece last = piece;
    piece = next_word(text);
    if (last.kind == Word::Number) {
      take_words();
    } else if (last.kind == Word::Connector) {
      append_lower(out, last, connector);
    } else if (last.kind != Word::Punct) {
      if (piece.kind != Word::Number) {
        if (apart(piece.kind)) out += connector;
        continue;
      }
      if (text.empty()) continue;
      Piece number = piece;
      piece = next_word(text);
      if (piece.kind != Word::Alphabet) {  // "Bld4Floor": the number belongs to what is before it
        append_lower(out, number, connector);
        if (apart(piece.kind)) out += connector;
        continue;
      }
      out += connector;  // "HTTP2xx": it begins a word
      append_lower(out, number, connector);
      take_words();
    }
  }
  append_lower(out, piece, connector);
  return out;
}

}  // namespace shipit::helm
