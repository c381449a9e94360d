#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/ids.h"

namespace sluice::cli {
namespace {

// The tree of commands. CLI11 is included here and nowhere else: it is heavy.
class Grammar {
 public:
  explicit Grammar(const Hooks& hooks)
      : app_("Takes a git push through ordered stages, each a running app.", "sluice") {
    app_.require_subcommand(1);
    app_.set_help_flag("-h,--help", "Show this help");
    if (!hooks.version.empty()) app_.set_version_flag("--version", "sluice " + hooks.version);
    app_.footer(
        "Start:    sluice serve\n"
        "Sign in:  sluice login http://127.0.0.1:7420\n"
        "Look:     sluice status\n"
        "Every command has --help with an example. Exit status: 0 done, 1 refused or failed,\n"
        "2 wrong usage, 3 server out of reach, 4 not allowed, 5 timed out.");
    if (hooks.serve) add_serve();
    if (hooks.down) add_down();
    add_account();
    add_stack();
    add_stage();
    add_env();
    add_decisions();
    add_flow();
    add_looking();
    add_token(hooks);
    add_shell();
  }

  CLI::App& app() { return app_; }
  Args& args() { return args_; }

 private:
  CLI::App* group(const std::string& name, const std::string& description) {
    CLI::App* out = app_.add_subcommand(name, description);
    out->require_subcommand(1);
    out->set_help_flag("-h,--help", "Show this help");
    return out;
  }
  CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& description, const std::string& example,
                 bool json = true) {
    CLI::App* out = parent->add_subcommand(name, description);
    out->set_help_flag("-h,--help", "Show this help");
    out->footer("Example:\n  " + example);
    const std::string whole = parent == &app_ ? name : parent->get_name() + " " + name;
    out->callback([this, whole] { args_.command = whole; });
    if (json) out->add_flag("--json", args_.json, "Print the API's answer as JSON");
    return out;
  }
  CLI::App* leaf(const std::string& name, const std::string& description, const std::string& example,
                 bool json = true) {
    return leaf(&app_, name, description, example, json);
  }
  void stack_of(CLI::App* app) { app->add_option("STACK", args_.stack, "Name of the stack")->required(); }
  void stack_and_stage(CLI::App* app) {
    stack_of(app);
    app->add_option("STAGE", args_.stage, "Name of the stage")->required();
  }

