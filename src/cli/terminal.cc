#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <utility>

namespace sluice::cli {
namespace {

// What the signal handler must put back; a handler can be told nothing in another way.
volatile std::sig_atomic_t echo_is_off = 0;
volatile std::sig_atomic_t cursor_is_hidden = 0;
volatile std::sig_atomic_t others_have_drawn = 0;
termios before_asking{};
termios while_asking{};

constexpr char kShowCursor[] = "\x1b[?25h";
constexpr char kHideCursor[] = "\x1b[?25l";

void put_back() {
  if (echo_is_off != 0) tcsetattr(STDIN_FILENO, TCSANOW, &before_asking);
  if (cursor_is_hidden != 0) [[maybe_unused]]
    auto written = ::write(STDOUT_FILENO, kShowCursor, sizeof(kShowCursor) - 1);
}

extern "C" void interrupted(int signal) {
  put_back();
  if (isatty(STDERR_FILENO) != 0) [[maybe_unused]]
    auto written = ::write(STDERR_FILENO, "\n", 1);
  _exit(128 + signal);
}

// Ctrl-Z: the shell gets its terminal as it was; then this stops as it would have without us.
extern "C" void suspended(int signal) {
  const int number = errno;
  put_back();
  std::signal(signal, SIG_DFL);
  ::raise(signal);
  errno = number;
}
extern "C" void continued(int) {
  const int number = errno;
  std::signal(SIGTSTP, suspended);
  if (echo_is_off != 0) tcsetattr(STDIN_FILENO, TCSANOW, &while_asking);
  if (cursor_is_hidden != 0) [[maybe_unused]]
    auto written = ::write(STDOUT_FILENO, kHideCursor, sizeof(kHideCursor) - 1);
  others_have_drawn = 1;
  errno = number;
}

}  // namespace

Screen standard_output(const Environment& env) {
  Screen out;
  out.terminal = isatty(STDOUT_FILENO) != 0;
  if (!out.terminal) return out;
  out.moves = env("TERM").value_or("dumb") != "dumb";
  out.colour = out.moves && !env("NO_COLOR");
  winsize size{};
  const bool measured = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
  out.columns = measured && size.ws_col > 0 ? size.ws_col : 80;
  out.rows = measured && size.ws_row > 0 ? size.ws_row : 24;
  return out;
}

bool can_ask() { return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0; }

Result<std::string> ask(const std::string& question, bool hidden) {
  std::fputs(question.c_str(), stderr);
  std::fflush(stderr);
  if (hidden && tcgetattr(STDIN_FILENO, &before_asking) == 0) {
    while_asking = before_asking;
    while_asking.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    echo_is_off = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &while_asking);
  }
  std::string line;
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (echo_is_off != 0) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before_asking);
    echo_is_off = 0;
    std::fputs("\n", stderr);
  } else if (!read) {
    std::fputs("\n", stderr);  // Ctrl-D leaves the cursor behind the question
  }
  if (!read) return fail(ErrorKind::cancelled, "nothing was typed");
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

void end_cleanly_on_interrupt() {
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
  // Where it is ignored nobody could bring the program back.
  if (std::signal(SIGTSTP, suspended) == SIG_IGN) {
    std::signal(SIGTSTP, SIG_IGN);
  } else {
    std::signal(SIGCONT, continued);
  }
}

bool was_suspended() { return std::exchange(others_have_drawn, 0) != 0; }

void hide_cursor() {
  cursor_is_hidden = 1;
  std::fputs(kHideCursor, stdout);
}

void show_cursor() {
  std::fputs(kShowCursor, stdout);
  std::fflush(stdout);
  cursor_is_hidden = 0;
}

}  // namespace sluice::cli
