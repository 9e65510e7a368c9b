#pragma once
// How Go writes a float64: the shortest digits that read back, laid out by one of two rules. Pure; any
// thread.
#include <string>

namespace shipit::text {

/// As encoding/json lays it out: 1e-7, 0.000001, 100000000000000000000, 1e+21. `number` is finite.
void append_double_json(std::string& out, double number);
/// As strconv.FormatFloat(number, 'g', -1, 64) does, which go-yaml uses: 1e-05, 0.0001,
/// 100000.5, 1.0000005e+06. `number` is finite.
void append_double_g(std::string& out, double number);
/// The same for a float32: FormatFloat(number, 'g', -1, 32).
void append_float_g(std::string& out, float number);

}  // namespace shipit::text
