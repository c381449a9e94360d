#include <algorithm>

#include "api/test_house.h"

// The route table and the document, held against each other; who may call what.
namespace sluice::api {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

const Document& document() {
  static const Document whole(openapi_document());
  return whole;
}

const json::object* operation_of(const Route& route) {
  const auto* path = document().paths().if_contains(route.pattern);
  const auto* operation = path != nullptr ? path->as_object().if_contains(lower(route.method)) : nullptr;
  return operation != nullptr ? &operation->as_object() : nullptr;
}

std::set<std::string> parameters(const json::object& operation, const std::string& in) {
  std::set<std::string> out;
  const auto* list = operation.if_contains("parameters");
  if (list == nullptr) return out;
  for (const auto& parameter : list->as_array()) {
    const auto& p = document().resolve(parameter.as_object());
    if (p.at("in").as_string() == in) out.insert(std::string(p.at("name").as_string()));
  }
  return out;
}

const char* word(Least least) {
  switch (least) {
    case Least::nobody:
      return "nobody";
    case Least::viewer:
      return "viewer";
    case Least::developer:
      return "developer";
    case Least::admin:
      return "admin";
  }
  return "";
}

// A path of the pattern, with something in the place of each parameter.
std::string example_path(const Route& route) {
  std::string out(route.pattern);
  const std::map<std::string, std::string> values = {{"{stack}", "shop"},          {"{stage}", "dev"},
                                                     {"{kind}", "runtime"},        {"{change}", "1"},
                                                     {"{deployment}", "dep_none"}, {"{token}", "tok_none"}};
  for (const auto& [name, value] : values)
    if (auto at = out.find(name); at != std::string::npos) out.replace(at, name.size(), value);
  return out;
}

http::Request request_for(const Route& route) {
  http::Request request;
  request.method = route.method;
  request.target = example_path(route);
  request.path = request.target;
  request.headers.set("Host", "localhost:7420");
  return request;
}

TEST(OpenApi, what_the_doctor_finds_is_an_admins_to_read) {
  House house;
  house.findings = {{"space", doctor::Severity::problem, "Free space", "0.1 GB are free.", "Make room."},
                    {"clock", doctor::Severity::ok, "Clock", "It is right.", ""}};
  const auto got = house.get("/doctor");
  ASSERT_EQ(got.status, 200) << got.text;
  ASSERT_EQ(got.items().size(), 2u);
  EXPECT_EQ(got.items()[0].at("severity").as_string(), "problem");
  EXPECT_EQ(got.items()[0].at("remedy").as_string(), "Make room.");
  EXPECT_EQ(got.items()[1].at("id").as_string(), "clock");
  EXPECT_EQ(house.call("GET", "/doctor", "", pipeline::Role::developer).status, 403);
}

TEST(OpenApi, every_route_is_in_the_document) {
  for (const auto& route : routes()) {
    const auto* operation = operation_of(route);
    ASSERT_NE(operation, nullptr) << route.method << " " << route.pattern;
    EXPECT_EQ(std::string(operation->at("x-least-role").as_string()), word(route.least)) << route.pattern;
    std::set<std::string> query;
    for (auto name : route.query) query.insert(std::string(name));
    EXPECT_EQ(parameters(*operation, "query"), query) << route.method << " " << route.pattern;
    auto named = match(route.pattern, example_path(route));
    ASSERT_TRUE(named) << route.pattern;
    std::set<std::string> names;
    for (const auto& [name, value] : *named) names.insert(name);
    EXPECT_EQ(parameters(*operation, "path"), names) << route.method << " " << route.pattern;
    const bool open = operation->contains("security") && operation->at("security").as_array().empty();
    EXPECT_EQ(open, route.least == Least::nobody) << route.method << " " << route.pattern;
  }
}

TEST(OpenApi, every_operation_of_the_document_is_a_route) {
  std::set<std::string> ids;
  for (const auto& path : document().paths()) {
    for (const auto& operation : path.value().as_object()) {
      auto found = std::find_if(routes().begin(), routes().end(), [&](const Route& route) {
        return path.key() == route.pattern && operation.key() == lower(route.method);
      });
      EXPECT_NE(found, routes().end()) << operation.key() << " " << path.key();
      EXPECT_TRUE(ids.insert(std::string(operation.value().as_object().at("operationId").as_string())).second);
    }
  }
}

// Each is open for a reason: the first two are asked by supervisors that hold no token and say one word; the document
// is the same in every installation; signing in is how credentials are come by. Figures tell of the business: they are
// not. Beside the table the dashboard's pages are open, which are files that hold nothing.
const std::set<std::string> kOpen = {"GET /healthz", "GET /readyz", "GET /api/v1/openapi.json", "POST /api/v1/session"};
const std::set<std::string> kPages = {"/", "/sign-in", "/stacks/shop", "/assets/index.js", "/apis", "/no/such/page"};

TEST(OpenApi, every_route_without_credentials_answers_401_but_for_the_listed) {
  House house;
  std::set<std::string> open;
  for (const auto& route : routes()) {
    auto admission = house.handler().admit(request_for(route));
    if (!admission.answer) {
      open.insert(std::string(route.method) + " " + route.pattern);
      continue;
    }
    EXPECT_EQ(admission.answer->status, 401) << route.method << " " << route.pattern;
    auto challenge = admission.answer->headers.get("WWW-Authenticate").value_or("");
    EXPECT_EQ(challenge.starts_with("Basic realm=\"Sluice\""), is_git(route)) << challenge;
    EXPECT_EQ(admission.answer->headers.get("X-Content-Type-Options"), "nosniff");
  }
  EXPECT_EQ(open, kOpen);
}

TEST(OpenApi, beside_the_routes_only_pages_are_open_and_never_where_programs_ask) {
  House house;
  auto ask = [&](const std::string& method, const std::string& path, const std::string& host = "localhost:7420") {
    http::Request request;
    request.method = method;
    request.target = request.path = path;
    request.headers.set("Host", host);
    auto answer = house.handler().admit(request).answer;
    return answer ? std::move(*answer) : http::Response{};
  };
  for (const auto& path : kPages) {
    auto got = ask("GET", path);
    EXPECT_EQ(got.status, 200) << path;
    EXPECT_EQ(got.body, "the page at " + path);
    EXPECT_EQ(got.headers.get("Content-Security-Policy"), "the page's own");
    EXPECT_EQ(got.headers.get("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(ask("GET", path, "evil.example").status, 421) << path;
    EXPECT_EQ(ask("POST", path).status, 404) << path;
  }
  for (auto path : {"/api", "/api/", "/api/v1", "/api/v2/stacks", "/api/v1/nothing", "/git", "/git/shop", "/hooks",
                    "/hooks/shop/github", "/healthz/x", "/readyz/", "/metrics/x"}) {
    auto got = ask("GET", path);
    EXPECT_EQ(got.status, 404) << path;
    EXPECT_EQ(got.headers.get("Content-Type"), "application/problem+json") << path;
  }
}

TEST(OpenApi, a_bad_token_opens_nothing) {
  House house;
  for (const auto& route : routes()) {
    if (route.least == Least::nobody) continue;
    for (const char* credentials : {"Bearer slc_wrong", "Bearer ", "Basic !!!", "Digest x", ""}) {
      auto request = request_for(route);
      request.headers.set("Authorization", credentials);
      auto admission = house.handler().admit(request);
      ASSERT_TRUE(admission.answer) << route.pattern << " " << credentials;
      EXPECT_EQ(admission.answer->status, 401) << route.pattern << " " << credentials;
    }
  }
}

TEST(OpenApi, R8_7_each_route_lets_in_each_role_as_the_table_says) {
  House house;
  for (const auto& route : routes()) {
    if (route.least == Least::nobody) continue;
    for (auto role : {pipeline::Role::viewer, pipeline::Role::developer, pipeline::Role::admin}) {
      auto request = request_for(route);
      request.headers.set("Authorization", "Bearer " + house.token(role));
      auto admission = house.handler().admit(request);
      const bool may = static_cast<int>(role) + 1 >= static_cast<int>(route.least);
      EXPECT_EQ(!admission.answer.has_value(), may)
          << route.method << " " << route.pattern << " " << codec::enum_name(role);
      if (!may && admission.answer) {
        EXPECT_EQ(admission.answer->status, 403) << route.pattern;
      }
    }
  }
}

// What the table leaves to the rules: a developer at a stage that requires approval.
TEST(OpenApi, R8_7_at_a_gated_stage_a_developer_is_refused_what_is_the_deciders) {
  House house;
  house.make("shop", {"dev", "prod!"});
  ASSERT_EQ(house.push("shop", "1"), 1);
  ASSERT_TRUE(house.until_asks("shop", "prod", 1));
  const auto developer = pipeline::Role::developer;
  const std::vector<std::tuple<std::string, std::string, std::string>> refused = {
      {"POST", "/stacks/shop/stages/prod/approve", R"({"change":1})"},
      {"POST", "/stacks/shop/stages/prod/reject", R"({"change":1})"},
      {"POST", "/stacks/shop/stages/prod/promote", R"({"change":1})"},
      {"POST", "/stacks/shop/stages/prod/pause", ""},
      {"POST", "/stacks/shop/stages/prod/resume", ""},
      {"POST", "/stacks/shop/stages/prod/redeploy", ""},
      {"POST", "/stacks/shop/stages/prod/rollback", ""},
      {"POST", "/stacks/shop/stages/prod/retry", ""},
      {"PATCH", "/stacks/shop/stages/prod", R"({"requires_approval":false})"},
      {"PATCH", "/stacks/shop/stages/prod", R"({"instances":2})"},
      {"PATCH", "/stacks/shop/stages/prod/variables/runtime", R"({"A":"b"})"},
      {"POST", "/stacks/shop/stages", R"({"name":"eu","requires_approval":true})"},
      {"POST", "/stacks/shop/stages", R"({"name":"eu","copy_from":"prod"})"},
      {"POST", "/stacks/shop/stages/dev/variables/copy", R"({"from":"prod"})"},
      {"DELETE", "/stacks/shop/stages/dev?confirm=delete", ""},
      {"DELETE", "/stacks/shop?confirm=delete", ""},
      {"GET", "/tokens", ""},
  };
  for (const auto& [method, target, body] : refused) {
    auto got = house.call(method, target, body, developer);
    EXPECT_EQ(got.status, 403) << method << " " << target << " " << got.text;
  }
  for (const auto& [method, target, body] : refused) {
    if (method == "GET") continue;
    EXPECT_EQ(house.call(method, target, body, pipeline::Role::viewer).status, 403) << target;
  }
  EXPECT_EQ(house.call("POST", "/stacks/shop/stages", R"({"name":"test"})", developer).status, 201);
  EXPECT_EQ(house.call("PATCH", "/stacks/shop/stages/dev/variables/runtime", R"({"A":"b"})", developer).status, 200);
  EXPECT_EQ(house.call("GET", "/stacks/shop/stages/prod/approval", "", pipeline::Role::viewer).status, 200);
}

}  // namespace
}  // namespace sluice::api
