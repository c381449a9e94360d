#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <grp.h>

#include "base/codec.h"
#include "base/files.h"
#include "base/proc.h"
#include "base/process.h"
#include "platform/local/backups.h"
#include "platform/local/databases.h"
#include "platform/local/fixture_test.h"
#include "platform/local/site.h"
#include "supervise/supervisor.h"

// Stages with databases, on a real PostgreSQL.
namespace sluice::platform::local {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using pipeline::DatabaseKind;
using pipeline::WorkKind;

constexpr const char* kPsql = "$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)/psql -qAtX -v ON_ERROR_STOP=1 ";

class DatabaseTest : public LocalTest {
 protected:
  void SetUp() override {
    if (::geteuid() == 0) {  // PostgreSQL does not run as root: this process becomes another user for good
      const auto* user = ::getpwnam("sluice");
      const uid_t uid = user ? user->pw_uid : 65534;
      const gid_t gid = user ? user->pw_gid : 65534;
      ASSERT_EQ(::setgroups(0, nullptr), 0);
      ASSERT_EQ(::setresgid(gid, gid, gid), 0);
      ASSERT_EQ(::setresuid(uid, uid, uid), 0);
    }
    ::signal(SIGPIPE, SIG_IGN);
    LocalTest::SetUp();
    config_.database = DatabaseKind::created;
    database_secret_ = "0123456789abcdef";
  }

