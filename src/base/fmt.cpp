// The parts of fmt that are no templates, compiled here: Debian's fmt is a shared library only, and it is the
// one C++ library that would keep the binary from carrying its own libstdc++ (see cmake/layers.cmake).
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template locale_ref::locale_ref(const std::locale&);
template std::locale locale_ref::get<std::locale>() const;
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
template void buffer<char>::append(const char*, const char*);
template void vformat_to(buffer<char>&, basic_string_view<char>,
                         basic_format_args<basic_format_context<appender, char>>, locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
