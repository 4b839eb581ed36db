// SPDX-License-Identifier: Apache-2.0
// The packaged engine under Verilator as the system of its C example: registers at BASE through
// AXI4-Lite, an AXI DMA on its streams, memory on its AXI4 master, and a write-back cache between
// that memory and the processor, which nothing but the driver's hooks keeps in step. Ends with what
// the example returns, and prints a hash of what it noted.
//
// The cache is as bad as one may be. The processor always finds what it last had, however old. Of a
// line that it changed and that is then invalidated, memory gets what the processor had if a device
// wrote the line meanwhile, and else not: a cache may do either. Memory holds junk until something
// was written to it. What the processor writes anew must differ from what it had there before: else
// it goes unnoticed.
#include "c_axi_dma.h"

#include <array>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "Vdut.h"
#include "verilated.h"

extern "C" int example_main(void);

namespace {
constexpr int kTicks = 20;    // between two reads of a DMA's state
constexpr int kLatency = 9;   // cycles until memory answers
constexpr uintptr_t kLine = 64;
using Line = std::array<uint8_t, kLine>;

Vdut *top;
AxiDma dma(BEAT_BYTES);
uint64_t noted = 0xcbf29ce484222325u;

// ---- memory, and the cache in front of it

std::unordered_map<uintptr_t, Line> memory, cached;  // cached: as it was when last in step
std::unordered_set<uintptr_t> devices;               // lines that a device wrote since then

Line &line_at(uintptr_t address) {
  const auto found = memory.try_emplace(address & ~(kLine - 1));
  if (found.second) found.first->second.fill(0xee);
  return found.first->second;
}

uint8_t *processors(uintptr_t line) { return reinterpret_cast<uint8_t *>(line); }

bool changed(uintptr_t line) {
  const auto known = cached.find(line);
  return known == cached.end() || std::memcmp(known->second.data(), processors(line), kLine) != 0;
}

void in_step(uintptr_t line) {
  std::memcpy(processors(line), line_at(line).data(), kLine);
  cached[line] = line_at(line);
  devices.erase(line);
}

void maintain(uintptr_t address, size_t count, bool flush) {
  for (uintptr_t at = address & ~(kLine - 1); at < address + count; at += kLine) {
    if (changed(at) && (flush || devices.count(at)))
      std::memcpy(line_at(at).data(), processors(at), kLine);
    in_step(at);
  }
}

void load(uintptr_t address, uint8_t *to, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = line_at(address + i)[(address + i) % kLine];
}

void store(uintptr_t address, const uint8_t *from, size_t count) {
  for (size_t i = 0; i < count; i++) {
    line_at(address + i)[(address + i) % kLine] = from[i];
    devices.insert((address + i) & ~(kLine - 1));
  }
}

// ---- the memory's AXI4 bus: bursts one after another, each way

struct Burst {
  uintptr_t address;
  unsigned left;
  int wait;
};
std::deque<Burst> writes, reads;
std::deque<int> answers;  // cycles until each is given

void offer() {
  top->m_axi_gmem_awready = writes.size() < 2;
  top->m_axi_gmem_wready = !writes.empty();
  top->m_axi_gmem_bvalid = !answers.empty() && answers.front() <= 0;
  top->m_axi_gmem_bresp = 0;
  top->m_axi_gmem_arready = reads.size() < 4;
  const bool given = !reads.empty() && reads.front().wait <= 0;
  uint64_t word = 0;
  if (given) load(reads.front().address, reinterpret_cast<uint8_t *>(&word), 8);
  top->m_axi_gmem_rvalid = given;
  top->m_axi_gmem_rdata = word;
  top->m_axi_gmem_rresp = 0;
  top->m_axi_gmem_rlast = given && reads.front().left == 1;
}

// What the bus does at the coming edge; the wires are read before it, and memory changes with it.
void moved() {
  if (top->m_axi_gmem_bvalid && top->m_axi_gmem_bready) answers.pop_front();
  if (top->m_axi_gmem_wvalid && top->m_axi_gmem_wready) {
    Burst &burst = writes.front();
    const uint64_t word = top->m_axi_gmem_wdata;
    for (unsigned i = 0; i < 8; i++) {
      const uint8_t byte = word >> 8 * i;
      if (top->m_axi_gmem_wstrb >> i & 1) store(burst.address + i, &byte, 1);
    }
    burst.address += 8;
    if (--burst.left == 0) {
      writes.pop_front();
      answers.push_back(kLatency);
    }
  }
  if (top->m_axi_gmem_rvalid && top->m_axi_gmem_rready) {
    reads.front().address += 8;
    if (--reads.front().left == 0) reads.pop_front();
  }
  if (top->m_axi_gmem_awvalid && top->m_axi_gmem_awready)
    writes.push_back({uintptr_t(top->m_axi_gmem_awaddr), top->m_axi_gmem_awlen + 1u, 0});
  if (top->m_axi_gmem_arvalid && top->m_axi_gmem_arready)
    reads.push_back({uintptr_t(top->m_axi_gmem_araddr), top->m_axi_gmem_arlen + 1u, kLatency});
  for (int &wait : answers) wait--;
  for (Burst &burst : reads) burst.wait--;
}

#define LITE(name) top->s_axi_control_##name
#include "c_registers.h"

Edge tick() {
  offer();
  top->s_axis_values_tvalid = dma.valid();
  top->s_axis_values_tdata = dma.data();
  top->s_axis_values_tlast = dma.last();
  top->m_axis_values_tready = dma.ready();
  top->aclk = 0;
  top->eval();
  const Edge edge = handshakes();
  const bool gone = top->s_axis_values_tvalid && top->s_axis_values_tready;
  const bool took = top->m_axis_values_tvalid && top->m_axis_values_tready;
  const uint64_t beat = top->m_axis_values_tdata;
  const bool last = top->m_axis_values_tlast;
  moved();
  top->aclk = 1;
  top->eval();
  if (gone) dma.taken();
  if (took) dma.take(beat, last);
  return edge;
}
}  // namespace

extern "C" void mock_flush(uintptr_t address, size_t count) { maintain(address, count, true); }

extern "C" void mock_invalidate(uintptr_t address, size_t count) {
  maintain(address, count, false);
}

// Values that came back: a test may have the example call it.
extern "C" void note(const void *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    noted = (noted ^ static_cast<const uint8_t *>(bytes)[i]) * 0x100000001b3u;
}

extern "C" uint32_t mock_read(uintptr_t address) {
  if (address < AxiDma::kBase) return read_register(address);
  for (int i = 0; i < kTicks; i++) tick();
  return dma.read(address - AxiDma::kBase);
}

extern "C" void mock_write(uintptr_t address, uint32_t value) {
  if (address < AxiDma::kBase) return write_register(address, value);
  dma.write(address - AxiDma::kBase, value);
}

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  dma.fetch = load;
  dma.store = store;
  top = new Vdut;
  for (int i = 0; i < 4; i++) tick();
  top->aresetn = top->m_axi_gmem_aresetn = 1;
  for (int i = 0; i < 4; i++) tick();
  const int code = example_main();
  std::printf("%016llx\n", static_cast<unsigned long long>(noted));
  top->final();
  delete top;
  return code;
}
