#include "k8s/quantity.h"

#include <gtest/gtest.h>

namespace shipit::k8s {
namespace {

TEST(Quantity, IsWrittenBackInCanonicalForm) {
  struct Case {
    const char* text;
    const char* canonical;
  };
  for (const Case& c :
       {Case{"0.5", "500m"}, Case{"1024Mi", "1Gi"}, Case{"1000m", "1"}, Case{"1.5Gi", "1536Mi"},
        Case{"100m", "100m"}, Case{"0", "0"}, Case{"1000", "1k"}, Case{"1e3", "1e3"}, Case{"-0.5", "-500m"},
        Case{"512Ki", "512Ki"}, Case{"0.5Ki", "512"}, Case{"1500M", "1500M"}})
    EXPECT_EQ(c.canonical, Quantity::parse(c.text).value().canonical()) << c.text;
}

TEST(Quantity, ComparesAcrossSuffixes) {
  EXPECT_EQ(Quantity::parse("1Gi"), Quantity::parse("1073741824"));
  EXPECT_LT(*Quantity::parse("999m"), *Quantity::parse("1"));
  EXPECT_EQ(1, Quantity::parse("1m")->value());
  EXPECT_EQ(1500, Quantity::parse("1.5")->milli());
}

TEST(Quantity, RefusesOtherTexts) {
  for (auto text : {"", "x", "1x", "1.2.3", "--1", "Gi", "1ki", "1e"})
    EXPECT_FALSE(Quantity::parse(text)) << text;
}

}  // namespace
}  // namespace shipit::k8s
