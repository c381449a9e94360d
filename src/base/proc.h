#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What the kernel says about processes, read from /proc.
namespace sluice::proc {

// A process that cannot be mistaken for a later one with the same number.
struct Process {
  int pid = 0;
  int parent = 0;
  std::uint64_t started = 0;  // clock ticks since the machine came up
  bool operator==(const Process&) const = default;
};

// Every process there is, zombies left out.
std::vector<Process> all();
// Children, grandchildren … of `pid` among `all`, parents before children.
std::vector<Process> descendants(const std::vector<Process>& all, int pid);
// The numbers of the same, asked of the kernel about this one alone.
std::vector<int> descendants_of(int pid);
// Those whose command line has an argument that contains `text`, zombies and this process left out. Waits up to 200 ms
// for those that have none yet.
std::vector<Process> with_argument(std::string_view text);
bool alive(const Process& process);
// Sends a signal to exactly this process; nothing happens when it is gone.
void send(const Process& process, int signal);

}  // namespace sluice::proc
