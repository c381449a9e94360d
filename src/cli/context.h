#pragma once
#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>

#include "cli/args.h"
#include "cli/server.h"
#include "cli/terminal.h"
#include "cli/text.h"

// What every command is given, and the table of commands.
namespace sluice::cli {

struct Context {
  const Args& args;
  const Hooks& hooks;
  Environment env;
  Screen screen;  // of standard output
};
using Command = Result<Exit> (*)(Context&);
const std::map<std::string, Command>& commands();

// Signed in, or an Error that says how to.
Result<Server> connect(const Context& context);
void say(std::string_view text);  // to standard output, as it is
// With --json: prints the answer and is true.
bool said_json(const Context& context, const boost::json::value& answer);
// The name by which a person typed this field of a request: "--approval" for requires_approval.
std::string flag_of(const std::string& field, const std::string& command);
// One sentence for standard error; field errors by the names of flags.
std::string sentence_of(const Error& error, const std::string& command);
// Asks for the typed word `delete` (R6.1) on a terminal, or says what to add. Nothing but exactly that word will do.
Result<> confirm_delete(const Context& context, const std::string& what);
// The same with another word, of an act on what is lost by it.
Result<> confirm_word(const Context& context, const std::string& word, const std::string& what);

// account.cc
Result<Exit> login(Context&);
Result<Exit> logout(Context&);
Result<Exit> whoami(Context&);
Result<Exit> token_create(Context&);
Result<Exit> token_list(Context&);
Result<Exit> token_revoke(Context&);
Result<Exit> git_credential(Context&);
// stacks.cc
Result<Exit> stack_create(Context&);
Result<Exit> stack_list(Context&);
Result<Exit> stack_show(Context&);
Result<Exit> stack_set(Context&);
Result<Exit> stack_delete(Context&);
// stages.cc
Result<Exit> stage_add(Context&);
Result<Exit> stage_list(Context&);
Result<Exit> stage_show(Context&);
Result<Exit> stage_set(Context&);
Result<Exit> stage_delete(Context&);
Result<Exit> open(Context&);
// keys.cc
Result<Exit> key_create(Context&);
Result<Exit> key_list(Context&);
Result<Exit> key_revoke(Context&);
Result<Exit> purge(Context&);
// certificates.cc
Result<Exit> region_add(Context&);
Result<Exit> region_list(Context&);
Result<Exit> region_remove(Context&);
Result<Exit> certificate_add(Context&);
Result<Exit> certificate_list(Context&);
Result<Exit> certificate_renew(Context&);
Result<Exit> certificate_remove(Context&);
// databases.cc
Result<Exit> db_psql(Context&);
Result<Exit> db_backup(Context&);
Result<Exit> db_restore(Context&);
Result<Exit> db_copy(Context&);
Result<Exit> db_list(Context&);
Result<Exit> db_delete(Context&);
// env.cc
Result<Exit> env_list(Context&);
Result<Exit> env_set(Context&);
Result<Exit> env_unset(Context&);
Result<Exit> env_copy(Context&);
Result<Exit> env_diff(Context&);
Result<Exit> env_history(Context&);  // env_history.cc
// decisions.cc
Result<Exit> approve(Context&);
Result<Exit> reject(Context&);
Result<Exit> approvals(Context&);
// flow.cc
Result<Exit> retry(Context&);
Result<Exit> redeploy(Context&);
Result<Exit> rollback(Context&);
Result<Exit> promote(Context&);
Result<Exit> pause(Context&);
Result<Exit> resume(Context&);
Result<Exit> cancel(Context&);
// looking.cc, logs.cc, wait.cc
Result<Exit> status(Context&);
Result<Exit> changes(Context&);
Result<Exit> deployments(Context&);
Result<Exit> deployment(Context&);
Result<Exit> logs(Context&);
Result<Exit> wait(Context&);
// usage.cc
Result<Exit> top(Context&);
Result<Exit> usage(Context&);
Result<Exit> prices(Context&);
// doctor.cc
Result<Exit> doctor(Context&);
// completion.cc
Result<Exit> completion(Context&);

}  // namespace sluice::cli
