// Every row of the tables of cases against Helm's answer to it. The rows of cases/*.inc are written by
// tests/conformance/helmlang from its own cases/*.txt, with the answers of Helm 4.3.1 (Go 1.26); `make
// conformance` says when they are out of date.
#include <gtest/gtest.h>

#include "helm/functions/case_fixture.h"

namespace shipit::helm {
namespace {

using namespace std::string_view_literals;

constexpr TemplateCase kLanguage[] = {
#include "helm/functions/cases/language.inc"
};
constexpr TemplateCase kFormats[] = {
#include "helm/functions/cases/formats.inc"
};
constexpr TemplateCase kStrings[] = {
#include "helm/functions/cases/strings.inc"
};
constexpr TemplateCase kNumbers[] = {
#include "helm/functions/cases/numbers.inc"
};
constexpr TemplateCase kLists[] = {
#include "helm/functions/cases/lists.inc"
};
constexpr TemplateCase kDicts[] = {
#include "helm/functions/cases/dicts.inc"
};
constexpr TemplateCase kEncoding[] = {
#include "helm/functions/cases/encoding.inc"
};
constexpr TemplateCase kToml[] = {
#include "helm/functions/cases/toml.inc"
};
constexpr TemplateCase kRegex[] = {
#include "helm/functions/cases/regex.inc"
};
constexpr TemplateCase kSemver[] = {
#include "helm/functions/cases/semver.inc"
};
constexpr TemplateCase kDates[] = {
#include "helm/functions/cases/dates.inc"
};
constexpr TemplateCase kUrls[] = {
#include "helm/functions/cases/urls.inc"
};
constexpr TemplateCase kCrypto[] = {
#include "helm/functions/cases/crypto.inc"
};
constexpr TemplateCase kHelm[] = {
#include "helm/functions/cases/helm.inc"
};

void expect_helms_answers(std::span<const TemplateCase> cases) {
  for (const TemplateCase& c : cases) {
    text::Arena arena;
    Value values = text::parse_json(kCaseValues, arena, {.numbers_as_double = true});
    CaseAnswer answer = run_case(c.source, values, arena);
    EXPECT_EQ(answer.fails, c.fails) << c.source << "\n" << answer.said;
    EXPECT_EQ(answer.said, c.said) << c.source;
  }
}

TEST(HelmsAnswers, Language) { expect_helms_answers(kLanguage); }
TEST(HelmsAnswers, Formats) { expect_helms_answers(kFormats); }
TEST(HelmsAnswers, Strings) { expect_helms_answers(kStrings); }
TEST(HelmsAnswers, Numbers) { expect_helms_answers(kNumbers); }
TEST(HelmsAnswers, Lists) { expect_helms_answers(kLists); }
TEST(HelmsAnswers, Dicts) { expect_helms_answers(kDicts); }
TEST(HelmsAnswers, Encoding) { expect_helms_answers(kEncoding); }
TEST(HelmsAnswers, Toml) { expect_helms_answers(kToml); }
TEST(HelmsAnswers, Regex) { expect_helms_answers(kRegex); }
TEST(HelmsAnswers, Semver) { expect_helms_answers(kSemver); }
TEST(HelmsAnswers, Dates) { expect_helms_answers(kDates); }
TEST(HelmsAnswers, Urls) { expect_helms_answers(kUrls); }
TEST(HelmsAnswers, Crypto) { expect_helms_answers(kCrypto); }
TEST(HelmsAnswers, Helm) { expect_helms_answers(kHelm); }

}  // namespace
}  // namespace shipit::helm