  void add_serve() {
    auto* serve = leaf("serve", "Run the server in the foreground", "sluice serve --data ~/sluice-data", false);
    serve->add_option("--data", data_, "Folder for all it keeps")->type_name("DIR");
    listen_ =
        serve->add_option("--listen", args_.serve.listen, "Where the API and dashboard answer; port 0: any free one")
            ->type_name("ADDRESS:PORT")
            ->capture_default_str()
            ->check(address());
    gateway_ = serve->add_option("--gateway", args_.serve.gateway, "Where the apps answer; port 0: any free one")
                   ->type_name("ADDRESS:PORT")
                   ->capture_default_str()
                   ->check(address());
    serve->add_option("--builds", args_.serve.builds, "Builds at once, 1 to 64")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 64));
  }
  void add_down() {
    auto* down = leaf("down", "Stop the server and what outlives it: apps and gateway",
                      "sluice down --data ~/sluice-data", false);
    down->add_option("--data", data_, "Folder that the server was given")->type_name("DIR");
  }

  void add_account() {
    auto* login = leaf("login", "Keep a server's address and a token for the other commands",
                       "sluice login http://127.0.0.1:7420\n"
                       "  sluice login https://sluice.example.org --token @token.txt",
                       false);
    login->add_option("URL", args_.name, "Address of the server")->required();
    login->add_option("--token", args_.token, "Token or sign-in code: - reads standard input, @FILE a file")
        ->type_name("-|@FILE");
    leaf("logout", "Forget the kept address and token", "sluice logout", false);
    leaf("whoami", "Show which server this is and who you are there", "sluice whoami");
  }

  void add_stack() {
    auto* stack = group("stack", "Make, show, change and delete stacks");
    auto* create = leaf(stack, "create", "Make a stack: a repository and its first stage", "sluice stack create shop");
    create->add_option("NAME", args_.name, "Lower-case letters, digits and -, at most 32")->required();
    create->add_option("--repo", args_.repo, "Repository elsewhere; left out, Sluice serves one")->type_name("URL");
    create->add_option("--branch", args_.branch, "The branch whose check-ins count (main)")->type_name("BRANCH");
    create->add_option("--stage", args_.first_stage, "Name of the first stage (dev)")->type_name("STAGE");
    create->add_option("--repo-token", args_.repo_token, "Token for that repository: - or @FILE")->type_name("-|@FILE");
    create->add_option("--deploy-key", args_.deploy_key, "Private key for that repository: - or @FILE")
        ->type_name("-|@FILE");
    leaf(stack, "list", "List the stacks", "sluice stack list");
    auto* show = leaf(stack, "show", "Show one stack", "sluice stack show shop");
    show->add_option("NAME", args_.name, "Name of the stack")->required();
    auto* set =
        leaf(stack, "set", "Change where a stack's check-ins come from", "sluice stack set shop --branch release");
    set->add_option("NAME", args_.name, "Name of the stack")->required();
    set->add_option("--branch", args_.branch, "The branch whose check-ins count")->type_name("BRANCH");
    set->add_option("--repo", args_.repo, "Repository elsewhere")->type_name("URL");
    auto* del = leaf(stack, "delete", "Delete a stack, its stages and its hosted repository",
                     "sluice stack delete shop --confirm delete");
    del->add_option("NAME", args_.name, "Name of the stack")->required();
    del->add_option("--confirm", args_.confirm, "The word delete, typed out")->type_name("delete");
  }

  void stage_settings(CLI::App* app) {
    app->add_flag_callback(
        "--approval", [this] { args_.approval = true; }, "A person approves each change before it enters");
    app->add_flag_callback(
        "--no-approval", [this] { args_.approval = false; }, "Changes enter by themselves");
    app->add_option("--instances", args_.instances, "How many run at once; 0: none")->type_name("N");
    app->add_option("--database", args_.database, "none, new, or @FILE holding the URL of one that exists")
        ->type_name("none|new|@FILE");
    app->add_option("--endpoint", args_.endpoint, "How requests reach it")
        ->type_name("api_gateway|load_balancer")
        ->check(one_of({"api_gateway", "load_balancer"}));
    app->add_flag_callback(
        "--caching", [this] { args_.caching = true; }, "The gateway keeps answers");
    app->add_flag_callback(
        "--no-caching", [this] { args_.caching = false; }, "The gateway keeps none");
    app->add_option("--access", args_.access, "Who may open it")
        ->type_name("public|private")
        ->check(one_of({"public", "private"}));
  }
  void add_stage() {
    auto* stage = group("stage", "Add, show, change and delete stages");
    auto* add =
        leaf(stage, "add", "Add a stage; it deploys at once what the stage before it runs",
             "sluice stage add shop prod --approval\n  sluice stage add shop test --before prod --copy-from dev");
    stack_and_stage(add);
    auto* before = add->add_option("--before", args_.before, "Put it before this stage")->type_name("STAGE");
    add->add_option("--after", args_.after, "Put it after this stage; neither: at the end")
        ->type_name("STAGE")
        ->excludes(before);
    stage_settings(add);
    add->add_option("--region", args_.region, "Where it runs (local)")->type_name("REGION");
    add->add_option("--copy-from", args_.copy_from, "Copy build and runtime variables from this stage")
        ->type_name("STAGE");
    auto* list = leaf(stage, "list", "List a stack's stages in order", "sluice stage list shop");
    stack_of(list);
    auto* show = leaf(stage, "show", "Show one stage", "sluice stage show shop prod");
    stack_and_stage(show);
    auto* set =
        leaf(stage, "set", "Change a stage's settings", "sluice stage set shop prod --instances 3 --no-approval");
    stack_and_stage(set);
    stage_settings(set);
    auto* del =
        leaf(stage, "delete", "Delete a stage and what runs there", "sluice stage delete shop test --confirm delete");
    stack_and_stage(del);
    del->add_option("--confirm", args_.confirm, "The word delete, typed out")->type_name("delete");
    del->add_flag("--force", args_.force, "End it even where its region cannot be reached");
  }

  void kind_of_variables(CLI::App* app) {
    auto* build = app->add_flag("--build", args_.build, "Build variables");
    app->add_flag("--runtime", args_.runtime, "Runtime variables (when neither is said)")->excludes(build);
  }
  void add_env() {
    auto* env = group("env", "Variables of a stage");
    auto* list =
        leaf(env, "list", "List variables; a secret's value is never shown", "sluice env list shop prod --build");
    stack_and_stage(list);
    kind_of_variables(list);
    auto* set = leaf(env, "set", "Set variables, all in one save",
                     "sluice env set shop prod GREETING=hello\n"
                     "  sluice env set shop prod --secret API_KEY=-          (value from standard input)\n"
                     "  sluice env set shop prod --secret API_KEY=@key.txt\n"
                     "  sluice env set shop dev --from-file .env");
    stack_and_stage(set);
    set->add_option("PAIRS", args_.pairs, "K=V, K=- (standard input) or K=@FILE")->type_name("K=V");
    kind_of_variables(set);
    set->add_flag("--secret", args_.secret, "Written, never read back");
    set->add_option("--from-file", args_.from_file, "Lines of K=V")->type_name("FILE");
    auto* unset = leaf(env, "unset", "Remove variables", "sluice env unset shop prod GREETING");
    stack_and_stage(unset);
    unset->add_option("NAMES", args_.pairs, "Names of the variables")->required()->type_name("NAME");
    kind_of_variables(unset);
    auto* copy =
        leaf(env, "copy", "Copy variables from one stage over those of another", "sluice env copy shop dev test");
    stack_of(copy);
    copy->add_option("FROM", args_.first, "Stage to read")->required();
    copy->add_option("TO", args_.second, "Stage to write")->required();
    kind_of_variables(copy);
    auto* diff =
        leaf(env, "diff", "What differs between the variables of two stages", "sluice env diff shop dev prod", false);
    stack_of(diff);
    diff->add_option("A", args_.first, "One stage")->required();
    diff->add_option("B", args_.second, "The other")->required();
    kind_of_variables(diff);
  }

  void decision(CLI::App* app) {
    stack_and_stage(app);
    app->add_option("--change", args_.change, "The change it is about; left out: the one pending")->type_name("N");
    app->add_option("-m,--message", args_.comment, "A word about why; kept for ever")->type_name("TEXT");
  }
  void add_decisions() {
    decision(leaf("approve", "Show what will ship and deploy it", "sluice approve shop prod -m 'looks right'"));
    decision(leaf("reject", "End a pending change at this stage", "sluice reject shop prod -m 'prices are wrong'"));
    leaf("approvals", "List what waits for a decision", "sluice approvals");
  }

  void add_flow() {
    auto* retry = leaf("retry", "Repeat the newest failed or cancelled deployment", "sluice retry shop dev");
    stack_and_stage(retry);
    retry->add_option("--deployment", args_.deployment, "This one instead of the newest")->type_name("ID");
    auto* redeploy =
        leaf("redeploy", "Run what is current again with the settings of now", "sluice redeploy shop prod");
    stack_and_stage(redeploy);
    redeploy->add_flag("--rebuild", args_.rebuild, "Build anew, whatever is kept");
    auto* rollback = leaf("rollback", "Run again what an earlier deployment here ran",
                          "sluice rollback shop prod --pause\n  sluice rollback shop prod --to 6 --settings then");
    stack_and_stage(rollback);
    rollback->add_option("--to", args_.to, "A deployment or a change; left out: the success before this")
        ->type_name("ID|N");
    rollback->add_option("--settings", args_.settings, "then: also its settings of then")
        ->type_name("then|now")
        ->check(one_of({"then", "now"}));
    rollback->add_flag("--pause", args_.pause, "Close the gate in the same breath");
    auto* promote = leaf("promote", "Bring a change that succeeded before this stage past its gate",
                         "sluice promote shop prod --change 7");
    stack_and_stage(promote);
    promote->add_option("--change", args_.change, "Which change")->required()->type_name("N");
    stack_and_stage(leaf("pause", "Let nothing new start here by flow", "sluice pause shop prod"));
    stack_and_stage(leaf("resume", "Open the gate again and let in what it held", "sluice resume shop prod"));
    auto* cancel = leaf("cancel", "Stop a deployment that runs or waits",
                        "sluice cancel shop dev\n  sluice cancel dep_ab12cd34x7");
    cancel->add_option("DEPLOYMENT", args_.first, "Its id, or a stack's name followed by a stage's")
        ->required()
        ->type_name("DEPLOYMENT | STACK STAGE");
    cancel->add_option("STAGE", args_.stage, "Name of the stage, after a stack's");
  }

  void paged(CLI::App* app) {
    app->add_option("--limit", args_.limit, "At most this many")
        ->type_name("N")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
  }
  void add_looking() {
    auto* status = leaf("status", "The pipeline, one line a stage", "sluice status shop --watch");
    status->add_option("STACK", args_.stack, "Only this stack");
    status->add_flag("-w,--watch", args_.watch, "Stay, and draw again when something changes");
    auto* changes = leaf("changes", "A stack's check-ins and where they are", "sluice changes shop");
    stack_of(changes);
    changes->add_option("--commit", args_.commit, "Only this commit")->type_name("SHA");
    paged(changes);
    auto* deployments = leaf("deployments", "What was deployed, newest first", "sluice deployments shop prod");
    stack_of(deployments);
    deployments->add_option("STAGE", args_.stage, "Only this stage");
    paged(deployments);
    auto* deployment = leaf("deployment", "One deployment, step by step", "sluice deployment dep_ab12cd34x7");
    deployment->add_option("ID", args_.first, "Its id")->required();

    auto* logs = leaf("logs", "Logs of a stage; the app's own when nothing else is said",
                      "sluice logs shop prod -f\n  sluice logs shop dev --build", false);
    stack_and_stage(logs);
    auto* build = logs->add_flag("--build", args_.build, "Of the newest deployment's build");
    auto* release = logs->add_flag("--release", args_.release, "Of its release command")->excludes(build);
    auto* runtime = logs->add_flag("--runtime", args_.runtime, "Of the app")->excludes(build)->excludes(release);
    logs->add_flag("--access", args_.access_log, "Of requests")->excludes(build)->excludes(release)->excludes(runtime);
    logs->add_flag("-f,--follow", args_.follow, "Stay, and print what comes");
    logs->add_option("--deployment", args_.deployment, "Build or release log of this deployment")->type_name("ID");
    logs->add_option("--since", args_.since, "Not older than this (1h); runtime and access")->type_name("AGE");

    auto* wait = leaf("wait", "Wait until a change has come through, for scripts",
                      "sluice wait shop prod --commit $(git rev-parse HEAD) --timeout 5m");
    stack_of(wait);
    wait->add_option("STAGE", args_.stage, "Where; left out: the last stage (end and approval: any)");
    auto* change = wait->add_option("--change", args_.change, "Which change; left out: the newest")->type_name("N");
    wait->add_option("--commit", args_.commit, "Or the change of this commit")->type_name("SHA")->excludes(change);
    wait->add_option("--for", args_.wait_for, "success: it serves; end: it came to rest; approval: it asks")
        ->type_name("success|end|approval")
        ->capture_default_str()
        ->check(one_of({"success", "end", "approval"}));
    wait->add_option("--timeout", args_.timeout, "Give up after this, with exit status 5")
        ->type_name("TIME")
        ->capture_default_str();

    auto* open = leaf("open", "Print a stage's address; on a desktop, open it", "sluice open shop prod");
    stack_of(open);
    open->add_option("STAGE", args_.stage, "Left out: the last stage that serves");
  }

  void add_token(const Hooks& hooks) {
    auto* token = group("token", "Make, list and revoke tokens");
    auto* create = leaf(token, "create", "Make a token and print it, this once",
                        "sluice token create ci --role developer --expires 90d\n"
                        "  sluice token create me --role admin --data /var/lib/sluice");
    create->add_option("NAME", args_.name, "What it is for")->required();
    create->add_option("--role", args_.role, "What it may do (developer)")
        ->type_name("viewer|developer|admin")
        ->check(one_of({"viewer", "developer", "admin"}));
    create->add_option("--expires", args_.expires, "After this it is void (never)")->type_name("TIME");
    if (hooks.create_token)
      create->add_option("--data", args_.data, "On the server's own machine: its folder; needs no signing in")
          ->type_name("DIR");
    leaf(token, "list", "List the tokens, never their text", "sluice token list");
    auto* revoke = leaf(token, "revoke", "Make a token void at once", "sluice token revoke ci");
    revoke->add_option("NAME", args_.name, "Its name or id")->required()->type_name("NAME|ID");
  }

  void add_shell() {
    auto* credential =
        leaf("git-credential", "Hand the kept token to git, as its credential helper",
             "git config --global credential.http://127.0.0.1:7420.helper '!sluice git-credential'", false);
    credential->add_option("OPERATION", args_.first, "get, store or erase, as git says")->required();
    auto* completion =
        leaf("completion", "Print a shell's completion script", "source <(sluice completion bash)", false);
    completion->add_option("SHELL", args_.name, "bash or zsh")
        ->required()
        ->type_name("bash|zsh")
        ->check(one_of({"bash", "zsh"}));
  }

  static CLI::Validator one_of(std::vector<std::string> words) {
    return CLI::Validator(
        [words](std::string& text) -> std::string {
          if (std::find(words.begin(), words.end(), text) != words.end()) return {};
          auto guess = nearest(text, words);
          return fmt::format("\"{}\" is not one of {}{}", text, fmt::join(words, ", "),
                             guess ? fmt::format("; did you mean {}?", *guess) : "");
        },
        "");
  }
  static CLI::Validator address() {
    return CLI::Validator(
        [](std::string& text) -> std::string {
          const auto colon = text.rfind(':');
          const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
          const bool digits =
              !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
          if (colon == 0 || !digits || std::stoi(port) > 65535)
            return fmt::format("\"{}\" is not ADDRESS:PORT, such as 127.0.0.1:7420", text);
          return {};
        },
        "");
  }

  CLI::App app_;
  Args args_;

 public:
  std::string data_;
  CLI::Option* listen_ = nullptr;
  CLI::Option* gateway_ = nullptr;
};

