#include "sandbox/behaviours.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/json.h"

namespace shipit::sandbox {
namespace {

class BehavioursTest : public testing::Test {
 protected:
  SystemClock clock;
  Store store{clock};
  Keep keep{store};
  Behaviours behaviours{keep};
};

TEST(ParseImage, TakesReferencesApart) {
  struct Case {
    const char *image, *repository, *tag, *digest;
  };
  for (const Case& c :
       {Case{"hello", "hello", "latest", ""}, Case{"hello:1", "hello", "1", ""},
        Case{"localhost:5000/a/b", "localhost:5000/a/b", "latest", ""},
        Case{"localhost:5000/a/b:c", "localhost:5000/a/b", "c", ""},
        Case{"a@sha256:00", "a", "", "sha256:00"}, Case{"a:t@sha256:00", "a", "t", "sha256:00"}}) {
    ImageReference reference = parse_image(c.image);
    EXPECT_EQ(reference.repository, c.repository) << c.image;
    EXPECT_EQ(reference.tag, c.tag) << c.image;
    EXPECT_EQ(reference.digest, c.digest) << c.image;
  }
}

TEST_F(BehavioursTest, AnUnknownImageIsOk) { EXPECT_EQ(behaviours.of("hello:1"), Behaviour::Ok); }

TEST_F(BehavioursTest, ARepositoryWithoutAHostStandsForAnyRegistry) {
  behaviours.set("team/hello", "1", Behaviour::Slow);
  EXPECT_EQ(behaviours.of("1234.dkr.ecr.us-east-1.amazonaws.com/team/hello:1"), Behaviour::Slow);
  EXPECT_EQ(behaviours.of("team/hello:1"), Behaviour::Slow);
  EXPECT_EQ(behaviours.of("team/hello:2"), Behaviour::Ok);
  EXPECT_EQ(behaviours.of("hello:1"), Behaviour::Ok);
}

TEST_F(BehavioursTest, TheExactRepositoryWinsAndTheLastRegistrationToo) {
  behaviours.set("hello", "1", Behaviour::Slow);
  behaviours.set("r.example/hello", "1", Behaviour::Crash);
  EXPECT_EQ(behaviours.of("r.example/hello:1"), Behaviour::Crash);
  behaviours.set("r.example/hello", "1", Behaviour::Ok);
  EXPECT_EQ(behaviours.of("r.example/hello:1"), Behaviour::Ok);
}

TEST_F(BehavioursTest, ATagsEndingSpeaksForUnregisteredImages) {
  EXPECT_EQ(behaviours.of("hello:v2-crash"), Behaviour::Crash);
  EXPECT_EQ(behaviours.of("hello:v2-bad-image"), Behaviour::BadImage);
  EXPECT_EQ(behaviours.of("hello:crash"), Behaviour::Ok);
  EXPECT_EQ(behaviours.of("hello:v2-token"), Behaviour::Ok);
  behaviours.set("hello", "v2-crash", Behaviour::Ok);
  EXPECT_EQ(behaviours.of("hello:v2-crash"), Behaviour::Ok);
}

TEST_F(BehavioursTest, RefusesNonsense) {
  EXPECT_THROW(behaviours.set("", "1", Behaviour::Ok), Error);
  EXPECT_THROW(behaviours.set("a", "", Behaviour::Ok), Error);
  EXPECT_THROW(behaviours.set("a b", "1", Behaviour::Ok), Error);
  EXPECT_THROW(behaviours.set("a", std::string(129, 'x'), Behaviour::Ok), Error);
}

TEST_F(BehavioursTest, TheEndpointRegistersListsAndRefuses) {
  EXPECT_EQ(behaviours.handle("POST", R"({"image":"hello:1","behaves":"alert"})").status, 200);
  EXPECT_EQ(behaviours.of("hello:1"), Behaviour::Alert);
  text::Document list = text::parse_json(behaviours.handle("GET", "").body);
  ASSERT_EQ(list.root.size(), 1u);
  EXPECT_EQ(list.root[0]["behaves"].str(), "alert");
  EXPECT_EQ(behaviours.handle("DELETE", "").status, 405);
  EXPECT_EQ(behaviours.handle("POST", "{").status, 400);
}

}  // namespace
}  // namespace shipit::sandbox