  // A web server whose release command asks the database.
  std::string app(const std::string& text, const std::string& statements) {
    build::Plan plan;
    plan.release = std::string(kPsql) + "-c '" + statements + "'";
    return web(text, plan);
  }
  std::string environment_of(const std::string& stage = "dev") { return "\n" + visit(stage, "/env").body + "\n"; }
  // What the cluster's owner sees.
  std::string ask(const std::string& statement, const std::string& database = "postgres") {
    ProcessCommand psql;
    psql.argv = {"sh", "-c",
                 std::string(kPsql) + "-h /proc/self/cwd -U sluice -p $(cat ../port) -d '" + database + "' -c \"" +
                     statement + "\""};
    psql.cwd = (dir_ / "databases/postgres/run").string();
    auto ran = sluice::run(psql);
    auto out = ran ? ran->out + ran->err : ran.error().message;
    while (out.ends_with('\n')) out.pop_back();
    return out;
  }
  pid_t server() const {
    const auto pid = read_file(dir_ / "databases/postgres/cluster/postmaster.pid");
    return pid ? std::atoi(pid->c_str()) : 0;  // empty for a moment, while it is being written
  }
  std::vector<Backup> backups() const { return Backups(dir_ / "databases/backups").all(); }
};

TEST_F(DatabaseTest, is_ready_before_the_release_command_and_told_to_the_app) {
  ASSERT_EQ(message(deploy(app("one", "create table t (n int); insert into t values (7)"))), "done") << log_;
  EXPECT_NE(log_.find("a new, empty database"), std::string::npos) << log_;
  const auto port = read_file(dir_ / "databases/postgres/port")->substr(0, 5);
  const auto env = environment_of();
  for (const auto& line :
       {"DATABASE_URL=postgresql://stg_test0001dev:0123456789abcdef@127.0.0.1:" + port + "/stg_test0001dev",
        std::string("PGHOST=127.0.0.1"), "PGPORT=" + port, std::string("PGUSER=stg_test0001dev"),
        std::string("PGPASSWORD=0123456789abcdef"), std::string("PGDATABASE=stg_test0001dev"),
        std::string("PG_HOST=127.0.0.1"), "PG_PORT=" + port, std::string("PG_USER=stg_test0001dev"),
        std::string("PG_USERNAME=stg_test0001dev"), std::string("PG_PASSWORD=0123456789abcdef"),
        std::string("PG_DATABASE=stg_test0001dev")}) {
    EXPECT_NE(env.find("\n" + line + "\n"), std::string::npos) << line << env;
  }
  EXPECT_EQ(ask("select n from t", "stg_test0001dev"), "7");
  // The next deployment finds what the one before it left.
  ASSERT_EQ(message(deploy(app("two", "insert into t values (8)"))), "done") << log_;
  EXPECT_EQ(ask("select count(*) from t", "stg_test0001dev"), "2");
  EXPECT_EQ(log_.find(database_secret_), std::string::npos) << log_;
  for (const auto& process : proc::all()) {
    const auto line = read_file("/proc/" + std::to_string(process.pid) + "/cmdline").value_or("");
    EXPECT_EQ(line.find(database_secret_), std::string::npos) << line;
  }
}

TEST_F(DatabaseTest, a_variable_set_by_a_person_wins) {
  environment_ = {{"DATABASE_URL", "mine"}, {"PGHOST", "elsewhere"}};
  ASSERT_TRUE(done(deploy(web("one"))));
  const auto env = environment_of();
  EXPECT_NE(env.find("\nDATABASE_URL=mine\n"), std::string::npos) << env;
  EXPECT_NE(env.find("\nPGHOST=elsewhere\n"), std::string::npos) << env;
  EXPECT_NE(env.find("\nPG_HOST=127.0.0.1\n"), std::string::npos) << env;
}

TEST_F(DatabaseTest, a_stage_without_one_makes_none) {
  config_.database = DatabaseKind::none;
  ASSERT_TRUE(done(deploy(web("one"))));
  EXPECT_EQ(environment_of().find("PGHOST"), std::string::npos);
  EXPECT_FALSE(fs::exists(dir_ / "databases/postgres"));
}

// Two stages cannot reach each other's database with anything found in their sandbox.
TEST_F(DatabaseTest, a_stage_gets_into_no_database_but_its_own) {
  ASSERT_EQ(message(deploy(app("one", "create table secret as select 42 as n"), 1, "prod")), "done") << log_;
  const std::string other = "stg_test0001prod";
  const std::vector<std::string> attempts = {
      "q -d " + other + " -c 'select 1'",
      "q -d postgres -c 'select 1'",
      "q -d template1 -c 'select 1'",
      "q -U " + other + " -d " + other + " -c 'select 1'",
      "PGPASSWORD= q -U " + other + " -d " + other + " -c 'select 1'",
      "q -U sluice -d postgres -c 'select 1'",
      "q -h /tmp -U sluice -d postgres -c 'select 1'",
      "q -h " + (dir_ / "databases/postgres/run").string() + " -U sluice -d postgres -c 'select 1'",
      "q -c 'set role \"" + other + "\"'",
      "q -c 'select rolpassword from pg_authid'",
      "q -c \"copy (select 1) to program 'true'\"",
      "q -c \"select pg_read_file('/etc/passwd')\"",
      "q -c 'create role friend login superuser'",
      "q -c 'alter role " + other + " password null'",
      "ls " + dir_.string(),
      "cat /proc/*/environ | grep -a " + other.substr(0, 15) + "[d]",
      "grep -rsa 0123456789abcde[f] /etc /app /home /tmp /run /var /proc/[0-9]*/cmdline /proc/[0-9]*/environ",
  };
  std::string script = "q() { " + std::string(kPsql) + "-w \"$@\"; }\nq -c 'select 1' && echo own: in\n";
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    script += "{ " + attempts[i] + "; } >/dev/null 2>&1 && echo " + std::to_string(i) + ": in || echo " +
              std::to_string(i) + ": out\n";
  }
  build::Plan plan;
  plan.run = "python3 -m http.server --bind 127.0.0.1 $PORT";
  plan.release = "sh attempts";
  database_secret_ = "another-password";
  log_.clear();
  ASSERT_EQ(message(deploy(artifact({{"attempts", script}, {"index.html", ""}}, plan))), "done") << log_;
  EXPECT_NE(log_.find("own: in"), std::string::npos) << log_;
  for (std::size_t i = 0; i < attempts.size(); ++i)
    EXPECT_NE(log_.find("\n" + std::to_string(i) + ": out"), std::string::npos) << attempts[i] << "\n" << log_;
  EXPECT_EQ(ask("select n from secret", other), "42");
}