std::vector<CLI::App*> children(CLI::App& app) {
  return app.get_subcommands([](CLI::App*) { return true; });
}
std::vector<std::string> names_of(CLI::App& app) {
  std::vector<std::string> out;
  for (auto* child : children(app)) out.push_back(child->get_name());
  return out;
}
std::vector<std::string> options_of(CLI::App& app) {
  std::vector<std::string> out;
  for (auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) out.push_back("--" + name);
  return out;
}
std::string whole_name(const CLI::App* app) {
  if (app->get_parent() == nullptr) return app->get_name();
  return whole_name(app->get_parent()) + " " + app->get_name();
}

// The command that the words name, as far as they do, and the word that named none.
struct Walk {
  CLI::App* at;
  std::optional<std::string> unknown;
};
Walk walk(CLI::App& root, const std::vector<std::string>& words) {
  Walk out{&root, {}};
  for (const auto& word : words) {
    auto below = children(*out.at);
    if (below.empty() || word.starts_with("-")) break;
    auto found = std::find_if(below.begin(), below.end(), [&](auto* app) { return app->get_name() == word; });
    if (found == below.end()) {
      out.unknown = word;
      break;
    }
    out.at = *found;
  }
  return out;
}

Parsed usage(std::string sentence, CLI::App* at) {
  Parsed out;
  out.err = fmt::format("{}; see {} --help.", sentence, whole_name(at));
  out.exit = Exit::usage;
  return out;
}

