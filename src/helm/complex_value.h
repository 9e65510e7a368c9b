#pragma once
// complex128: a template can write 1i, and little else. Kept in the arena behind an opaque Value.
#include <complex>

#include "helm/go_type.h"

namespace shipit::helm {

constexpr uint16_t kComplexSort = 2;

inline Value complex_value(text::Arena& arena, std::complex<double> number) {
  auto* held = arena.allocate_array<std::complex<double>>(1);
  *held = number;
  return Value::opaque(held, kComplexSort);
}
inline std::complex<double> as_complex(Value value) {
  return *static_cast<const std::complex<double>*>(value.as_opaque());
}

}  // namespace shipit::helm
