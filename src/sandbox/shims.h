#pragma once

// The few lines of shell and Perl around bubblewrap. Perl is there wherever git is (Debian's git depends on it).
namespace sluice::sandbox {

// Runs inside, then becomes the program: reads NAME=VALUE entries, each ended by NUL, from its first argument. A shell
// could not: names such as UID or OPTIND are its own, and s6-envdir cuts values at 4,095 bytes and drops empty ones.
inline constexpr const char* kInnerShim = R"(
my $file = shift;
open(my $in, "<", $file) or die "sluice: the environment cannot be read: $!\n";
{ local $/ = "\0"; while (<$in>) { chomp; $ENV{$1} = $2 if /\A([^=]+)=(.*)\z/s } }
close $in;
exec { $ARGV[0] } @ARGV or print STDERR "sluice: $ARGV[0]: $!\n";
exit 127;
)";

// Stays outside, as bubblewrap's parent. bubblewrap forwards no signal: SIGTERM would end it and, with it, all inside
// at once. In a session of its own, so that a signal to the caller's process group reaches this shell alone. $1:
// kTellShim.
inline constexpr const char* kOuterShim = R"(
tell=$1; shift
ulimit -c 0
exec 3<&0
setsid "$@" <&3 3<&- &
child=$!
exec 3<&- </dev/null
trap 'perl -e "$tell" $child' TERM INT HUP
while :; do
  wait $child
  status=$?
  kill -0 $child 2>/dev/null || exit $status
done
)";

// Sends SIGTERM to the program inside the bubblewrap whose pid is the argument. A process that neither handles SIGTERM
// nor is without children (a shell waiting for its command) would leave those behind, so its children are told instead.
inline constexpr const char* kTellShim = R"(
my (%kids, $found);
for my $file (glob "/proc/[0-9]*/stat") {
  open(my $in, "<", $file) or next;
  my $line = <$in>;
  $line =~ /\A(\d+) .*\) \S (\d+) /s and push @{$kids{$2}}, $1;
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
my ($init) = @{$kids{$ARGV[0]} || []};
my ($program) = $init ? @{$kids{$init} || []} : ();
if ($program) { &tell($program) } else { kill "TERM", $ARGV[0] }
)";

}  // namespace sluice::sandbox