TEST_F(DatabaseTest, R9_2_it_goes_on_without_the_server_and_comes_back_after_a_restart_of_the_machine) {
  ASSERT_EQ(message(deploy(app("one", "create table t (n int)"))), "done") << log_;
  const auto pid = server();
  // As an earlier version wrote them: what runs goes on, its next start is this version's.
  const auto services = dir_ / "s6" / "services";
  const std::string earlier = "#!/bin/sh\nexec sleep 1000\n";
  for (const char* name : {"gateway", "databases"}) ASSERT_TRUE(write_file(services / name / "run", earlier, 0755));
  const auto s6 = supervise::Supervisor::ensure(dir_ / "s6");
  const int gateway = s6->pid(kGatewayService);
  open();
  ASSERT_TRUE(platform_->reconcile({stack()}));
  EXPECT_EQ(server(), pid);
  EXPECT_EQ(s6->pid(kGatewayService), gateway);
  EXPECT_EQ(visit().body, "one");
  for (const char* name : {"gateway", "databases"}) EXPECT_NE(*read_file(services / name / "run"), earlier) << name;
  // What a crash of the machine leaves: everything dead, the lock of the dead server in its place.
  const auto lock = *read_file(dir_ / "databases/postgres/cluster/postmaster.pid");
  platform_.reset();
  ASSERT_TRUE(LocalPlatform::down(dir_));
  ASSERT_TRUE(write_file(dir_ / "databases/postgres/cluster/postmaster.pid", lock, 0600));
  open();
  const auto back = platform_->reconcile({stack()});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(eventually([&] { return visit().body == "one"; }));
  EXPECT_EQ(ask("select count(*) from t", "stg_test0001dev"), "0");
}

TEST_F(DatabaseTest, while_it_does_not_run_the_app_stays_and_a_deployment_waits_and_says_so) {
  ASSERT_EQ(message(deploy(app("one", "create table t (n int)"))), "done") << log_;
  const auto s6 = supervise::Supervisor::ensure(dir_ / "s6");
  ASSERT_TRUE(s6);
  ASSERT_TRUE(s6->stop({kDatabaseService}, 10s));
  EXPECT_EQ(visit().body, "one");
  log_.clear();
  const auto waits = run(work(WorkKind::provision));
  ASSERT_TRUE(std::holds_alternative<NotYet>(waits)) << message(waits);
  EXPECT_NE(std::get<NotYet>(waits).note.find("the databases do not run"), std::string::npos);
  EXPECT_NE(log_.find("waiting: the databases do not run"), std::string::npos) << log_;
  open();  // a start of the server starts what is down
  ASSERT_EQ(message(deploy(app("two", "insert into t values (1)"))), "done") << log_;
}

TEST_F(DatabaseTest, databases_that_do_not_come_back_with_s6_are_said_once_and_tried_until_they_do) {
  ASSERT_EQ(message(deploy(app("one", "create table t (n int)"))), "done") << log_;
  const auto control = dir_ / "databases/postgres/cluster/global";
  fs::rename(control, dir_ / "lost");
  kill_supervised();
  const auto why = [&] {
    const auto absent = platform_->absent();
    return absent.empty() ? std::string() : absent.begin()->second;
  };
  EXPECT_TRUE(eventually(
      [&] {
        return why() ==
               "it waits for its database: the databases do not run; PostgreSQL's log "
               "says why";
      },
      60s))
      << why();
  EXPECT_TRUE(eventually([&] { return !reported("the databases").empty(); }, 60s));
  fs::rename(dir_ / "lost", control);
  EXPECT_TRUE(eventually([&] { return visit().body == "one"; }, 120s));
  EXPECT_TRUE(eventually([&] { return reported("the databases").size() == 2; }));
  EXPECT_EQ(reported("the databases").front(), "the databases do not run; PostgreSQL's log says why (" +
                                                   (dir_ / "databases/log/current").string() +
                                                   "); it is tried again until it comes back");
  EXPECT_EQ(reported("the databases").back(), "the databases are back");
  EXPECT_EQ(why(), "");
}

