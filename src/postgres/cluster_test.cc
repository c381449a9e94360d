#include "postgres/cluster.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "postgres/by_hand.h"
#include "postgres/test_cluster.h"

namespace sluice::postgres {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(ClusterTest, a_stage_has_a_database_of_its_own_and_no_right_more) {
  const auto a = stage("stg_ab12cd34_1");
  EXPECT_EQ(as(a, "CREATE TABLE t(i int); INSERT INTO t VALUES (7); SELECT i FROM t;"), "7");
  EXPECT_EQ(as(a, "SELECT tableowner FROM pg_tables WHERE tablename = 't';"), "stg_ab12cd34_1");
  EXPECT_EQ(as(a,
               "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolconnlimit FROM pg_roles "
               "WHERE rolname = current_user;"),
            "f\x1f"
            "f\x1f"
            "f\x1f"
            "f\x1f"
            "f\x1f"
            "60");
  EXPECT_EQ(as(a, "SHOW server_encoding;"), "UTF8");
  EXPECT_EQ(as(a, "SHOW data_checksums;"), "on");
  EXPECT_EQ(as(a, "SHOW fsync;"), "on");
  EXPECT_TRUE(contains(as(a, "CREATE DATABASE x;"), "permission denied"));
  EXPECT_TRUE(contains(as(a, "CREATE ROLE x;"), "permission denied"));
  EXPECT_TRUE(contains(as(a, "COPY (SELECT 1) TO PROGRAM 'true';"), "must be superuser"));
  EXPECT_TRUE(contains(as(a, "SET ROLE sluice;"), "permission denied"));
}

TEST_F(ClusterTest, two_stages_cannot_reach_each_others_database_nor_any_that_is_nobodys) {
  const auto a = stage("stg_a_1", "secret-a"), b = stage("stg_b_1", "secret-b");
  for (auto* database : {"stg_b_1", "postgres", "template1"}) {
    const auto said = as(a, "SELECT 1;", database);
    EXPECT_NE(said, "1") << database;
    EXPECT_TRUE(contains(said, "no pg_hba.conf entry")) << said;
  }
  Url wrong = b;
  wrong.password = "secret-a";
  EXPECT_TRUE(contains(as(wrong, "SELECT 1;"), "password authentication failed"));
  wrong.user = "sluice";
  EXPECT_TRUE(contains(as(wrong, "SELECT 1;", "postgres"), "pg_hba.conf rejects"));
  Url socket = a;
  socket.host = kSocketHere;
  EXPECT_TRUE(contains(as(socket, "SELECT 1;"), "pg_hba.conf rejects"));
  // Not even where the other one opens its own to everybody.
  EXPECT_EQ(as(b, "GRANT ALL ON DATABASE stg_b_1 TO PUBLIC;"), "");
  EXPECT_TRUE(contains(as(a, "SELECT 1;", "stg_b_1"), "no pg_hba.conf entry"));
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_database WHERE has_database_privilege('stg_a_1', oid, 'CONNECT') AND "
                     "datname NOT IN ('stg_a_1', 'stg_b_1', 'template0');"),
            "0")
      << "the second wall";
}

TEST_F(ClusterTest, ensuring_again_changes_nothing_and_mends_what_differs) {
  const auto a = stage("stg_a_1", "first");
  EXPECT_EQ(as(a, "CREATE TABLE t(i int);"), "");
  const auto verifier = [&] { return as_owner("SELECT rolpassword FROM pg_authid WHERE rolname = 'stg_a_1';"); };
  const auto kept = verifier();
  EXPECT_EQ(as(stage("stg_a_1", "first"), "SELECT count(*) FROM t;"), "0");
  EXPECT_EQ(verifier(), kept);
  const auto other = stage("stg_a_1", "second");
  EXPECT_EQ(as(other, "SELECT count(*) FROM t;"), "0");
  EXPECT_TRUE(contains(as(a, "SELECT 1;"), "password authentication failed"));
  // What the owner of a database can do to itself, and what a crash leaves.
  EXPECT_EQ(as(other,
               "GRANT CONNECT ON DATABASE stg_a_1 TO PUBLIC; ALTER DATABASE stg_a_1 IS_TEMPLATE true; ALTER DATABASE "
               "stg_a_1 CONNECTION LIMIT 0;"),
            "");
  EXPECT_EQ(as_owner("ALTER DATABASE stg_a_1 ALLOW_CONNECTIONS false;"), "");
  EXPECT_EQ(as_owner("ALTER ROLE stg_a_1 SUPERUSER CREATEDB;"), "");
  EXPECT_EQ(as(stage("stg_a_1", "second"), "SELECT count(*) FROM t;"), "0");
  EXPECT_EQ(as_owner("SELECT datistemplate, datconnlimit, datacl FROM pg_database WHERE datname = 'stg_a_1';"),
            "f\x1f-1\x1f{stg_a_1=CTc/stg_a_1}");
  EXPECT_EQ(as_owner("SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = 'stg_a_1';"), "f");
  EXPECT_EQ(as_owner("CREATE ROLE stg_half_1; "), "");
  EXPECT_EQ(as(stage("stg_half_1"), "SELECT 1;"), "1") << "a role without its database";
}

