#include "acme/client.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <system_error>

#include "base/digest.h"
#include "base/files.h"
#include "base/process.h"

namespace sluice::acme {
namespace fs = std::filesystem;
namespace {

// uacme calls it for each way in which a domain can be proven. It tells this process, and waits for a word: at the end
// of its standard input, which is this process's end, it gives up.
constexpr const char* kHook =
    "#!/bin/sh\n"
    "[ \"$2\" = http-01 ] || exit 1\n"
    "printf '%s %s %s\\n' \"$1\" \"$4\" \"$5\"\n"
    "IFS= read -r word && [ \"$word\" = yes ]\n";
constexpr const char* kAtMost = "180";  // seconds

bool is_plain(const std::string& text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

bool is_email(const std::string& text) {
  const auto at = text.find('@');
  return at != std::string::npos && at > 0 && text.find('.', at) != std::string::npos && text.back() != '.' &&
         text.size() <= 254 && text.front() != '-' && std::count(text.begin(), text.end(), '@') == 1 &&
         is_plain(text, "@.-_+");
}

struct Said {
  int exit_code = 0;
  std::string errors;
};

// Whole lines of what it writes go to `line`, whose answer goes back; ends with the process.
Result<Said> converse(const ProcessCommand& command, std::stop_token stop,
                      const std::function<std::string(const std::string&)>& line) {
  auto child = Child::start(command);
  if (!child) return fail(child.error());
  {
    std::stop_callback ended(stop, [&child] { child->kill(); });
    std::string rest;
    std::array<char, 4096> buffer{};
    while (true) {
      const auto got = child->read(buffer.data(), buffer.size());
      if (!got || *got == 0) break;
      rest.append(buffer.data(), *got);
      for (auto end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
        const auto word = line(rest.substr(0, end));
        rest.erase(0, end + 1);
        if (!child->write(word + "\n")) break;
      }
    }
    child->close_input();
  }
  auto errors = child->errors();
  const int code = child->wait();
  return Said{code, errors + child->errors()};
}

Error stopped() { return {ErrorKind::cancelled, "the server stops; it is asked for again when it is back", {}}; }

}  // namespace

Result<Client> Client::open(Options options) {
  if (!program_exists("uacme")) {
    return fail(ErrorKind::failed,
                "--acme needs the program uacme: install it (Debian: apt install uacme), or start without --acme");
  }
  if (!is_email(options.email)) {
    return fail(ErrorKind::invalid, "--acme takes an address of e-mail like admin@example.org, not \"" +
                                        options.email.substr(0, 100) + "\"");
  }
  if (!options.directory.starts_with("https://") || options.directory.size() > 500 ||
      !is_plain(options.directory, ":/.-_~%?=&[]")) {
    return fail(ErrorKind::invalid, "--acme-directory takes the https:// address of an authority's directory");
  }
  // An account is one authority's.
  options.dir /= sha256_hex(options.directory).substr(0, 16);
  if (auto made = make_dirs(options.dir, 0700); !made) return fail(made.error());
  if (auto written = write_file(options.dir / "hook", kHook, 0700); !written) return fail(written.error());
  return Client(std::move(options));
}

std::vector<std::string> Client::command() const {
  return {"timeout", "-k", "5", kAtMost, "uacme", "-y", "-a", options_.directory, "-c", options_.dir.string()};
}

// The account, which is there already where another address was its owner's.
Result<> Client::sign_up(std::stop_token stop) const {
  const auto note = options_.dir / "owner";
  if (read_file(note).value_or("") == options_.email) return {};
  ProcessCommand uacme;
  uacme.argv = command();
  uacme.argv.insert(uacme.argv.end(), {"new", options_.email});
  uacme.stop = stop;
  auto ran = run(uacme);
  if (ran && ran->exit_code == 2 && ran->err.find("Account already exists") != std::string::npos) {
    uacme.argv[uacme.argv.size() - 2] = "update";
    ran = run(uacme);
  }
  if (!ran) return fail(ran.error());
  if (ran->stopped) return fail(stopped());
  if (!ran->ok()) return fail(ErrorKind::failed, refusal("an account", options_.directory, ran->err));
  return write_file(note, options_.email, 0600);
}

Result<std::string> Client::obtain(const std::string& domain, const Answer& answer, std::stop_token stop) const {
  if (auto signed_up = sign_up(stop); !signed_up) return fail(signed_up.error());
  const auto certificate = options_.dir / domain / "cert.pem", key = options_.dir / "private" / domain / "key.pem";
  // A new key each time, and nothing that uacme would find good enough.
  auto clear = [&] {
    std::error_code ignored;
    fs::remove_all(certificate.parent_path(), ignored);
    fs::remove_all(key.parent_path(), ignored);
  };
  clear();

  ProcessCommand uacme;
  uacme.argv = command();
  uacme.argv.insert(uacme.argv.end(), {"-h", (options_.dir / "hook").string(), "-t", "EC", "issue", domain});
  Result<> told;
  std::string open;
  auto said = converse(uacme, stop, [&](const std::string& line) -> std::string {
    std::istringstream words(line);
    std::string method, token, text;
    words >> method >> token >> text;
    const bool begins = method == "begin";
    auto done = answer(token, begins ? text : "");
    if (begins) {
      open = token;
      told = done;
    } else {
      open.clear();
    }
    return done ? "yes" : "no";
  });
  // It ended without a last word, at its time limit or killed.
  if (!open.empty()) (void)answer(open, "");
  if (!said) return fail(said.error());
  auto chain = read_file(certificate), secret = read_file(key);
  clear();
  if (said->exit_code == 0 && chain && secret) return *chain + *secret;
  if (stop.stop_requested()) return fail(stopped());
  if (!told) return fail(told.error().while_("answering the certificate authority's question for " + domain));
  if (said->exit_code == 124) {
    return fail(ErrorKind::timed_out,
                "the certificate authority was not done with " + domain + " after " + std::string(kAtMost) + " s");
  }
  return fail(ErrorKind::failed, refusal(domain, options_.directory, said->errors));
}

}  // namespace sluice::acme