TEST_F(DatabaseTest, killed_again_and_again_it_loses_nothing_that_was_acknowledged) {
  ASSERT_EQ(message(deploy(app("one", "create table t (n int)"))), "done") << log_;
  std::atomic<bool> stop = false;
  std::atomic<int> acknowledged = 0;
  std::thread writer([&] {
    ProcessCommand insert;
    for (int n = 1; !stop; ++n) {
      insert.argv = {"sh", "-c",
                     std::string(kPsql) +
                         "-h 127.0.0.1 -p $(cat port) -U stg_test0001dev -d stg_test0001dev -c "
                         "'insert into t values (" +
                         std::to_string(n) + ")'"};
      insert.cwd = (dir_ / "databases/postgres").string();
      insert.env = std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"PGPASSWORD", database_secret_}};
      while (!stop) {
        const auto done = sluice::run(insert);
        if (done && done->ok()) break;
      }
      if (!stop) acknowledged = n;
    }
  });
  for (int time = 0; time < 10; ++time) {
    const int before = acknowledged;
    const auto pid = server();
    EXPECT_TRUE(eventually([&] { return acknowledged > before + 2; }, 60s));
    ::kill(pid, SIGKILL);
    EXPECT_TRUE(eventually([&] { return server() != pid && server() != 0; }, 60s));
  }
  EXPECT_TRUE(eventually([&, before = acknowledged.load()] { return acknowledged > before; }, 60s));
  stop = true;
  writer.join();
  EXPECT_EQ(ask("select count(distinct n) from t where n <= " + std::to_string(acknowledged), "stg_test0001dev"),
            std::to_string(acknowledged));
  EXPECT_EQ(visit().body, "one");
}

TEST_F(DatabaseTest, R6_2_a_deleted_stages_database_is_backed_up_and_the_backup_stays) {
  ASSERT_EQ(message(deploy(app("one", "create table t as select 5 as n"))), "done") << log_;
  stages_["dev"].attempt += 1;
  EXPECT_EQ(message(run(work(WorkKind::remove))), "done");
  EXPECT_EQ(ask("select count(*) from pg_database where datname like 'stg%'"), "0");
  open();
  ASSERT_TRUE(platform_->reconcile({}));
  ASSERT_EQ(backups().size(), 1u);
  const auto backup = backups().front();
  EXPECT_EQ(backup.cause, BackupCause::deleted);
  EXPECT_EQ(backup.stack_name + "/" + backup.stage_name, "shop/dev");
  EXPECT_EQ(backup.change, 1);
  EXPECT_TRUE(backup.name.starts_with("test0001dev-2")) << backup.name;
  const auto found = Backups(dir_ / "databases/backups").find(backup.name);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, backup);
  EXPECT_GT(fs::file_size(Backups(dir_ / "databases/backups").file(backup)), 100u);
}

TEST_F(DatabaseTest, R6_2_where_the_backup_fails_the_deletion_waits_and_a_forced_one_leaves_the_database) {
  ASSERT_EQ(message(deploy(app("one", "create table t as select 5 as n"))), "done") << log_;
  ASSERT_TRUE(write_file(dir_ / "databases/backups", "in the way"));
  stages_["dev"].attempt += 1;
  auto removal = work(WorkKind::remove);
  const auto refused = run(removal);
  ASSERT_TRUE(std::holds_alternative<Error>(refused));
  EXPECT_NE(message(refused).find("backing up the database before it is removed"), std::string::npos);
  EXPECT_EQ(ask("select n from t", "stg_test0001dev"), "5");
  removal.forced = true;
  EXPECT_EQ(message(run(removal)), "done");
  EXPECT_EQ(ask("select n from t", "stg_test0001dev"), "5");
}

TEST_F(DatabaseTest, R7_7_changing_away_backs_it_up_when_nothing_uses_it_any_more) {
  ASSERT_EQ(message(deploy(app("one", "create table t as select 5 as n"))), "done") << log_;
  config_.database = DatabaseKind::none;
  // Housekeeping while the former settings still serve leaves it alone.
  EXPECT_EQ(message(retire()), "done");
  EXPECT_EQ(ask("select n from t", "stg_test0001dev"), "5");
  ASSERT_EQ(message(deploy(web("two"))), "done") << log_;
  EXPECT_EQ(message(retire()), "done");
  EXPECT_EQ(ask("select count(*) from pg_database where datname like 'stg%'"), "0");
  ASSERT_EQ(backups().size(), 1u);
  EXPECT_EQ(backups().front().cause, BackupCause::changed);
  EXPECT_EQ(message(retire()), "done");
  EXPECT_EQ(backups().size(), 1u);
  // A new one again is empty.
  config_.database = DatabaseKind::created;
  ASSERT_EQ(message(deploy(app("three", "create table t (n int)"))), "done") << log_;
  EXPECT_EQ(backups().size(), 1u);
}

