#include "app/serve.h"

int main(int argc, char** argv) {
  sluice::cli::Hooks hooks;
  hooks.version = SLUICE_VERSION;
  hooks.serve = [](const sluice::cli::ServeOptions& options) { return sluice::app::serve(options, SLUICE_VERSION); };
  hooks.down = sluice::app::down;
  hooks.create_token = sluice::app::create_token;
  hooks.examine = sluice::app::examine;
  return sluice::cli::run(argc, argv, hooks);
}
