#pragma once
// The values of TOML that hold no others: strings, words, numbers, dates. For the TOML reader alone.
#include <string>
#include <string_view>

#include "helm/functions/function.h"
#include "helm/functions/go_time.h"
#include "helm/functions/toml_scanner.h"

namespace shipit::helm {

class TomlScalars : protected TomlScanner {
 protected:
  TomlScalars(Call& call, std::string_view text) : TomlScanner(text), call_(call) {}
  ~TomlScalars() = default;

  // Strings; the opening quotes are taken.
  std::string basic_string();
  std::string raw_string();
  Value multiline();
  Value multiline_raw();

  // Words, numbers, dates.
  Value boolean();
  /// After an "i" or "n" that began at `from`.
  Value word(size_t from);
  Value signed_number(size_t from);
  Value number_or_date();

  Call& call_;

 private:
  /// The text before three quotes; one or two more of them belong to it.
  std::string_view until_three(char quote);
  /// Checks what follows a backslash. `from`: where the string begins, for the message.
  void escape(size_t from);
  std::string unescaped(std::string_view raw);
  Value based(size_t from, std::string_view name, bool (*digit)(Rune));
  Value decimal(size_t from);
  Value float_rest(size_t from);
  Value whole(size_t from);
  Value floating(size_t from);
  Value date(size_t from);
  const Zone* local_form_zone(std::string_view name) const;
};

}  // namespace shipit::helm
