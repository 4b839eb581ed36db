// SPDX-License-Identifier: Apache-2.0
// Random numbers, the same on every machine. The specification is ../nodes.py.
#pragma once
#include <cstddef>
#include <cstdint>

namespace hwgen {

struct Random { // splitmix64
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  int below(std::size_t n) { return static_cast<int>((static_cast<unsigned __int128>(next()) * n) >> 64); }
};

} // namespace hwgen
