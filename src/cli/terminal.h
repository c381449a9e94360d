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
  std::size_t rows = 0;     // likewise
  bool moves = false;       // a terminal whose cursor can be moved: TERM not dumb
};
// As it is now: a window may be resized.
Screen standard_output(const Environment& env);

bool can_ask();  // standard input and standard error are a terminal
// Asks on standard error and reads a line; `hidden`: what is typed is not shown.
Result<std::string> ask(const std::string& question, bool hidden);

// From here on Ctrl-C ends the program at once with status 130, and Ctrl-Z stops it, a hidden cursor or echo put back.
void end_cleanly_on_interrupt();
// Whether it was stopped and continued since this was last asked: what is on the screen may be others'.
bool was_suspended();
void hide_cursor();
void show_cursor();

}  // namespace sluice::cli