std::string lower_first(std::string text) {
  if (text.size() > 1 && std::isupper(static_cast<unsigned char>(text[0])) &&
      std::islower(static_cast<unsigned char>(text[1])))
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  return text;
}

Parsed refusal(const CLI::ParseError& error, CLI::App* at, const std::vector<std::string>& words) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto known = options_of(*at);
    for (const auto& word : words) {
      if (!word.starts_with("--") || word == "--") continue;
      const std::string name = word.substr(0, word.find('='));
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      auto guess = nearest(name, known);
      return usage(fmt::format("{} is not an option of {}{}", name, whole_name(at),
                               guess ? fmt::format("; did you mean {}?", *guess) : ""),
                   at);
    }
  }
  return usage(lower_first(error.what()), at);
}

}  // namespace

Parsed parse(const std::vector<std::string>& words, const Hooks& hooks) {
  Grammar grammar(hooks);
  const Walk to = walk(grammar.app(), words);
  if (to.unknown) {
    auto guess = nearest(*to.unknown, names_of(*to.at));
    return usage(fmt::format("\"{}\" is not a command of {}{}", *to.unknown, whole_name(to.at),
                             guess ? fmt::format("; did you mean {} {}?", whole_name(to.at), *guess) : ""),
                 to.at);
  }
  Parsed out;
  try {
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    grammar.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    out.out = grammar.app().help();
    return out;
  } catch (const CLI::CallForVersion&) {
    out.out = "sluice " + hooks.version + "\n";
    return out;
  } catch (const CLI::RequiredError& error) {
    if (!children(*to.at).empty())
      return usage(fmt::format("{} needs a command: {}", whole_name(to.at), fmt::join(names_of(*to.at), ", ")), to.at);
    return refusal(error, to.at, words);
  } catch (const CLI::ParseError& error) {
    return refusal(error, to.at, words);
  }
  out.args = grammar.args();
  out.args->serve.data = out.args->down.data =
      grammar.data_.empty() ? default_data_dir() : std::filesystem::path(grammar.data_);
  out.args->serve.listen_given = grammar.listen_ != nullptr && grammar.listen_->count() > 0;
  out.args->serve.gateway_given = grammar.gateway_ != nullptr && grammar.gateway_->count() > 0;
  return out;
}