TEST_F(DatabaseTest, an_existing_one_is_tried_and_told_to_the_app) {
  ASSERT_EQ(message(deploy(app("one", "create table t as select 5 as n"), 1, "other")), "done") << log_;
  const auto port = read_file(dir_ / "databases/postgres/port")->substr(0, 5);
  const auto at = "@127.0.0.1:" + port + "/stg_test0001other";
  config_.database = DatabaseKind::existing;
  database_secret_ = "postgres://stg_test0001other:0123456789abcdef" + at;
  ASSERT_EQ(message(deploy(app("two", "select n from t"))), "done") << log_;
  EXPECT_NE(environment_of().find("\nDATABASE_URL=postgresql://stg_test0001other:0123456789abcdef" + at + "\n"),
            std::string::npos);
  EXPECT_EQ(log_.find("0123456789abcdef"), std::string::npos) << log_;
  database_secret_ = "postgres://stg_test0001other:wrong" + at;
  EXPECT_NE(message(deploy(web("three"))).find("the existing database cannot be used: "), std::string::npos);
  EXPECT_EQ(visit().body, "two");
  // Deleting the stage touches nothing of it.
  stages_["dev"].attempt += 1;
  EXPECT_EQ(message(run(work(WorkKind::remove))), "done");
  EXPECT_EQ(ask("select n from t", "stg_test0001other"), "5");
  EXPECT_TRUE(backups().empty());
}

TEST_F(DatabaseTest, a_backup_is_restored_and_what_it_replaced_is_kept) {
  ASSERT_EQ(message(deploy(app("one", "create table t as select 5 as n"))), "done") << log_;
  const auto task = [&](WorkKind kind, pipeline::Task what, const std::string& stage = "dev") {
    auto piece = work(kind, stage);
    piece.task = std::move(what);
    return run(piece);
  };
  const auto made = task(WorkKind::back_up, {});
  ASSERT_TRUE(done(made)) << message(made);
  const auto name = std::get<Done>(made).artifact;
  ASSERT_EQ(backups().size(), 1u);
  EXPECT_EQ(backups().front().name, name);
  EXPECT_EQ(backups().front().cause, BackupCause::asked);
  ask("delete from t", "stg_test0001dev");
  pipeline::Task restore;
  restore.kind = pipeline::TaskKind::restore;
  restore.backup = name;
  EXPECT_EQ(message(task(WorkKind::restore, restore)), "done");
  EXPECT_EQ(ask("select n from t", "stg_test0001dev"), "5");
  EXPECT_EQ(environment_of().find("\nPGHOST=127.0.0.1\n") != std::string::npos, true) << "the app stays";
  ASSERT_EQ(backups().size(), 2u);
  EXPECT_EQ(backups().front().cause, BackupCause::replaced);

  // Into another stage's, by its backup and as a copy.
  ASSERT_EQ(message(deploy(app("two", "create table other (n int)"), 1, "prod")), "done") << log_;
  EXPECT_EQ(message(task(WorkKind::restore, restore, "prod")), "done");
  EXPECT_EQ(ask("select n from t", "stg_test0001prod"), "5");
  ask("insert into t values (6)", "stg_test0001prod");
  pipeline::Task copy;
  copy.kind = pipeline::TaskKind::copy;
  copy.from = work(WorkKind::restore, "prod").stage;
  EXPECT_EQ(message(task(WorkKind::copy_database, copy)), "done");
  EXPECT_EQ(ask("select count(*) from t", "stg_test0001dev"), "2");

  restore.backup = "test0001dev-20200101-000000";
  EXPECT_NE(message(task(WorkKind::restore, restore)).find("there is no backup of that name"), std::string::npos);
  // One that was damaged changes nothing.
  restore.backup = name;
  const auto file = Backups(dir_ / "databases/backups").file(*Backups(dir_ / "databases/backups").find(name));
  auto damaged = *read_file(file);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] + 1);
  ASSERT_TRUE(write_file(file, damaged, 0600));
  EXPECT_FALSE(done(task(WorkKind::restore, restore)));
  EXPECT_EQ(ask("select count(*) from t", "stg_test0001dev"), "2");
}

