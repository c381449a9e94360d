#include "cli/cli.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "cli/context.h"
#include "cli/json.h"
#include "cli/parse.h"

namespace sluice::cli {

Exit exit_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::too_large:
      return Exit::usage;
    case ErrorKind::unauthenticated:
    case ErrorKind::forbidden:
      return Exit::not_allowed;
    case ErrorKind::unavailable:
      return Exit::unreachable;
    case ErrorKind::timed_out:
      return Exit::timed_out;
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::cancelled:
    case ErrorKind::failed:
    case ErrorKind::internal:
      return Exit::failed;
  }
  return Exit::failed;
}

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> table{
      {"login", login},
      {"logout", logout},
      {"whoami", whoami},
      {"stack create", stack_create},
      {"stack list", stack_list},
      {"stack show", stack_show},
      {"stack set", stack_set},
      {"stack delete", stack_delete},
      {"stage add", stage_add},
      {"stage list", stage_list},
      {"stage show", stage_show},
      {"stage set", stage_set},
      {"stage delete", stage_delete},
      {"key create", key_create},
      {"key list", key_list},
      {"key revoke", key_revoke},
      {"purge", purge},
      {"certificate add", certificate_add},
      {"certificate list", certificate_list},
      {"certificate renew", certificate_renew},
      {"certificate remove", certificate_remove},
      {"region add", region_add},
      {"region list", region_list},
      {"region remove", region_remove},
      {"db psql", db_psql},
      {"db backup", db_backup},
      {"db restore", db_restore},
      {"db copy", db_copy},
      {"db list", db_list},
      {"db delete", db_delete},
      {"env list", env_list},
      {"env set", env_set},
      {"env unset", env_unset},
      {"env copy", env_copy},
      {"env diff", env_diff},
      {"env history", env_history},
      {"approve", approve},
      {"reject", reject},
      {"approvals", approvals},
      {"retry", retry},
      {"redeploy", redeploy},
      {"rollback", rollback},
      {"promote", promote},
      {"pause", pause},
      {"resume", resume},
      {"cancel", cancel},
      {"status", status},
      {"changes", changes},
      {"deployments", deployments},
      {"deployment", deployment},
      {"logs", logs},
      {"wait", wait},
      {"open", open},
      {"top", top},
      {"usage", usage},
      {"prices", prices},
      {"token create", token_create},
      {"token list", token_list},
      {"token revoke", token_revoke},
      {"doctor", doctor},
      {"git-credential", git_credential},
      {"completion", completion},
  };
  return table;
}

namespace {

int complain(const std::string& sentence, Exit exit) {
  std::fflush(stdout);
  fmt::print(stderr, "sluice: {}\n", sentence);
  return static_cast<int>(exit);
}

int dispatch(const Parsed& parsed, const Hooks& hooks) {
  if (!parsed.args) {
    say(parsed.out);
    return parsed.exit == Exit::done ? 0 : complain(parsed.err, parsed.exit);
  }
  const Args& args = *parsed.args;
  if (args.command == "serve") return hooks.serve(args.serve);
  if (args.command == "down") return hooks.down(args.down);
  end_cleanly_on_interrupt();
  const auto env = process_environment();
  Context context{args, hooks, env, standard_output(env)};
  const auto done = commands().at(args.command)(context);
  if (!done) return complain(sentence_of(done.error(), args.command), exit_of(done.error().kind));
  if (std::fflush(stdout) != 0) return complain("cannot write to standard output", Exit::failed);
  return static_cast<int>(*done);
}

}  // namespace

int run(int argc, char** argv, const Hooks& hooks) {
  try {
    return dispatch(parse(std::vector<std::string>(argv + 1, argv + argc), hooks), hooks);
  } catch (const std::exception& defect) {
    return complain(fmt::format("this is a defect, please report it: {}", defect.what()), Exit::failed);
  }
}

}  // namespace sluice::cli
