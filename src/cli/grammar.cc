#include "cli/grammar.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace sluice::cli {

Grammar::Grammar(const Hooks& hooks) : app_("Takes a git push through ordered stages, each a running app.", "sluice") {
  app_.require_subcommand(1);
  app_.set_help_flag("-h,--help", "Show this help");
  if (!hooks.version.empty()) app_.set_version_flag("--version", "sluice " + hooks.version, "Show the version");
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
  add_key();
  add_certificate();
  add_region();
  add_database();
  add_env();
  add_decisions();
  add_flow();
  add_looking();
  add_usage();
  add_token(hooks);
  add_doctor(hooks);
  add_shell();
  name_places(app_);
}

// A positional is called by its own name in the help; "TEXT" behind it would say nothing.
void Grammar::name_places(CLI::App& app) {
  for (auto* option : app.get_options())
    if (option->get_positional() && option->get_type_name() == "TEXT") option->type_name("");
  for (auto* child : app.get_subcommands([](CLI::App*) { return true; })) name_places(*child);
}

CLI::App* Grammar::group(const std::string& name, const std::string& description) {
  CLI::App* out = app_.add_subcommand(name, description);
  out->require_subcommand(1);
  out->set_help_flag("-h,--help", "Show this help");
  return out;
}

CLI::App* Grammar::leaf(CLI::App* parent, const std::string& name, const std::string& description,
                        const std::string& example, bool json) {
  CLI::App* out = parent->add_subcommand(name, description);
  out->set_help_flag("-h,--help", "Show this help");
  out->footer("Example:\n  " + example);
  const std::string whole = parent == &app_ ? name : parent->get_name() + " " + name;
  out->callback([this, whole] { args_.command = whole; });
  if (json) out->add_flag("--json", args_.json, "Print the API's answer as JSON");
  return out;
}

CLI::App* Grammar::leaf(const std::string& name, const std::string& description, const std::string& example,
                        bool json) {
  return leaf(&app_, name, description, example, json);
}

void Grammar::stack_of(CLI::App* app) { app->add_option("STACK", args_.stack, "Name of the stack")->required(); }

void Grammar::stack_and_stage(CLI::App* app) {
  stack_of(app);
  app->add_option("STAGE", args_.stage, "Name of the stage")->required();
}

void Grammar::add_serve() {
  auto* serve = leaf("serve", "Run the server in the foreground", "sluice serve --data ~/sluice-data", false);
  serve->add_option("--data", data_, "Folder for all it keeps")->type_name("DIR");
  listen_ = serve->add_option("--listen", args_.serve.listen, "Where the API answers; port 0: any free one")
                ->type_name("ADDRESS:PORT")
                ->capture_default_str()
                ->check(address());
  gateway_ = serve->add_option("--gateway", args_.serve.gateway, "Where the apps answer; port 0: any free one")
                 ->type_name("ADDRESS:PORT")
                 ->capture_default_str()
                 ->check(address())
                 ->check(ipv4());
  auto* tls = serve
                  ->add_option("--gateway-tls", args_.serve.gateway_tls,
                               "Port where they answer over TLS, too; 0: any free one")
                  ->type_name("PORT")
                  ->check(number_of(0, 65535));
  auto* acme = serve
                   ->add_option("--acme", args_.serve.acme,
                                "Get stages' domains certificates from Let's Encrypt; you accept its terms")
                   ->type_name("EMAIL")
                   ->needs(tls);
  serve->add_option("--acme-directory", args_.serve.acme_directory, "Get them from this authority, by its ACME address")
      ->type_name("URL")
      ->needs(acme);
  serve->add_option("--builds", args_.serve.builds, "Builds at once, 1 to 64")
      ->type_name("N")
      ->capture_default_str()
      ->check(number_of(1, 64));
}

void Grammar::add_down() {
  auto* down =
      leaf("down", "Stop the server and what outlives it: apps and gateway", "sluice down --data ~/sluice-data", false);
  down->add_option("--data", data_, "Folder that the server was given")->type_name("DIR");
}

