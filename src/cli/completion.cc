#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "cli/context.h"

namespace sluice::cli {
namespace {

// What follows each command: subcommands by group ("" is sluice itself).
std::map<std::string, std::vector<CommandShape>> by_group(const std::vector<CommandShape>& shapes) {
  std::map<std::string, std::vector<CommandShape>> out;
  for (const auto& shape : shapes) {
    const auto space = shape.name.find(' ');
    const std::string group = space == std::string::npos ? "" : shape.name.substr(0, space);
    CommandShape last = shape;
    last.name = space == std::string::npos ? shape.name : shape.name.substr(space + 1);
    out[group].push_back(std::move(last));
  }
  return out;
}

std::string names(const std::vector<CommandShape>& shapes) {
  std::string out;
  for (const auto& shape : shapes) out += (out.empty() ? "" : " ") + shape.name;
  return out;
}

}  // namespace

std::string bash_completion(const std::vector<CommandShape>& shapes) {
  const auto groups = by_group(shapes);
  std::string out =
      "# bash completion for sluice; written by `sluice completion bash`\n"
      "_sluice() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words='' args i\n"
      "  COMPREPLY=()\n"
      "  if [[ $COMP_CWORD -eq 1 ]]; then\n";
  out += fmt::format("    COMPREPLY=($(compgen -W '{} --help --version' -- \"$word\"))\n    return\n  fi\n",
                     names(groups.at("")));
  out += "  args=1\n  case $command in\n";
  for (const auto& [group, members] : groups) {
    if (group.empty()) continue;
    out += fmt::format(
        "    {}) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W '{} --help' -- \"$word\")); return; fi\n"
        "      command=\"$command ${{COMP_WORDS[2]}}\"; args=2 ;;\n",
        group, names(members));
  }
  out += "  esac\n  case $command in\n";
  for (const auto& shape : shapes) {
    if (groups.contains(shape.name)) continue;
    out += fmt::format("    '{}') words='{}' ;;\n", shape.name, fmt::join(shape.options, " "));
  }
  out +=
      "  esac\n"
      "  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); return; fi\n"
      "  local place=0\n"
      "  for ((i = args + 1; i < COMP_CWORD; i++)); do [[ ${COMP_WORDS[i]} == -* ]] || place=$((place + 1)); done\n"
      "  case $command in login|token*|completion|serve|down|deployment|git-credential|'stack create') return ;; esac\n"
      "  if [[ $place -eq 0 ]]; then\n"
      "    words=$(sluice stack list 2>/dev/null | awk 'NR > 1 { print $1 }')\n"
      "  elif [[ $place -eq 1 ]]; then\n"
      "    words=$(sluice stage list \"${COMP_WORDS[args + 1]}\" 2>/dev/null | awk 'NR > 1 { print $1 }')\n"
      "  else\n"
      "    return\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -o default -F _sluice sluice\n";
  return out;
}

std::string zsh_completion(const std::vector<CommandShape>& shapes) {
  const auto groups = by_group(shapes);
  const auto described = [](const std::vector<CommandShape>& members) {
    std::string out;
    for (const auto& shape : members) {
      std::string text;
      for (const char c : shape.description)
        text += c == '\'' ? std::string("'\\''") : c == ':' ? std::string("\\:") : std::string(1, c);
      out += fmt::format("    '{}:{}'\n", shape.name, text);
    }
    return out;
  };
  std::string out =
      "#compdef sluice\n"
      "# zsh completion for sluice; written by `sluice completion zsh`\n"
      "_sluice() {\n"
      "  local -a words_here\n"
      "  local command=${words[2]} args=2 place=0 i\n";
  out += fmt::format(
      "  if (( CURRENT == 2 )); then\n    words_here=(\n{}    )\n    _describe command words_here\n    return\n  fi\n",
      described(groups.at("")));
  out += "  case $command in\n";
  for (const auto& [group, members] : groups) {
    if (group.empty()) continue;
    out += fmt::format(
        "  {})\n    if (( CURRENT == 3 )); then\n    words_here=(\n{}    )\n    _describe command words_here\n    "
        "return\n    fi\n"
        "    command=\"$command ${{words[3]}}\"; args=3 ;;\n",
        group, described(members));
  }
  out += "  esac\n  case $command in\n";
  for (const auto& shape : shapes) {
    if (groups.contains(shape.name)) continue;
    out += fmt::format("  '{}') words_here=({}) ;;\n", shape.name, fmt::join(shape.options, " "));
  }
  out +=
      "  esac\n"
      "  if [[ ${words[CURRENT]} == -* ]]; then compadd -- $words_here; return; fi\n"
      "  for ((i = args + 1; i < CURRENT; i++)); do [[ ${words[i]} == -* ]] || (( place++ )); done\n"
      "  case $command in login|token*|completion|serve|down|deployment|git-credential|'stack create') _files; return "
      ";; esac\n"
      "  if (( place == 0 )); then\n"
      "    compadd -- ${(f)\"$(sluice stack list 2>/dev/null | awk 'NR > 1 { print $1 }')\"}\n"
      "  elif (( place == 1 )); then\n"
      "    compadd -- ${(f)\"$(sluice stage list ${words[args + 1]} 2>/dev/null | awk 'NR > 1 { print $1 }')\"}\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}\n"
      "_sluice \"$@\"\n";
  return out;
}

Result<Exit> completion(Context& context) {
  const auto shapes = command_shapes(context.hooks);
  say(context.args.name == "zsh" ? zsh_completion(shapes) : bash_completion(shapes));
  return Exit::done;
}

}  // namespace sluice::cli
