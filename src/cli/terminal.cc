#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <iostream>

namespace sluice::cli {
namespace {

// What the signal handler must put back; a handler can be told nothing in another way.
volatile std::sig_atomic_t echo_is_off = 0;
volatile std::sig_atomic_t cursor_is_hidden = 0;
termios before_asking{};

constexpr char kShowCursor[] = "\x1b[?25h";

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

}  // namespace

Screen standard_output(const Environment& env) {
  Screen out;
  out.terminal = isatty(STDOUT_FILENO) != 0;
  if (!out.terminal) return out;
  out.colour = !env("NO_COLOR") && env("TERM").value_or("dumb") != "dumb";
  winsize size{};
  out.columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return out;
}

bool can_ask() { return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0; }

Result<std::string> ask(const std::string& question, bool hidden) {
  std::fputs(question.c_str(), stderr);
  std::fflush(stderr);
  if (hidden && tcgetattr(STDIN_FILENO, &before_asking) == 0) {
    termios quiet = before_asking;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    echo_is_off = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
  }
  std::string line;
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (echo_is_off != 0) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before_asking);
    echo_is_off = 0;
    std::fputs("\n", stderr);
  }
  if (!read) return fail(ErrorKind::cancelled, "nothing was typed");
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

void end_cleanly_on_interrupt() {
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
}

void hide_cursor() {
  cursor_is_hidden = 1;
  std::fputs("\x1b[?25l", stdout);
}

void show_cursor() {
  std::fputs(kShowCursor, stdout);
  std::fflush(stdout);
  cursor_is_hidden = 0;
}

}  // namespace sluice::cli
