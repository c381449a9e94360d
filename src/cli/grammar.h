#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/args.h"

namespace sluice::cli {

// The tree of commands. CLI11 is heavy: only grammar.cc and parse.cc include this.
class Grammar {
 public:
  explicit Grammar(const Hooks& hooks);
  CLI::App& app() { return app_; }
  // What the words that `app` has parsed said; folders and addresses that were not typed are filled in.
  Args args() const;

 private:
  static void name_places(CLI::App& app);
  CLI::App* group(const std::string& name, const std::string& description);
  CLI::App* leaf(CLI::App* parent, const std::string& name, const std::string& description, const std::string& example,
                 bool json = true);
  CLI::App* leaf(const std::string& name, const std::string& description, const std::string& example, bool json = true);
  void stack_of(CLI::App* app);
  void stack_and_stage(CLI::App* app);
  void add_serve();
  void add_down();
  void add_account();
  void add_stack();
  void stage_settings(CLI::App* app);
  void add_stage();
  void kind_of_variables(CLI::App* app);
  void add_key();
  void add_certificate();
  void add_region();
  void add_database();
  void add_env();
  void decision(CLI::App* app);
  void add_decisions();
  void add_flow();
  void paged(CLI::App* app);
  void add_looking();
  void add_usage();
  void add_token(const Hooks& hooks);
  void add_doctor(const Hooks& hooks);
  void add_shell();
  static CLI::Validator one_of(std::vector<std::string> words);
  static CLI::Validator number_of(int least, int most);
  static CLI::Validator address();
  static CLI::Validator ipv4();  // of what address() lets through

  CLI::App app_;
  Args args_;
  std::string data_;
  CLI::Option* listen_ = nullptr;
  CLI::Option* gateway_ = nullptr;
};

}  // namespace sluice::cli
