#pragma once
#include <cstddef>
#include <string>

#include "base/result.h"
#include "cli/config.h"

namespace sluice::cli {

struct Screen {
  bool terminal = false;
  bool colour = false;      // a terminal, NO_COLOR not set, TERM not dumb
  std::size_t columns = 0;  // 0: no limit (not a terminal)
};
Screen standard_output(const Environment& env);

bool can_ask();  // standard input and standard error are a terminal
// Asks on standard error and reads a line; `hidden`: what is typed is not shown.
Result<std::string> ask(const std::string& question, bool hidden);

// From here on Ctrl-C ends the program at once with status 130, a hidden cursor or echo put back.
void end_cleanly_on_interrupt();
void hide_cursor();
void show_cursor();

}  // namespace sluice::cli
