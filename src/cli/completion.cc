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

// The branch of a `case` on the whole name: what the command takes, in words that both shells read.
std::string facts(const std::vector<CommandShape>& shapes,
                  const std::map<std::string, std::vector<CommandShape>>& groups) {
  std::string out;
  for (const auto& shape : shapes) {
    if (groups.contains(shape.name)) continue;
    std::string takes;
    for (const auto& [option, kind] : shape.takes) takes += fmt::format(" {}:{}", option, kind);
    out += fmt::format("    '{}') options='{}' takes='{} ' places='{}' ;;\n", shape.name, fmt::join(shape.options, " "),
                       takes, fmt::join(shape.places, " "));
  }
  return out;
}

// What the server knows; the first line of each list is its head.
constexpr const char* kStacks = "sluice stack list 2>/dev/null | awk 'NR > 1 { print $1 }'";
constexpr const char* kStages = "sluice stage list \"$stack\" 2>/dev/null | awk 'NR > 1 { print $1 }'";
constexpr const char* kDeployments =
    "sluice deployments \"$stack\" ${stage:+\"$stage\"} 2>/dev/null | awk 'NR > 1 { print $1 }'";

}  // namespace

std::string bash_completion(const std::vector<CommandShape>& shapes) {
  const auto groups = by_group(shapes);
  std::string out =
      "# bash completion for sluice; written by `sluice completion bash`\n"
      "_sluice() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
      "  local options='' takes=' ' places='' args=1 kind='' stack='' stage='' found='' i\n"
      "  COMPREPLY=()\n"
      "  if [[ $COMP_CWORD -eq 1 ]]; then\n";
  out += fmt::format("    COMPREPLY=($(compgen -W '{} --help --version' -- \"$word\"))\n    return\n  fi\n",
                     names(groups.at("")));
  out += "  case $command in\n";
  for (const auto& [group, members] : groups) {
    if (group.empty()) continue;
    out += fmt::format(
        "    {}) if [[ $COMP_CWORD -eq 2 ]]; then COMPREPLY=($(compgen -W '{} --help' -- \"$word\")); return; fi\n"
        "      command=\"$command ${{COMP_WORDS[2]}}\"; args=2 ;;\n",
        group, names(members));
  }
  out += "  esac\n  case $command in\n" + facts(shapes, groups);
  out +=
      "  esac\n"
      "  set -- $places\n"
      "  for ((i = args + 1; i < COMP_CWORD; i++)); do\n"
      "    if [[ ${COMP_WORDS[i]} == -* ]]; then\n"
      "      [[ $takes == *\" ${COMP_WORDS[i]}:\"* ]] && ((i++))\n"
      "    else\n"
      "      [[ $1 == stack ]] && stack=${COMP_WORDS[i]}\n"
      "      [[ $1 == stage ]] && stage=${COMP_WORDS[i]}\n"
      "      [[ $# -gt 0 ]] && shift\n"
      "    fi\n"
      "  done\n"
      "  if ((i > COMP_CWORD)); then\n"
      "    kind=${takes#*\" ${COMP_WORDS[COMP_CWORD - 1]}:\"}\n"
      "    kind=${kind%% *}\n"
      "  elif [[ $word == -* ]]; then\n"
      "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
      "    return\n"
      "  else\n"
      "    kind=$1\n"
      "  fi\n"
      "  case $kind in\n"
      "    '' | none) return ;;\n"
      "    file)\n"
      "      compopt -o filenames 2>/dev/null\n"
      "      COMPREPLY=($(compgen -f -- \"$word\"))\n"
      "      return ;;\n";
  out += fmt::format("    stack) found=$({}) ;;\n    stage) found=$({}) ;;\n    deployment) found=$({}) ;;\n", kStacks,
                     kStages, kDeployments);
  out +=
      "    *) found=${kind//,/ } ;;\n"
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$found\" -- \"$word\"))\n"
      "}\n"
      "complete -F _sluice sluice\n";
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
      out += fmt::format("      '{}:{}'\n", shape.name, text);
    }
    return out;
  };
  std::string out =
      "#compdef sluice\n"
      "# zsh completion for sluice; written by `sluice completion zsh`\n"
      "_sluice() {\n"
      "  local -a here left\n"
      "  local command=${words[2]} options='' takes=' ' places='' args=2 kind='' stack='' stage='' i\n";
  out += fmt::format(
      "  if (( CURRENT == 2 )); then\n"
      "    if [[ $command == -* ]]; then compadd -- --help --version; return; fi\n"
      "    here=(\n{}    )\n    _describe command here\n    return\n  fi\n",
      described(groups.at("")));
  out += "  case $command in\n";
  for (const auto& [group, members] : groups) {
    if (group.empty()) continue;
    out += fmt::format(
        "  {})\n    if (( CURRENT == 3 )); then\n      here=(\n{}      )\n      _describe command here\n      return\n"
        "    fi\n    command=\"$command ${{words[3]}}\"; args=3 ;;\n",
        group, described(members));
  }
  out += "  esac\n  case $command in\n" + facts(shapes, groups);
  out +=
      "  esac\n"
      "  left=(${=places})\n"
      "  for (( i = args + 1; i < CURRENT; i++ )); do\n"
      "    if [[ ${words[i]} == -* ]]; then\n"
      "      [[ $takes == *\" ${words[i]}:\"* ]] && (( i++ ))\n"
      "    else\n"
      "      [[ $left[1] == stack ]] && stack=${words[i]}\n"
      "      [[ $left[1] == stage ]] && stage=${words[i]}\n"
      "      (( $#left )) && shift left\n"
      "    fi\n"
      "  done\n"
      "  if (( i > CURRENT )); then\n"
      "    kind=${takes#*\" ${words[CURRENT - 1]}:\"}\n"
      "    kind=${kind%% *}\n"
      "  elif [[ ${words[CURRENT]} == -* ]]; then\n"
      "    compadd -- ${=options}\n"
      "    return\n"
      "  else\n"
      "    kind=$left[1]\n"
      "  fi\n"
      "  case $kind in\n"
      "  '' | none) return 1 ;;\n"
      "  file) _files ;;\n";
  out += fmt::format(
      "  stack) compadd -- ${{(f)\"$({})\"}} ;;\n  stage) compadd -- ${{(f)\"$({})\"}} ;;\n"
      "  deployment) compadd -- ${{(f)\"$({})\"}} ;;\n",
      kStacks, kStages, kDeployments);
  out +=
      "  *) compadd -- ${(s:,:)kind} ;;\n"
      "  esac\n"
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
