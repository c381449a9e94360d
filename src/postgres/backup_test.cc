#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "postgres/cluster.h"
#include "postgres/test_cluster.h"

namespace sluice::postgres {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class BackupTest : public ClusterTest {
 protected:
  // An extension, a sequence, a foreign key, a large object, a view, a function in a constraint, a comment.
  void furnish(const Url& who) {
    EXPECT_EQ(as(who, R"(CREATE EXTENSION hstore; CREATE EXTENSION "uuid-ossp"; CREATE EXTENSION citext;
COMMENT ON EXTENSION hstore IS 'ours';
CREATE SCHEMA shop;
CREATE TYPE shop.kind AS ENUM ('a', 'b');
CREATE TABLE shop.customer(id bigserial PRIMARY KEY, mail citext UNIQUE, more hstore, kind shop.kind);
CREATE FUNCTION shop.positive(n int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n > 0; END';
CREATE TABLE shop.line(id int GENERATED ALWAYS AS IDENTITY, customer bigint NOT NULL REFERENCES shop.customer, n int CHECK (shop.positive(n)));
CREATE VIEW busy AS SELECT customer, sum(n) FROM shop.line GROUP BY 1;
CREATE MATERIALIZED VIEW busier AS SELECT * FROM busy;
INSERT INTO shop.customer(mail, more, kind) SELECT 'User' || i || '@example.com', hstore('k', i::text), 'b' FROM generate_series(1, 500) i;
INSERT INTO shop.line(customer, n) SELECT 1 + i % 500, i FROM generate_series(1, 2000) i;
CREATE TABLE picture(o oid);
INSERT INTO picture SELECT lo_from_bytea(0, 'a large object');
)"),
              "");
  }
  std::string content(const Url& who) {
    return as(who, R"(SELECT count(*), min(mail), sum((more->'k')::int) FROM shop.customer;
SELECT count(*), sum(n) FROM shop.line; SELECT sum(sum) FROM busy;
SELECT convert_from(lo_get(o), 'UTF8') FROM picture;
SELECT last_value FROM shop.customer_id_seq;
SELECT extname, pg_get_userbyid(extowner), obj_description(oid) FROM pg_extension ORDER BY 1;
SELECT count(*) FROM pg_constraint WHERE contype = 'f';
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace IN ('shop'::regnamespace, 'public'::regnamespace);
)");
  }
  int databases() { return std::stoi(as_owner("SELECT count(*) FROM pg_database;")); }
  int roles() { return std::stoi(as_owner("SELECT count(*) FROM pg_roles;")); }
};

TEST_F(BackupTest, everything_comes_back_and_belongs_to_the_stage) {
  const auto a = stage("stg_a_1");
  furnish(a);
  EXPECT_EQ(as(a, "ALTER DATABASE stg_a_1 SET search_path = shop, public;"), "");
  const auto before = content(a);
  const auto file = dir_ / "a.dump";
  auto backup = cluster_->dump("stg_a_1", file);
  ASSERT_TRUE(backup) << backup.error().message;
  EXPECT_EQ(static_cast<std::uintmax_t>(backup->bytes), fs::file_size(file));
  EXPECT_FALSE(fs::exists(file.string() + ".partial"));
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);

  EXPECT_EQ(as(a, "DROP TABLE shop.line CASCADE; DELETE FROM shop.customer; CREATE TABLE later(i int);"), "");
  std::jthread busy([&] { as(a, "SELECT pg_sleep(60);"); });
  EXPECT_TRUE(
      eventually([&] { return as_owner("SELECT count(*) FROM pg_stat_activity WHERE usename = 'stg_a_1';") == "1"; }));
  EXPECT_EQ(good(cluster_->restore("stg_a_1", file, {}, backup->sha256)), "");
  busy.join();
  EXPECT_EQ(content(a), before);
  EXPECT_TRUE(contains(before, "stg_a_1\x1fours")) << before;
  EXPECT_TRUE(contains(as(a, "SELECT * FROM later;"), "does not exist")) << "all of it is replaced";
  EXPECT_EQ(as(a, "SHOW search_path;"), "shop, public") << "a setting of now";
  EXPECT_EQ(as(a, "INSERT INTO shop.customer(mail) VALUES ('new') RETURNING id;"), "501");
  EXPECT_TRUE(contains(as(a, "INSERT INTO shop.line(customer, n) VALUES (9999, 1);"), "foreign key"));
  EXPECT_EQ(as(a, "SELECT reltuples::int FROM pg_class WHERE relname = 'line';"), "2000") << "statistics are there";
  EXPECT_EQ(databases(), 4);
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%~%';"), "0");
  EXPECT_EQ(as_owner("SELECT datacl FROM pg_database WHERE datname = 'stg_a_1';"), "{stg_a_1=CTc/stg_a_1}");

