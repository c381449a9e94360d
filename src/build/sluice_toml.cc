#include "build/sluice_toml.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include <toml++/toml.h>

#include "base/size.h"
#include "build/builder.h"

namespace sluice::build {
namespace {

constexpr const char* kFile = "sluice.toml";

Error at(const toml::source_region& where, const std::string& what) {
  return Error{ErrorKind::invalid, std::string(kFile) + ", line " + std::to_string(where.begin.line) + ": " + what, {}};
}

// How many single letters must change to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 160)) out += c >= 0x20 && c != 0x7f ? c : '?';
  return out;
}

std::optional<toml::table> parse(std::string_view text, Error& error) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& e) {
    error = at(e.source(), printable(e.description()) + "; it must be TOML");
    return std::nullopt;
  }
}

std::string unknown(const std::string& what, std::string_view key, const std::vector<std::string>& known) {
  const auto nearest = std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return distance(key.substr(0, 60), a) < distance(key.substr(0, 60), b);
  });
  std::string all;
  for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
  std::string out = "unknown " + what + " \"" + printable(key) + "\"";
  if (distance(key.substr(0, 60), *nearest) <= 1 + nearest->size() / 3)
    return out + "; did you mean \"" + *nearest + "\"?";
  return out + "; known are " + all;
}

const char* type_of(const toml::node& node) {
  if (node.is_string()) return "text";
  if (node.is_integer() || node.is_floating_point()) return "a number";
  if (node.is_boolean()) return "true or false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

// One key: what reads its value, and what a right one looks like.
struct Key {
  std::string name;
  std::string right;
  std::function<bool(const toml::node&)> read;
};
struct Section {
  std::string name;
  std::vector<Key> keys;
};

Key command(const std::string& name, std::optional<std::string>& into, bool may_be_empty) {
  return {name, may_be_empty ? "a shell command as text, such as \"make\"" : "a shell command as text, not empty",
          [&into, may_be_empty](const toml::node& node) {
            const auto text = node.value_exact<std::string>();
            if (!text || text->size() > 32768 || text->find('\0') != std::string::npos) return false;
            if (!may_be_empty && text->find_first_not_of(" \t\r\n") == std::string::npos) return false;
            into = *text;
            return true;
          }};
}

Key duration(const std::string& name, std::optional<Duration>& into, Duration least, Duration most) {
  return {name,
          "a time as text, from \"" + human_duration(least) + "\" to \"" + human_duration(most) +
              "\", such as \"90s\" or \"10m\"",
          [&into, least, most](const toml::node& node) {
            const auto text = node.value_exact<std::string>();
            const auto value = text ? parse_duration(*text) : std::nullopt;
            if (!value || *value < least || *value > most) return false;
            into = *value;
            return true;
          }};
}

Key size(const std::string& name, std::optional<std::int64_t>& into) {
  return {name, "a size as text, at least \"16M\", such as \"512M\" or \"2G\"", [&into](const toml::node& node) {
            const auto text = node.value_exact<std::string>();
            const auto value = text ? parse_size(*text) : std::nullopt;
            if (!value || *value < (16 << 20)) return false;
            into = *value;
            return true;
          }};
}

std::vector<Section> sections(SluiceToml& out) {
  using namespace std::chrono_literals;
  const auto path = [&out](const toml::node& node) {
    const auto text = node.value_exact<std::string>();
    if (!text || !text->starts_with("/") || text->size() > 2048) return false;
    if (std::any_of(text->begin(), text->end(), [](char c) { return c <= ' ' || c >= 0x7f || c == '#'; })) return false;
    out.health_path = *text;
    return true;
  };
  const auto cpus = [&out](const toml::node& node) {
    const auto number = node.is_number() ? node.value<double>() : std::nullopt;
    if (!number || !(*number >= 0.01 && *number <= 1024)) return false;
    out.cpus = *number;
    return true;
  };
  const auto files = [&out](const toml::node& node) {
    const auto number = node.value_exact<std::int64_t>();
    if (!number || *number < 1 || *number > 100'000'000) return false;
    out.artifact_files = *number;
    return true;
  };
  return {
      {"build", {command("command", out.build, true)}},
      {"run", {command("command", out.run, false)}},
      {"release", {command("command", out.release, true)}},
      {"verify", {command("command", out.verify, true)}},
      {"health",
       {{"path", "a path such as \"/healthz\", in plain ASCII without spaces", path},
        duration("timeout", out.health_timeout, 1s, kLongestHealthTimeout),
        duration("interval", out.health_interval, 100ms, 10min)}},
      {"limits",
       {size("memory", out.memory),
        {"cpus", "a number from 0.01 to 1024, such as 0.5 or 2", cpus},
        size("build_memory", out.build_memory),
        duration("build_timeout", out.build_timeout, 1s, kLongestTimeout),
        duration("release_timeout", out.release_timeout, 1s, kLongestTimeout),
        duration("verify_timeout", out.verify_timeout, 1s, kLongestTimeout),
        size("artifact_size", out.artifact_size),
        {"artifact_files", "a whole number from 1 to 100000000", files}}},
  };
}

template <class Named>
std::vector<std::string> names(const std::vector<Named>& all) {
  std::vector<std::string> out;
  for (const auto& one : all) out.push_back(one.name);
  return out;
}

template <class Named>
const Named* find(const std::vector<Named>& all, std::string_view name) {
  const auto it = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return it == all.end() ? nullptr : &*it;
}

}  // namespace

Result<SluiceToml> parse_sluice_toml(std::string_view text) {
  Error error;
  const auto parsed = parse(text, error);
  if (!parsed) return fail(error);
  SluiceToml out;
  const std::vector<Section> known = sections(out);
  for (const auto& [name, node] : *parsed) {
    const Section* section = find(known, name.str());
    if (!section) return fail(at(name.source(), unknown("section", name.str(), names(known))));
    const toml::table* table = node.as_table();
    if (!table) {
      return fail(at(name.source(), "\"" + section->name + "\" must be a section, written [" + section->name + "]"));
    }
    for (const auto& [key_name, value] : *table) {
      const Key* key = find(section->keys, key_name.str());
      if (!key) {
        return fail(
            at(key_name.source(), unknown("key in [" + section->name + "]", key_name.str(), names(section->keys))));
      }
      if (!key->read(value)) {
        return fail(at(key_name.source(),
                       section->name + "." + key->name + " must be " + key->right + " (it is " + type_of(value) + ")"));
      }
    }
  }
  return out;
}

std::optional<std::string> cargo_program(std::string_view cargo_toml) {
  Error error;
  const auto parsed = parse(cargo_toml, error);
  if (!parsed) return std::nullopt;
  if (const auto name = (*parsed)["bin"][0]["name"].value<std::string>()) return name;
  return (*parsed)["package"]["name"].value<std::string>();
}

bool is_python_package(std::string_view pyproject_toml) {
  Error error;
  const auto parsed = parse(pyproject_toml, error);
  if (!parsed) return true;  // pip says better what is wrong with it
  return parsed->contains("project") || parsed->contains("build-system") || !!(*parsed)["tool"]["poetry"];
}

}  // namespace sluice::build