TEST_F(ClusterTest, names_and_passwords_may_be_odd) {
  for (const std::string name :
       {"it's", "a \"b\" c", "back\\slash", "gr\xc3\xbc\xc3\x9f", "UPPER=1 host=x", "50%", "$x:y"}) {
    const std::string password = "p 'w\"\\$:@/%{}~`" + std::string(80, 'x');
    const auto who = stage(name, password);
    EXPECT_EQ(as(who, "SELECT current_database() = current_user;"), "t") << name;
    EXPECT_EQ(as(*Url::parse(who.text()), "SELECT 1;"), "1") << who.text();
    auto login = cluster_->session(name, 1min);
    ASSERT_TRUE(login) << login.error().message;
    EXPECT_EQ(as(*login, "SELECT current_user;"), name);
    const auto file = dir_ / "backup";
    EXPECT_TRUE(cluster_->dump(name, file)) << name;
    EXPECT_EQ(good(cluster_->restore(name, file)), "") << name;
    EXPECT_EQ(as(who, "SELECT 1;"), "1") << name;
    EXPECT_EQ(good(cluster_->drop(name)), "") << name;
    EXPECT_FALSE(*cluster_->exists(name));
  }
  for (const std::string name : {"", "postgres", "template1", "sluice", "pg_x", "a~b", "a\nb", "\xff"}) {
    EXPECT_EQ(cluster_->ensure(name, "x").error().kind, ErrorKind::invalid) << name;
  }
  EXPECT_EQ(cluster_->ensure(std::string(41, 'x'), "x").error().kind, ErrorKind::invalid);
  EXPECT_EQ(cluster_->ensure("x", "").error().kind, ErrorKind::invalid);
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_roles WHERE NOT rolname LIKE 'pg\\_%';"), "1") << "nothing is left";
}

TEST_F(ClusterTest, a_database_goes_with_its_connections_its_guests_and_its_rights_elsewhere) {
  const auto a = stage("stg_a_1"), b = stage("stg_b_1");
  EXPECT_TRUE(cluster_->session("stg_a_1", 1h));
  EXPECT_EQ(as(b, "CREATE TABLE t(i int); GRANT SELECT ON t TO stg_a_1; GRANT CONNECT ON DATABASE stg_b_1 TO stg_a_1;"),
            "");
  EXPECT_EQ(as(a, "ALTER DATABASE stg_a_1 IS_TEMPLATE true;"), "");
  std::jthread busy([&] { as(a, "SELECT pg_sleep(60);"); });
  EXPECT_TRUE(eventually([&] {
    return as_owner("SELECT count(*) FROM pg_stat_activity WHERE datname = 'stg_a_1' AND query LIKE '%sleep%';") == "1";
  }));
  EXPECT_GT(cluster_->size("stg_a_1").value_or(0), 1'000'000);
  EXPECT_EQ(good(cluster_->drop("stg_a_1")), "");
  EXPECT_EQ(good(cluster_->drop("stg_a_1")), "") << "again";
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'stg\\_a%';"), "0");
  EXPECT_EQ(cluster_->size("stg_a_1").error().kind, ErrorKind::not_found);
  EXPECT_EQ(as(b, "SELECT count(*) FROM t;"), "0");
}

// A cluster in a folder whose name a shell would take apart.
class OddClusterTest : public ClusterTest {
 protected:
  fs::path place() const override { return dir_ / "it's odd" / "postgres"; }
};

TEST_F(OddClusterTest, a_person_removes_a_database_with_the_line_that_is_told) {
  const auto a = stage("stg_a_1"), b = stage("stg_b_1");
  std::jthread busy([&] { as(a, "SELECT pg_sleep(60);"); });
  EXPECT_TRUE(eventually([&] {
    return as_owner("SELECT count(*) FROM pg_stat_activity WHERE datname = 'stg_a_1' AND query LIKE '%sleep%';") == "1";
  }));
  ProcessCommand shell;
  shell.argv = {"sh", "-c", drop_line(place(), "stg_a_1")};
  for (int times = 0; times < 2; ++times) {
    const auto done = run(shell);
    ASSERT_TRUE(done);
    EXPECT_TRUE(done->ok()) << done->out << done->err;
  }
  EXPECT_FALSE(*cluster_->exists("stg_a_1"));
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'stg\\_a%';"), "0");
  EXPECT_EQ(as(b, "SELECT 1;"), "1");
}

