#pragma once

// The few lines of shell around bubblewrap, and of Perl, which is there wherever git is (Debian's git depends on it).
namespace sluice::sandbox {

// Stays outside, as bubblewrap's parent. bubblewrap forwards no signal: SIGTERM would end it and, with it, all inside
// at once. It is in a session of its own, so that a signal to the caller's process group reaches this shell alone. $1:
// kTellShim. $2: the file with more of bubblewrap's arguments, which it reads from descriptor 4.
inline constexpr const char* kOuterShim = R"(
tell=$1 more=$2; shift 2
ulimit -c 0
exec 3<&0 4<"$more"
"$@" <&3 3<&- &
child=$!
exec 3<&- 4<&- </dev/null
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