  const auto b = stage("stg_b_1", "other");
  EXPECT_EQ(good(cluster_->copy("stg_a_1", "stg_b_1")), "");
  EXPECT_TRUE(contains(content(b), "stg_b_1\x1fours"));
  EXPECT_FALSE(contains(content(b), "stg_a_1"));
  EXPECT_TRUE(fs::is_empty(place() / "copies"));
  EXPECT_EQ(cluster_->copy("stg_a_1", "stg_a_1").error().kind, ErrorKind::invalid);
  EXPECT_EQ(cluster_->copy("stg_a_1", "stg_x").error().kind, ErrorKind::not_found);
}

TEST_F(BackupTest, a_restore_that_fails_changes_nothing) {
  const auto a = stage("stg_a_1");
  furnish(a);
  const auto file = dir_ / "a.dump", bad = dir_ / "bad.dump";
  auto backup = cluster_->dump("stg_a_1", file);
  ASSERT_TRUE(backup);
  EXPECT_EQ(as(a, "CREATE TABLE later AS SELECT 1 AS i;"), "");
  const auto before = content(a);
  const auto text = read_file(file).value_or("");
  auto torn = text;
  for (auto i = text.size() / 2; i < text.size() / 2 + 64; ++i) torn[i] = static_cast<char>(~torn[i]);
  for (const auto& damaged : {std::string(), std::string("no backup"), text.substr(0, 100),
                              text.substr(0, text.size() / 2), text.substr(0, text.size() - 20), torn}) {
    ASSERT_TRUE(write_file(bad, damaged));
    auto done = cluster_->restore("stg_a_1", bad, {}, backup->sha256);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::invalid);
    // Also where nobody kept the digest.
    done = cluster_->restore("stg_a_1", bad);
    EXPECT_FALSE(done) << damaged.size() << " of " << text.size();
    EXPECT_EQ(as(a, "SELECT i FROM later;"), "1");
    EXPECT_EQ(content(a), before);
    EXPECT_EQ(databases(), 4);
  }
  EXPECT_EQ(cluster_->restore("stg_a_1", dir_ / "none").error().kind, ErrorKind::not_found);
  EXPECT_EQ(cluster_->restore("stg_x", file).error().kind, ErrorKind::not_found);
  EXPECT_EQ(cluster_->dump("stg_x", file).error().kind, ErrorKind::not_found);
  EXPECT_EQ(cluster_->restore("stg_a_1", file, {1ms, {}}).error().kind, ErrorKind::timed_out);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(cluster_->restore("stg_a_1", file, {{}, stop.get_token()}).error().kind, ErrorKind::cancelled);
  EXPECT_EQ(content(a), before);
}