TEST_F(ClusterTest, a_session_is_the_stages_and_ends) {
  const auto a = stage("stg_a_1");
  auto login = cluster_->session("stg_a_1", 1h);
  ASSERT_TRUE(login) << login.error().message;
  EXPECT_NE(login->user, "stg_a_1");
  EXPECT_EQ(as(*login, "CREATE TABLE made(i int); SELECT tableowner FROM pg_tables WHERE tablename = 'made';"),
            "stg_a_1");
  EXPECT_EQ(as(*login,
               "SET ROLE NONE; CREATE TABLE mine(i int); SELECT tableowner = session_user FROM pg_tables WHERE "
               "tablename = 'mine';"),
            "t")
      << "when it insists";
  stage("stg_b_1");
  EXPECT_TRUE(contains(as(*login, "SELECT 1;", "stg_b_1"), "no pg_hba.conf entry"));
  auto gone = cluster_->forget_sessions();
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(*gone, 0);
  auto brief = cluster_->session("stg_a_1", 0ms);
  ASSERT_TRUE(brief);
  EXPECT_TRUE(contains(as(*brief, "SELECT 1;"), "password authentication failed"));
  EXPECT_EQ(*cluster_->forget_sessions(), 1);
  EXPECT_EQ(as_owner("ALTER ROLE " + identifier(login->user) + " VALID UNTIL '2020-01-01';"), "");
  EXPECT_EQ(*cluster_->forget_sessions(), 1);
  EXPECT_EQ(as(a, "SELECT tableowner FROM pg_tables WHERE tablename = 'mine';"), "stg_a_1") << "it stays";
  EXPECT_EQ(cluster_->session("stg_x", 1h).error().kind, ErrorKind::not_found);
}

TEST_F(ClusterTest, its_log_holds_neither_passwords_nor_statements) {
  const auto a = stage("stg_a_1", "hunter2-the-first");
  stage("stg_a_1", "hunter2-the-second");
  Url wrong = a;
  wrong.password = "hunter2-wrong";
  as(wrong, "SELECT 1;");
  as(stage("stg_a_1", "hunter2-the-second"), "ALTER ROLE sluice PASSWORD 'hunter2-stolen';");
  as(stage("stg_a_1", "hunter2-the-second"),
     "CREATE TABLE u(p text UNIQUE); INSERT INTO u VALUES ('hunter2-row'), ('hunter2-row');");
  EXPECT_TRUE(contains(log(), "password authentication failed")) << "it logs";
  EXPECT_TRUE(contains(log(), "duplicate key"));
  EXPECT_FALSE(contains(log(), "hunter2")) << log();
}

TEST_F(ClusterTest, the_same_port_and_data_after_a_restart_and_a_second_opening) {
  const auto a = stage("stg_a_1");
  EXPECT_EQ(as(a, "CREATE TABLE t AS SELECT 5 AS i;"), "");
  const auto port = cluster_->port();
  open();
  EXPECT_EQ(cluster_->port(), port) << "while it runs";
  EXPECT_EQ(good(cluster_->await(5s)), "");
  const auto begin = std::chrono::steady_clock::now();
  std::jthread busy([&] { as(a, "SELECT pg_sleep(60);"); });
  EXPECT_TRUE(eventually([&] {
    return as_owner(
               "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(60%' AND pid <> pg_backend_pid();") ==
           "1";
  }));
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s) << "it does not wait for the app";
  EXPECT_EQ(cluster_->state(), State::down);
  EXPECT_TRUE(contains(cluster_->await(0ms).error().message, "do not run"));
  EXPECT_EQ(cluster_->ensure("stg_a_1", "x").error().kind, ErrorKind::unavailable);
  open();
  start();
  EXPECT_EQ(cluster_->port(), port);
  EXPECT_EQ(as(a, "SELECT i FROM t;"), "5");
}

TEST_F(ClusterTest, a_port_that_another_program_took_is_named) {
  stop();
  auto other = Cluster::open({dir_ / "other"});
  ASSERT_TRUE(other);
  ASSERT_TRUE(write_file(dir_ / "other" / "port", std::to_string(cluster_->port())));
  start();
  auto again = Cluster::open({dir_ / "other"});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  EXPECT_TRUE(contains(again.error().message, std::to_string(cluster_->port())));
}

