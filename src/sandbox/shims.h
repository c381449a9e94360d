#pragma once

// The few lines of shell around bubblewrap, and of Perl, which is there wherever git is (Debian's git depends on it).
namespace sluice::sandbox {

// Stays outside, as bubblewrap's parent, and is the first in its cgroups. bubblewrap forwards no signal: SIGTERM would
// end it and, with it, all inside at once. It is in a session of its own, so that a signal to the caller's process
// group reaches this shell alone. $1: kTellShim. $2: the file with more of bubblewrap's arguments, which it reads from
// descriptor 4, and the filter of the kernel's calls from 5, $3. $4: the cgroups, a line each: the folder, then what is
// written there as FILE=CONTENT. $5: what tells that a limit was reached, a line each: a file of "key number" lines,
// the key, and the sentence for when the number grew.
inline constexpr const char* kOuterShim = R"(
tell=$1 more=$2 filter=$3 groups=$4 watches=$5; shift 5
trap '[ "$!" ] || exit 143; perl -e "$tell" $!' TERM INT HUP
ulimit -c 0
enter() {
  while read -r folder settings; do
    [ -d "$folder" ] || mkdir "$folder" || return
    for one in $settings; do echo "${one#*=}" >"$folder/${one%%=*}" || return; done
    echo 0 >"$folder/cgroup.procs" || return
  done <<END
$groups
END
}
look() {
  now=
  while read -r file key said; do
    n=0
    while read -r what count; do [ "$what" != "$key" ] || n=$count; done <"$file"
    [ "$n" -le "${before%% *}" ] || echo "sluice: $said"
    before=${before#* } now="$now$n "
  done <<END
$watches
END
} 2>/dev/null
if [ "$groups" ]; then
  # One that is swept away between being made and being entered is made again.
  { enter || enter || enter; } 2>/dev/null || echo "sluice: started without its limits: its cgroup cannot be entered"
fi
before="9999999999 9999999999 "
[ -z "$watches" ] || { look; before=$now; }
exec 3<&0 4<"$more" 5<"$filter"
"$@" <&3 3<&- &
child=$!
exec 3<&- 4<&- 5<&- </dev/null
while :; do
  wait $child
  status=$?
  kill -0 $child 2>/dev/null && continue
  [ -z "$watches" ] || look
  exit $status
done
)";

// Holds what it runs, and all of that's children, to the rule of ports (fence.h); where the kernel has none, it runs it
// as it is. Arguments: the number of prctl(), the first and the last port to listen on, those that are none of them all
// the same, with a space between, and the command. Of more than one port, those that somebody listens on already are
// not among them either: it is the same user whose they are, whom SO_REUSEPORT would let in beside. The kernel tells by
// sock_diag(7) which these are; /proc/net/tcp has them too, after a walk through every connection that there is.
inline constexpr const char* kFenceShim = R"(
my ($prctl, $from, $to, $never) = splice @ARGV, 0, 4;
my %taken = map { $_ => 1 } split / /, $never;
sub asked {
  socket(my $kernel, 16, 3, 4) or return 0;
  for my $family (2, 10) {
    send $kernel, pack("L S S L L C4 L x48", 72, 20, 0x301, 0, 0, $family, 6, 0, 0, 1 << 10), 0 or return 0;
    for (my $type = 0; $type != 3;) {
      sysread $kernel, my $said, 1 << 17 or return 0;
      while ((my $length, $type) = unpack "L S", $said) {
        last if $type == 3;
        return 0 if $type != 20;
        $taken{unpack "x20 n", $said} = 1;
        substr($said, 0, $length + 3 & ~3) = "";
      }
    }
  }
  return 1;
}
sub looked {
  for my $file (qw(/proc/net/tcp /proc/net/tcp6)) {
    open(my $in, "<", $file) or next;
    /\A\s*\d+: \S+:(\S{4}) \S+ 0A / and $taken{hex $1} = 1 while <$in>;
  }
}
my $version = syscall 444, 0, 0, 1;
if ($version >= 4) {
  $from < $to and &asked || &looked;
  my $rules = pack "QQQ", 0, 1, 1;
  my $set = syscall 444, $rules, $version >= 6 ? 24 : 16, 0;
  my $good = $set >= 0;
  for my $port (0, grep { !$taken{$_} } $from .. $to) {
    my $rule = pack "QQ", 1, $port;
    $good &&= syscall(445, $set, 2, $rule, 0) == 0;
  }
  $good &&= syscall($prctl, 38, 1, 0, 0, 0) == 0 && syscall(446, $set, 0) == 0;
  $good or print(STDERR "sluice: the kernel refused the rule of ports: $!\n"), exit 126;
}
exec { $ARGV[0] } @ARGV or print(STDERR "$ARGV[0]: $!\n"), exit 127;
)";

// Sends SIGTERM to the program inside the bubblewrap whose pid is the argument. A process that neither handles SIGTERM
// nor is without children (a shell waiting for its command) would leave those behind, so its children are told instead.
// Before there is a program all is killed, bubblewrap's inside first: until all is set up it would outlive its outside.
inline constexpr const char* kTellShim = R"(
my ($outside) = @ARGV;
my (%kids, %state);
sub look {
  %kids = %state = ();
  for my $file (glob "/proc/[0-9]*/stat") {
    open(my $in, "<", $file) or next;
    my $line = <$in>;
    $line =~ /\A(\d+) .*\) (\S) (\d+) /s or next;
    push @{$kids{$3}}, $1;
    $state{$1} = $2;
  }
}
sub handles {
  open(my $in, "<", "/proc/$_[0]/status") or return 0;
  while (<$in>) { return hex(substr($1, -4)) & 0x4000 if /\ASigCgt:\s*([0-9a-f]+)/ }
  return 0;
}
sub tell {
  my $kids = $kids{$_[0]};
  if (!$kids || handles($_[0])) { kill "TERM", $_[0] } else { &tell($_) for @$kids }
}
&look;
grep { $_ == $outside } @{$kids{getppid()} || []} or exit;
my ($init) = @{$kids{$outside} || []};
my ($program) = $init ? @{$kids{$init} || []} : ();
if ($program) {
  &tell($program);
} else {
  # A fork that it is in the middle of is finished before it stops.
  my $end = time + 3;
  do { kill "STOP", $outside; select undef, undef, undef, 0.001; &look }
    while ($state{$outside} || "Z") !~ /[TtZX]/ && time < $end;
  &look;
  kill "KILL", @{$kids{$outside} || []}, $outside;
}
)";

}  // namespace sluice::sandbox