std::vector<CommandShape> command_shapes(const Hooks& hooks) {
  Grammar grammar(hooks);
  std::vector<CommandShape> out;
  const auto visit = [&out](const auto& self, CLI::App& app, const std::string& name) -> void {
    for (auto* child : children(app)) {
      const std::string whole = name.empty() ? child->get_name() : name + " " + child->get_name();
      out.push_back({whole, child->get_description(), options_of(*child), child->help()});
      self(self, *child, whole);
    }
  };
  visit(visit, grammar.app(), "");
  return out;
}

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t least = word.size() <= 3 ? 2 : 3;
  for (const auto& candidate : known) {
    if (word.size() >= 3 && candidate.starts_with(word)) return candidate;
    // Damerau-Levenshtein with adjacent swaps, over three rows.
    const std::size_t n = candidate.size();
    std::vector<std::size_t> two(n + 1), one(n + 1), row(n + 1);
    for (std::size_t j = 0; j <= n; ++j) one[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= n; ++j) {
        const std::size_t wrong = word[i - 1] == candidate[j - 1] ? 0 : 1;
        row[j] = std::min({one[j] + 1, row[j - 1] + 1, one[j - 1] + wrong});
        if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1])
          row[j] = std::min(row[j], two[j - 2] + 1);
      }
      two = one;
      one = row;
    }
    if (one[n] < least) {
      least = one[n];
      best = candidate;
    }
  }
  return best;
}

}  // namespace sluice::cli