TEST_F(ClusterTest, a_lock_left_by_a_killed_one_whose_number_another_has_now_is_cleared) {
  stop(SIGKILL);
  const auto lock = place() / "cluster" / "postmaster.pid";
  EXPECT_TRUE(eventually([&] { return fs::exists(lock); }));
  auto text = read_file(lock).value_or("");
  // This very process: alive, of the same user, and no PostgreSQL.
  ASSERT_TRUE(write_file(lock, std::to_string(::getpid()) + text.substr(text.find('\n')), 0600));
  EXPECT_TRUE(eventually([&] {
    open();
    return !fs::exists(lock);
  })) << "as soon as nothing of the killed one is left";
  start();
}

TEST_F(ClusterTest, killed_under_writes_it_loses_nothing_that_was_acknowledged) {
  const auto a = stage("stg_a_1");
  EXPECT_EQ(as(a, "CREATE TABLE t(i bigserial PRIMARY KEY, who int);"), "");
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 3; ++round) {
    std::string statements;
    for (int i = 0; i < 20'000; ++i) statements += "INSERT INTO t(who) VALUES (1) RETURNING i;\n";
    std::atomic<std::int64_t> seen = 0;
    std::jthread writer([&] {
      auto command = client(find_client()->path("psql"), a, {"-X", "-q", "-A", "-t"}, "/", {60s, {}});
      command.input = statements;
      command.on_output = [&](std::string_view text) { seen += std::count(text.begin(), text.end(), '\n'); };
      command.on_error = [](std::string_view) {};
      (void)run(command);
    });
    EXPECT_TRUE(eventually([&] { return seen > 50; }));
    ::kill(server_->pid(), SIGKILL);
    writer.join();
    EXPECT_LT(seen, 20'000) << "killed in the middle";
    acknowledged += seen;
    start();
    const auto there = std::stoll(as(a, "SELECT count(*) FROM t;"));
    EXPECT_GE(there, acknowledged);
    EXPECT_LE(there, acknowledged + round + 1) << "at most the one whose answer was on its way, each time";
  }
}

TEST_F(ClusterTest, killed_while_it_sets_up_a_stage_the_same_call_again_succeeds) {
  for (int i = 0; i < 6; ++i) {
    const auto name = "stg_k_" + std::to_string(i);
    std::jthread ensuring([&] { (void)cluster_->ensure(name, "secret"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(25 * i));  // not waited for: anywhere in the middle
    ::kill(server_->pid(), SIGKILL);
    ensuring.join();
    start();
    EXPECT_EQ(as(stage(name), "SELECT 1;"), "1") << i;
  }
}

class DeepClusterTest : public ClusterTest {
  fs::path place() const override { return dir_ / std::string(200, 'x') / "it's \"deep\"" / "postgres"; }
};

TEST_F(DeepClusterTest, works_where_a_sockets_path_would_be_too_long) {
  EXPECT_EQ(as(stage("stg_a_1"), "SELECT 1;"), "1");
  const auto file = dir_ / "backup";
  EXPECT_TRUE(cluster_->dump("stg_a_1", file));
  EXPECT_EQ(good(cluster_->restore("stg_a_1", file)), "");
}

TEST_F(ClusterTest, nobody_else_can_look_into_its_folder) {
  struct stat info {};
  for (auto* part : {"", "run", "cluster"}) {
    ASSERT_EQ(::stat((place() / part).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700U) << part;
  }
}

TEST(Tools, the_newest_is_taken_and_the_package_is_named) {
  be_an_ordinary_user();
  char name[] = "/tmp/sluice-pg-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const fs::path root = name;
  const auto install = [&](const std::string& version, const std::vector<std::string>& programs) {
    for (const auto& program : programs) {
      ASSERT_TRUE(make_dirs(root / version / "bin"));
      ASSERT_TRUE(write_file(root / version / "bin" / program, "", 0755));
    }
  };
  EXPECT_TRUE(contains(find_server(0, root / "none").error().message, "postgresql-15"));
  EXPECT_TRUE(contains(find_client(root).error().message, "postgresql-client-15"));
  const std::vector<std::string> all{"postgres", "initdb", "psql", "pg_dump", "pg_restore"};
  install("9.6", all);
  install("14", all);
  EXPECT_FALSE(find_server(0, root)) << "too old";
  EXPECT_EQ(find_client(root)->version, 14);
  install("15", all);
  install("16", all);
  install("17", {"psql"});
  EXPECT_EQ(find_server(0, root)->version, 16);
  EXPECT_EQ(find_server(15, root)->version, 15) << "that made the databases";
  EXPECT_TRUE(contains(find_server(18, root).error().message, "postgresql-18"));
  EXPECT_EQ(find_client(root)->version, 17);
  EXPECT_TRUE(remove_tree(root));
}

}  // namespace
}  // namespace sluice::postgres