void Grammar::add_account() {
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

void Grammar::add_stack() {
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

void Grammar::stage_settings(CLI::App* app) {
  app->add_flag_callback(
      "--approval", [this] { args_.approval = true; }, "A person approves each change before it enters");
  app->add_flag_callback(
      "--no-approval", [this] { args_.approval = false; }, "Changes enter by themselves");
  app->add_option("--instances", args_.instances, "How many run at once; 0: none")->type_name("N");
  app->add_option("--memory", args_.memory, "What each instance may use of the memory: 512MB")->type_name("SIZE");
  app->add_flag_callback(
      "--no-memory", [this] { args_.memory = "0"; }, "As much as the app's sluice.toml says, else no limit");
  app->add_option("--cpu", args_.cpu, "What each instance may use of the processor, in cores: 1.5")->type_name("N");
  app->add_flag_callback(
      "--no-cpu", [this] { args_.cpu = "0"; }, "As much as the app's sluice.toml says, else no limit");
  app->add_option("--sleep-after", args_.sleep_after,
                  "Without a request for so long it stops, and the next one wakes it: 30m")
      ->type_name("DURATION");
  app->add_flag_callback(
      "--no-sleep-after", [this] { args_.sleep_after = "0"; }, "It never sleeps");
  app->add_option("--hours", args_.hours, "When it runs: \"mon-fri 08:00-19:00 Europe/Berlin\"")->type_name("HOURS");
  app->add_flag_callback(
      "--no-hours", [this] { args_.hours = ""; }, "It runs at all times");
  app->add_option("--database", args_.database, "none, new, or @FILE holding the URL of one that exists")
      ->type_name("none|new|@FILE");
  app->add_option("--endpoint", args_.endpoint, "How requests reach it")
      ->type_name("api_gateway|load_balancer")
      ->check(one_of({"api_gateway", "load_balancer"}));
  app->add_flag_callback(
      "--caching", [this] { args_.caching = true; }, "The gateway keeps answers");
  app->add_flag_callback(
      "--no-caching", [this] { args_.caching = false; }, "The gateway keeps none");
  app->add_option("--cache-for", args_.cache_for, "How long an answer is kept at most; its max-age may say less (60s)")
      ->type_name("DURATION");
  app->add_option("--cache-path", args_.cache_paths, "Only answers of paths that begin so; / for all; again for more")
      ->type_name("PATH")
      ->take_all();
  app->add_option("--rate", args_.rate, "Requests a second from one client; 0: no limit")->type_name("N");
  app->add_option("--burst", args_.burst, "How many of them at once; 0: as many as --rate")->type_name("N");
  app->add_option("--body-limit", args_.body_limit, "Most that a request may bring: 10MB; 0: no limit")
      ->type_name("SIZE");
  app->add_option("--answer-limit", args_.answer_limit, "How long the app may take to answer: 30s (60s)")
      ->type_name("DURATION");
  app->add_flag_callback(
      "--no-limits", [this] { args_.no_limits = true; }, "All four back to what they are by themselves");
  app->add_flag_callback(
      "--sticky", [this] { args_.sticky = true; }, "load_balancer: a client comes back to the same instance");
  app->add_flag_callback(
      "--no-sticky", [this] { args_.sticky = false; }, "load_balancer: each request goes anywhere");
  app->add_option_function<std::vector<std::string>>(
         "--domain", [this](const std::vector<std::string>& names) { args_.domains = names; },
         "A name of its own, beside the given one; again for more")
      ->type_name("DOMAIN")
      ->take_all();
  app->add_flag_callback(
      "--no-domains", [this] { args_.domains.emplace(); }, "No names of its own");
  app->add_option("--access", args_.access, "private: only with a key (sluice key create)")
      ->type_name("public|private")
      ->check(one_of({"public", "private"}));
}

void Grammar::add_stage() {
  auto* stage = group("stage", "Add, show, change and delete stages");
  auto* add = leaf(stage, "add", "Add a stage; it deploys at once what the stage before it runs",
                   "sluice stage add shop prod --approval\n  sluice stage add shop test --before prod --copy-from dev");
  stack_and_stage(add);
  auto* before = add->add_option("--before", args_.before, "Put it before this stage")->type_name("STAGE");
  add->add_option("--after", args_.after, "Put it after this stage; neither: at the end")
      ->type_name("STAGE")
      ->excludes(before);
  stage_settings(add);
  add->add_option("--region", args_.region, "Where it runs, see `sluice region list` (local)")->type_name("REGION");
  add->add_option("--copy-from", args_.copy_from, "Copy build and runtime variables from this stage")
      ->type_name("STAGE");
  auto* list = leaf(stage, "list", "List a stack's stages in order", "sluice stage list shop");
  stack_of(list);
  auto* show = leaf(stage, "show", "Show one stage", "sluice stage show shop prod");
  stack_and_stage(show);
  auto* set = leaf(stage, "set", "Change a stage's settings", "sluice stage set shop prod --instances 3 --no-approval");
  stack_and_stage(set);
  stage_settings(set);
  auto* del =
      leaf(stage, "delete", "Delete a stage and what runs there", "sluice stage delete shop test --confirm delete");
  stack_and_stage(del);
  del->add_option("--confirm", args_.confirm, "The word delete, typed out")->type_name("delete");
  del->add_flag("--force", args_.force, "End it even where its region cannot be reached");
}

void Grammar::add_certificate() {
  auto* certificate = group("certificate", "Certificates of a stage's own domains");
  auto* add = leaf(certificate, "add", "Give a domain its certificate, or another; no request is lost",
                   "sluice certificate add shop prod shop.example.org --certificate @fullchain.pem --key @privkey.pem");
  stack_and_stage(add);
  add->add_option("DOMAIN", args_.name, "One of the stage's own domains")->required();
  add->add_option("--certificate", args_.certificate, "PEM, its own first, then the chain: - or @FILE")
      ->type_name("@FILE")
      ->required();
  add->add_option("--key", args_.key, "Its private key in PEM: - or @FILE")->type_name("@FILE")->required();
  auto* list = leaf(certificate, "list", "List a stage's domains and how their certificates stand",
                    "sluice certificate list shop prod");
  stack_and_stage(list);
  auto* renew = leaf(certificate, "renew", "Have the certificate authority asked for another one now",
                     "sluice certificate renew shop prod shop.example.org");
  stack_and_stage(renew);
  renew->add_option("DOMAIN", args_.name, "One of the stage's own domains")->required();
  auto* remove = leaf(certificate, "remove", "Take a domain's certificate away",
                      "sluice certificate remove shop prod shop.example.org");
  stack_and_stage(remove);
  remove->add_option("DOMAIN", args_.name, "The domain")->required();
}

void Grammar::add_region() {
  auto* region = group("region", "Places where stages run, each with a gateway and databases of its own");
  auto* add = leaf(region, "add", "Add a region; stages can be made in it at once",
                   "sluice region add us-west-2 --gateway 127.0.0.1:8081");
  add->add_option("NAME", args_.name, "Name of the region")->required();
  add->add_option("--platform", args_.platform, "What it is made of: local, this machine (local)")
      ->type_name("local")
      ->check(one_of({"local"}));
  add->add_option("--gateway", args_.gateway, "Where its apps answer; port 0: any free one, kept (127.0.0.1:0)")
      ->type_name("ADDRESS:PORT")
      ->check(address())
      ->check(ipv4());
  add->add_option("--gateway-tls", args_.gateway_tls, "Port where they answer over TLS, too; 0: any free one")
      ->type_name("PORT")
      ->check(number_of(0, 65535));
  leaf(region, "list", "List the regions and how they are", "sluice region list");
  auto* remove = leaf(region, "remove", "Remove a region that has no stages", "sluice region remove us-west-2");
  remove->add_option("NAME", args_.name, "Name of the region")->required();
}

void Grammar::add_key() {
  auto* key = group("key", "Keys that open a stage whose access is private");
  auto* create = leaf(key, "create", "Make a key and show it, once",
                      "sluice key create shop canary phone\n"
                      "  curl -H \"X-Api-Key: KEY\" http://canary.shop.localhost:8080");
  stack_and_stage(create);
  create->add_option("NAME", args_.name, "What it is for: letters, digits, . _ -")->required();
  auto* list = leaf(key, "list", "List a stage's keys", "sluice key list shop canary");
  stack_and_stage(list);
  auto* revoke = leaf(key, "revoke", "Revoke a key; it opens nothing any more", "sluice key revoke shop canary phone");
  stack_and_stage(revoke);
  revoke->add_option("NAME", args_.name, "Name of the key")->required();
  auto* purge = leaf("purge", "Forget the answers that the gateway keeps of a stage", "sluice purge shop prod");
  stack_and_stage(purge);
}

void Grammar::add_database() {
  auto* db = group("db", "A stage's database: open it with psql, back it up, restore it, copy it");
  db->footer("Example:\n  sluice db shop dev\n  sluice db backup shop prod");
  stack_and_stage(leaf(db, "psql", "Open it with psql, on the server's own machine; short: sluice db STACK STAGE",
                       "sluice db shop dev\n  echo 'select 1' | sluice db shop dev"));
  const auto waits = [this](CLI::App* app) {
    app->add_option("--timeout", args_.timeout, "Wait at most this long for its end, with exit status 5")
        ->type_name("TIME")
        ->capture_default_str();
  };
  const auto replaces = [&](CLI::App* app) {
    app->add_option("--confirm", args_.confirm, "The word replace, typed out")->type_name("replace");
    waits(app);
  };
  auto* backup = leaf(db, "backup", "Back it up now; a daily backup is made anyway", "sluice db backup shop prod");
  stack_and_stage(backup);
  waits(backup);
  auto* restore = leaf(db, "restore", "Replace it by a backup; what is there is backed up first",
                       "sluice db restore shop dev 3f9xk2ab2-20260131-093000 --confirm replace");
  stack_and_stage(restore);
  restore->add_option("BACKUP", args_.name, "Name of the backup, as listed")->required();
  replaces(restore);
  auto* copy = leaf(db, "copy", "Replace a stage's database by a copy of another's; what is there is backed up first",
                    "sluice db copy shop prod test --confirm replace");
  stack_of(copy);
  copy->add_option("FROM", args_.first, "The stage it comes from")->required();
  copy->add_option("TO", args_.second, "The stage it goes to")->required();
  replaces(copy);
  auto* list = leaf(db, "list", "List backups, also of stages and stacks that are gone", "sluice db list shop prod");
  list->add_option("STACK", args_.stack, "Only of this stack");
  list->add_option("STAGE", args_.stage, "Only of this stage, as it is now");
  auto* del = leaf(db, "delete", "Delete a backup", "sluice db delete 3f9xk2ab2-20260131-093000 --confirm delete");
  del->add_option("BACKUP", args_.name, "Name of the backup, as listed")->required();
  del->add_option("--confirm", args_.confirm, "The word delete, typed out")->type_name("delete");
}

void Grammar::kind_of_variables(CLI::App* app) {
  auto* build = app->add_flag("--build", args_.build, "Build variables");
  app->add_flag("--runtime", args_.runtime, "Runtime variables (when neither is said)")->excludes(build);
}

void Grammar::add_env() {
  auto* env = group("env", "Variables of a stage");
  auto* list =
      leaf(env, "list", "List variables; a secret's value is never shown", "sluice env list shop prod --build");
  stack_and_stage(list);
  kind_of_variables(list);
  auto* set = leaf(env, "set", "Set variables, all in one save",
                   "sluice env set shop prod GREETING=hello\n"
                   "  sluice env set shop prod --secret API_KEY=-          (asks; or standard input)\n"
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
  auto* history =
      leaf(env, "history", "Who changed which variables, newest first; never a value", "sluice env history shop prod");
  stack_and_stage(history);
  paged(history);
  auto* diff =
      leaf(env, "diff", "What differs between the variables of two stages", "sluice env diff shop dev prod", false);
  stack_of(diff);
  diff->add_option("A", args_.first, "One stage")->required();
  diff->add_option("B", args_.second, "The other")->required();
  kind_of_variables(diff);
}

void Grammar::decision(CLI::App* app) {
  stack_and_stage(app);
  app->add_option("--change", args_.change, "The change it is about; left out: the one pending")->type_name("N");
  app->add_option("-m,--message", args_.comment, "A word about why; kept for ever")->type_name("TEXT");
}

void Grammar::add_decisions() {
  decision(leaf("approve", "Show what will ship and deploy it", "sluice approve shop prod -m 'looks right'"));
  decision(leaf("reject", "End a pending change at this stage", "sluice reject shop prod -m 'prices are wrong'"));
  leaf("approvals", "List what waits for a decision", "sluice approvals");
}

void Grammar::add_flow() {
  auto* retry = leaf("retry", "Repeat the newest failed or cancelled deployment, or one that is named",
                     "sluice retry shop dev\n  sluice retry shop dev --deployment dep_ab12cd34x7");
  stack_and_stage(retry);
  retry->add_option("--deployment", args_.deployment, "This one instead; `sluice deployments` lists them")
      ->type_name("ID");
  auto* redeploy = leaf("redeploy", "Run what is current again with the settings of now", "sluice redeploy shop prod");
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
  rollback->add_flag("--build", args_.build, "Build it anew where what it ran was cleaned");
  rollback->add_flag("--pause", args_.pause, "Close the gate in the same breath");
  auto* promote = leaf("promote", "Bring a change that succeeded before this stage past its gate",
                       "sluice promote shop prod --change 7");
  stack_and_stage(promote);
  promote->add_option("--change", args_.change, "Which change")->required()->type_name("N");
  stack_and_stage(leaf("pause", "Let nothing new start here by flow", "sluice pause shop prod"));
  stack_and_stage(leaf("resume", "Open the gate again and let in what it held", "sluice resume shop prod"));
  auto* cancel =
      leaf("cancel", "Stop a deployment that runs or waits", "sluice cancel shop dev\n  sluice cancel dep_ab12cd34x7");
  cancel->add_option("DEPLOYMENT", args_.first, "Its id, or a stack's name followed by a stage's")
      ->required()
      ->type_name("DEPLOYMENT | STACK STAGE");
  cancel->add_option("STAGE", args_.stage, "Name of the stage, after a stack's");
}

void Grammar::paged(CLI::App* app) {
  app->add_option("--limit", args_.limit, "At most this many")
      ->type_name("N")
      ->capture_default_str()
      ->check(number_of(1, 1000));
}

void Grammar::add_looking() {
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
                    "sluice logs shop prod -f\n"
                    "  sluice logs shop prod --since 24h --level warn --grep timeout\n"
                    "  sluice logs shop dev --build");
  stack_and_stage(logs);
  auto* build = logs->add_flag("--build", args_.build, "Of the newest deployment's build");
  auto* release = logs->add_flag("--release", args_.release, "Of its release command")->excludes(build);
  auto* runtime = logs->add_flag("--runtime", args_.runtime, "Of the app")->excludes(build)->excludes(release);
  logs->add_flag("--access", args_.access_log, "Of requests")->excludes(build)->excludes(release)->excludes(runtime);
  logs->add_flag("-f,--follow", args_.follow, "Stay, and print what comes");
  logs->add_option("--deployment", args_.deployment, "Build or release log of this deployment")->type_name("ID");
  logs->add_option("--since", args_.since, "How far back (1h when nothing is said); runtime and access")
      ->type_name("AGE");
  logs->add_option("--grep", args_.grep, "Only lines that contain this, in any case; runtime and access")
      ->type_name("TEXT");
  logs->add_option("--level", args_.level, "Only lines of this level or a graver one, where the app prints JSON")
      ->type_name("trace|debug|info|warn|error|fatal")
      ->check(one_of({"trace", "debug", "info", "warn", "error", "fatal"}));

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

void Grammar::add_usage() {
  auto* top = leaf("top", "What stages use, the busiest first", "sluice top --watch");
  top->add_option("STACK", args_.stack, "Only this stack");
  top->add_flag("-w,--watch", args_.watch, "Stay, and draw again every ten seconds");
  auto* usage = leaf("usage", "What a stage used over time, and what that costs", "sluice usage shop prod --since 7d");
  stack_and_stage(usage);
  usage->add_option("--since", args_.since, "How far back (24h when nothing is said), at most 31d")->type_name("AGE");
  auto* prices = leaf("prices", "Show or set what instance hours and GB hours are reckoned at",
                      "sluice prices --currency EUR --instance-hour 0.008 --gb-hour 0.004\n  sluice prices --none");
  auto* currency = prices->add_option("--currency", args_.currency, "Only shown")->type_name("TEXT");
  auto* instance = prices->add_option("--instance-hour", args_.instance_hour, "An hour that an instance runs")
                       ->type_name("PRICE")
                       ->needs(currency);
  auto* gb = prices->add_option("--gb-hour", args_.gb_hour, "A GB of resident memory for an hour")
                 ->type_name("PRICE")
                 ->needs(currency);
  prices->add_flag("--none", args_.none, "Remove them")->excludes(currency)->excludes(instance)->excludes(gb);
}

void Grammar::add_token(const Hooks& hooks) {
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

void Grammar::add_doctor(const Hooks& hooks) {
  auto* doctor = leaf("doctor", "Look at the server and its machine; status 1 when there is a problem",
                      "sluice doctor\n  sluice doctor --data /var/lib/sluice");
  if (hooks.examine)
    doctor->add_option("--data", args_.data, "On the server's own machine: its folder; needs no server that answers")
        ->type_name("DIR");
}

void Grammar::add_shell() {
  auto* credential =
      leaf("git-credential", "Hand the kept token to git, as its credential helper",
           "git config --global credential.http://127.0.0.1:7420.helper '!sluice git-credential'", false);
  credential->add_option("OPERATION", args_.first, "get, store or erase, as git says")->required();
  auto* completion = leaf("completion", "Print a shell's completion script", "source <(sluice completion bash)", false);
  completion->add_option("SHELL", args_.name, "bash or zsh")
      ->required()
      ->type_name("bash|zsh")
      ->check(one_of({"bash", "zsh"}));
}

CLI::Validator Grammar::one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words](std::string& text) -> std::string {
        if (std::find(words.begin(), words.end(), text) != words.end()) return {};
        return fmt::format("\"{}\" is not one of {}", text, fmt::join(words, ", "));
      },
      "");
}

CLI::Validator Grammar::address() {
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

CLI::Validator Grammar::number_of(int least, int most) { return CLI::Range(least, most).description(""); }

// The gateway's own limit; told here, so that it is wrong usage and not a server that fails to start.
CLI::Validator Grammar::ipv4() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        const auto colon = text.rfind(':');
        in_addr out{};
        if (::inet_pton(AF_INET, text.substr(0, colon).c_str(), &out) == 1) return {};
        return fmt::format("\"{}\" is no IPv4 address, and the gateway listens on IPv4 only; type 127.0.0.1{}", text,
                           text.substr(colon));
      },
      "");
}

Args Grammar::args() const {
  Args out = args_;
  out.serve.data = out.down.data = data_.empty() ? default_data_dir() : std::filesystem::path(data_);
  out.serve.listen_given = listen_ != nullptr && listen_->count() > 0;
  out.serve.gateway_given = gateway_ != nullptr && gateway_->count() > 0;
  return out;
}

}  // namespace sluice::cli
