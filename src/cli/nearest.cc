#include "cli/nearest.h"

#include <algorithm>

namespace sluice::cli {

std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t least = word.size() <= 4 ? 2 : 3;
  for (const auto& candidate : known) {
    if (word.size() >= 3 && candidate.starts_with(word)) return candidate;
    // Damerau-Levenshtein with adjacent swaps, over three rows.
    const std::size_t n = candidate.size();
    std::vector<std::size_t> two(n + 1), one(n + 1), row(n + 1);
    for (std::size_t j = 0; j <= n; ++j) one[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= n; ++j) {
        const std::size_t wrong = word[i - 1] == candidate[j - 1] ? 0 : 1;
        row[j] = std::min({one[j] + 1, row[j - 1] + 1, one[j - 1] + wrong});
        if (i > 1 && j > 1 && word[i - 1] == candidate[j - 2] && word[i - 2] == candidate[j - 1])
          row[j] = std::min(row[j], two[j - 2] + 1);
      }
      two = one;
      one = row;
    }
    if (one[n] < least) {
      least = one[n];
      best = candidate;
    }
  }
  return best;
}

}  // namespace sluice::cli