TEST_F(DatabaseTest, its_facts_and_a_login_for_a_person) {
  const auto stage = work(WorkKind::start).stage;
  EXPECT_FALSE(platform_->database(stage).made);
  EXPECT_EQ(platform_->database_login(stage).error().kind, ErrorKind::not_found);
  ASSERT_EQ(message(deploy(app("one", "create table t as select 5 as n"))), "done") << log_;
  const auto facts = platform_->database(stage);
  EXPECT_TRUE(facts.made && facts.answers) << facts.problem;
  EXPECT_GT(facts.bytes.value_or(0), 1'000'000);
  const auto login = platform_->database_login(stage);
  ASSERT_TRUE(login) << login.error().message;
  EXPECT_NE(login->user, stage.value);
  EXPECT_EQ(login->database, stage.value);
  ASSERT_TRUE(supervise::Supervisor::ensure(dir_ / "s6")->stop({kDatabaseService}, 10s));
  EXPECT_FALSE(platform_->database(stage).answers);
  EXPECT_NE(platform_->database(stage).problem.find("do not run"), std::string::npos);
}

TEST(BackupsKept, daily_ones_of_a_week_and_of_four_weeks_and_all_that_was_asked_for) {
  char name[] = "/tmp/sluice-backups-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const fs::path dir = name;
  const Backups backups(dir);
  const auto now = from_rfc3339("2026-03-01T03:00:00.000Z").value();
  ASSERT_TRUE(make_dirs(dir / "stg_a"));
  const auto put = [&](BackupCause cause, int days) {
    Backup one;
    one.name = "a-" + std::to_string(static_cast<int>(cause)) + "-" + std::to_string(days);
    one.cause = cause;
    one.at = now - std::chrono::hours(24 * days);
    one.stage = {"stg_a"};
    EXPECT_TRUE(write_file(dir / "stg_a" / (one.name + ".json"), boost::json::serialize(codec::write(one))));
    EXPECT_TRUE(write_file(backups.file(one), "x"));
  };
  for (int days = 0; days < 60; ++days) put(BackupCause::daily, days);
  for (int days = 0; days < 60; days += 10) put(BackupCause::asked, days);
  for (int days = 0; days < 6; ++days) put(BackupCause::replaced, days);
  ASSERT_TRUE(backups.prune({"stg_a"}));
  std::map<BackupCause, std::vector<std::int64_t>> kept;
  for (const auto& one : backups.of({"stg_a"})) kept[one.cause].push_back((now - one.at) / std::chrono::hours(24));
  EXPECT_EQ(kept[BackupCause::asked].size(), 6u);
  EXPECT_EQ(kept[BackupCause::replaced], (std::vector<std::int64_t>{0, 1, 2}));
  const auto& daily = kept[BackupCause::daily];
  ASSERT_GE(daily.size(), 9u);
  ASSERT_LE(daily.size(), 11u);
  for (int days = 0; days < 7; ++days) EXPECT_EQ(daily[static_cast<std::size_t>(days)], days);
  EXPECT_GE(daily.back(), 15);
  EXPECT_LE(daily.back(), 28);
  EXPECT_TRUE(remove_tree(dir));
}

TEST_F(DatabaseTest, scaling_tells_new_instances_too) {
  ASSERT_EQ(message(deploy(web("one"), 0)), "done") << log_;
  stages_["dev"].instances = 2;
  ASSERT_EQ(message(run(work(WorkKind::scale))), "done");
  EXPECT_NE(environment_of().find("\nPGPASSWORD=0123456789abcdef\n"), std::string::npos);
}

}  // namespace
}  // namespace sluice::platform::local
