#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>

// Questions on a terminal of their own, answered as a person does.
namespace sluice::cli {
namespace {
using testing::HasSubstr;
using testing::Not;

class Terminal {
 public:
  // Runs `body` in a process whose terminal this is; its exit status is what `body` answers.
  explicit Terminal(const std::function<int()>& body) {
    child_ = ::forkpty(&ours_, nullptr, nullptr, nullptr);
    if (child_ == 0) _exit(body());
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    if (child_ > 0 && !ended_) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(ours_);
  }
  void types(const std::string& text) { EXPECT_EQ(::write(ours_, text.data(), text.size()), ssize_t(text.size())); }
  // Reads until the screen has this text; false after 20 seconds.
  bool shows(const std::string& text) {
    while (screen_.find(text) == std::string::npos)
      if (!read_some()) return false;
    return true;
  }
  bool echoes() const {
    termios now{};
    return ::tcgetattr(ours_, &now) == 0 && (now.c_lflag & ECHO) != 0;
  }
  // Whether it waits until what is typed is not shown any more.
  bool hides() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (echoes() && std::chrono::steady_clock::now() < end) ::poll(nullptr, 0, 5);
    return !echoes();
  }
  int ends() {
    while (read_some()) {
    }
    int status = 0;
    ::waitpid(child_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& screen() const { return screen_; }

 private:
  bool read_some() {
    pollfd readable{ours_, POLLIN, 0};
    if (::poll(&readable, 1, 20'000) <= 0) return false;
    char bytes[512];
    const auto got = ::read(ours_, bytes, sizeof(bytes));
    if (got <= 0) return false;  // EIO: the other side is gone
    screen_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int ours_ = -1;
  pid_t child_ = -1;
  bool ended_ = false;
  std::string screen_;
};

TEST(Terminal, what_is_typed_is_shown_where_it_is_no_secret) {
  Terminal terminal([] {
    const auto typed = ask("Type delete to go on: ", false);
    return typed && *typed == "delete" ? 0 : 1;
  });
  ASSERT_TRUE(terminal.shows("Type delete to go on: "));
  terminal.types("delete\n");
  EXPECT_EQ(terminal.ends(), 0);
  EXPECT_THAT(terminal.screen(), HasSubstr("on: delete\r\n"));
}

TEST(Terminal, a_secret_is_not_shown_and_the_echo_comes_back) {
  Terminal terminal([] {
    const auto typed = ask("Value of KEY: ", true);
    const auto again = ask("And: ", false);
    return typed && *typed == "swordfish" && again && *again == "shown" ? 0 : 1;
  });
  ASSERT_TRUE(terminal.shows("Value of KEY: "));
  ASSERT_TRUE(terminal.hides());
  terminal.types("swordfish\n");
  ASSERT_TRUE(terminal.shows("And: "));
  EXPECT_TRUE(terminal.echoes());
  terminal.types("shown\n");
  EXPECT_EQ(terminal.ends(), 0);
  EXPECT_THAT(terminal.screen(), Not(HasSubstr("swordfish")));
  EXPECT_THAT(terminal.screen(), HasSubstr("And: shown"));
}

TEST(Terminal, an_interrupt_puts_the_echo_back_and_ends_with_130) {
  Terminal terminal([] {
    end_cleanly_on_interrupt();
    std::ignore = ask("Value of KEY: ", true);
    return 0;
  });
  ASSERT_TRUE(terminal.shows("Value of KEY: "));
  ASSERT_TRUE(terminal.hides());
  terminal.types("\x03");
  EXPECT_EQ(terminal.ends(), 130);
}

TEST(Terminal, a_suspended_program_gives_the_terminal_back_and_takes_it_again) {
  Terminal terminal([] {
    // A program under a shell that can bring it back: in a process group that is not orphaned.
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      std::signal(SIGTTOU, SIG_IGN);
      ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
      end_cleanly_on_interrupt();
      hide_cursor();
      std::fflush(stdout);
      const auto typed = ask("Value of KEY: ", true);
      show_cursor();
      _exit(typed && *typed == "swordfish" && was_suspended() && !was_suspended() ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, WUNTRACED);
    if (!WIFSTOPPED(status)) return 2;
    std::fputs("stopped\n", stderr);
    char go = 0;
    std::signal(SIGTTIN, SIG_IGN);
    std::signal(SIGTTOU, SIG_IGN);
    ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    if (::read(STDIN_FILENO, &go, 1) != 1) return 3;
    ::tcsetpgrp(STDIN_FILENO, child);
    ::kill(-child, SIGCONT);
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
  });
  ASSERT_TRUE(terminal.shows("Value of KEY: "));
  ASSERT_TRUE(terminal.hides());
  terminal.types("\x1a");
  ASSERT_TRUE(terminal.shows("stopped"));
  EXPECT_TRUE(terminal.echoes());
  EXPECT_THAT(terminal.screen(), HasSubstr("\x1b[?25h"));
  terminal.types("\n");
  ASSERT_TRUE(terminal.hides());
  terminal.types("swordfish\n");
  EXPECT_EQ(terminal.ends(), 0);
  EXPECT_THAT(terminal.screen(), Not(HasSubstr("swordfish")));
}

TEST(Terminal, the_end_of_input_is_no_answer) {
  Terminal terminal([] { return ask("Type delete to go on: ", false) ? 0 : 7; });
  ASSERT_TRUE(terminal.shows("on: "));
  terminal.types("\x04");
  EXPECT_EQ(terminal.ends(), 7);
}

}  // namespace
}  // namespace sluice::cli