// What an app wrote into its database runs while it is restored, and must not become the owner of the cluster.
TEST_F(BackupTest, code_in_a_backup_has_no_more_rights_than_the_stage) {
  const auto a = stage("stg_a_1");
  EXPECT_EQ(as(a, R"(CREATE TABLE seen(who text);
CREATE FUNCTION sneak(n int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('role', 'none', true);
  INSERT INTO public.seen VALUES (session_user || ' ' || (SELECT rolsuper FROM pg_roles WHERE rolname = session_user));
  RETURN true;
END $$;
CREATE TABLE t(n int CHECK (public.sneak(n)));
ALTER TABLE t DISABLE TRIGGER ALL;
INSERT INTO t VALUES (1);
DELETE FROM seen;
)"),
            "");
  const auto file = dir_ / "a.dump";
  ASSERT_TRUE(cluster_->dump("stg_a_1", file));
  EXPECT_EQ(good(cluster_->restore("stg_a_1", file)), "");
  EXPECT_EQ(as(a, "SELECT who FROM seen;"), "stg_a_1~restore false") << "it did run";
}

TEST_F(BackupTest, a_dump_that_does_not_end_well_leaves_the_older_one) {
  const auto a = stage("stg_a_1");
  furnish(a);
  const auto file = dir_ / "a.dump";
  ASSERT_TRUE(cluster_->dump("stg_a_1", file));
  const auto kept = read_file(file).value_or("");
  // Somebody holds a table: the dump waits for it, and is stopped or runs out of time.
  std::jthread locker([&] { as(a, "BEGIN; LOCK TABLE shop.line; SELECT pg_sleep(60);"); });
  EXPECT_TRUE(eventually([&] {
    return as_owner("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL;") !=
           "0";
  }));
  std::stop_source stop;
  std::jthread stopper([&] {
    EXPECT_TRUE(eventually(
        [&] { return as_owner("SELECT count(*) FROM pg_stat_activity WHERE usename LIKE '%guest%';") == "1"; }));
    // Meanwhile a stage can be deployed, and is neither restored nor dropped.
    EXPECT_EQ(good(cluster_->ensure("stg_a_1", "secret")), "");
    EXPECT_EQ(cluster_->restore("stg_a_1", file).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(cluster_->drop("stg_a_1").error().kind, ErrorKind::unavailable);
    stop.request_stop();
  });
  EXPECT_EQ(cluster_->dump("stg_a_1", file, {{}, stop.get_token()}).error().kind, ErrorKind::cancelled);
  stopper.join();
  EXPECT_EQ(cluster_->dump("stg_a_1", file, {200ms, {}}).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(as_owner("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'stg_a_1';"), "1");
  locker.join();
  EXPECT_FALSE(cluster_->dump("stg_a_1", dir_ / "no folder" / "a.dump"));
  EXPECT_EQ(read_file(file).value_or(""), kept);
  EXPECT_FALSE(fs::exists(file.string() + ".partial"));
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%~%';"), "0");
}

TEST_F(BackupTest, what_a_crash_in_a_restore_leaves_goes_when_the_cluster_is_next_waited_for) {
  const auto a = stage("stg_a_1");
  EXPECT_EQ(as(a, "CREATE TABLE t AS SELECT 3 AS i;"), "");
  // While it filled the fresh one, and just before the names changed hands.
  EXPECT_EQ(as_owner("CREATE ROLE \"stg_a_1~restore\" LOGIN IN ROLE stg_a_1;\n"
                     "CREATE DATABASE \"stg_a_1~restore\" OWNER stg_a_1;\n"
                     "CREATE DATABASE \"stg_b_1~before\" OWNER stg_a_1;\n"
                     "ALTER DATABASE stg_a_1 ALLOW_CONNECTIONS false;\n"),
            "");
  EXPECT_TRUE(contains(as(a, "SELECT 1;"), "not currently accepting connections"));
  open();
  EXPECT_EQ(good(cluster_->await(5s)), "");
  EXPECT_EQ(as(a, "SELECT i FROM t;"), "3");
  EXPECT_EQ(databases(), 4);
  EXPECT_EQ(as_owner("SELECT count(*) FROM pg_roles WHERE rolname LIKE '%~%';"), "0");
}

TEST_F(BackupTest, killed_in_the_middle_of_a_restore_it_is_whole_before_or_after) {
  const auto a = stage("stg_a_1");
  furnish(a);
  const auto file = dir_ / "a.dump";
  EXPECT_EQ(as(a, "CREATE TABLE version AS SELECT 'backup' AS v;"), "");
  ASSERT_TRUE(cluster_->dump("stg_a_1", file));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(as(a, "UPDATE version SET v = 'now';"), "");
    std::atomic<bool> restored = false;
    std::jthread restoring([&] { restored = cluster_->restore("stg_a_1", file).has_value(); });
    const auto pause = std::chrono::milliseconds(150 * i);
    std::this_thread::sleep_for(pause);  // not waited for: anywhere in the middle
    ::kill(server_->pid(), SIGKILL);
    restoring.join();
    open();
    start();
    const auto version = as(a, "SELECT v FROM version;");
    EXPECT_TRUE(version == "backup" || (version == "now" && !restored))
        << version << " after " << pause.count() << " ms";
    EXPECT_EQ(as(a, "SELECT count(*) FROM shop.customer;"), "500");
    EXPECT_EQ(databases(), 4);
  }
  EXPECT_EQ(good(cluster_->restore("stg_a_1", file)), "");
}

}  // namespace
}  // namespace sluice::postgres
