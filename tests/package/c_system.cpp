// SPDX-License-Identifier: Apache-2.0
// The packaged module under Verilator as the system of its C driver: registers at BASE through
// AXI4-Lite, one AXI DMA (simple mode) on its streams. Ends with what the example returns; with an
// argument, a bit of the first result is turned on its way.
#include <cstdint>
#include <cstring>
#include <deque>

#include "Vdut.h"
#include "verilated.h"

extern "C" int example_main(void);

namespace {
constexpr uintptr_t kDma = 0x40400000u;
constexpr int kTicks = 50;      // between two reads of a DMA's state
constexpr int kPatience = 1000; // for an answer of the registers
Vdut *top;
std::deque<uint64_t> sending;
uint32_t dma[0x60 / 4];
uint8_t *receiving;
size_t room, came;
bool sent, received, spoil;

struct Edge {
  bool aw, w, b, ar, r;
  uint32_t word;
};

// Runs one cycle and returns the handshakes of the registers.
Edge tick() {
  top->s_axis_tvalid = !sending.empty();
  top->s_axis_tdata = sending.empty() ? 0 : sending.front();
  top->s_axis_tkeep = 0xff;
  top->s_axis_tlast = sending.size() == 1;
  top->m_axis_tready = receiving && came < room;
  top->aclk = 0;
  top->eval();
  const Edge edge = {top->s_axil_awvalid && top->s_axil_awready,
                     top->s_axil_wvalid && top->s_axil_wready,
                     top->s_axil_bvalid && top->s_axil_bready,
                     top->s_axil_arvalid && top->s_axil_arready,
                     top->s_axil_rvalid && top->s_axil_rready, top->s_axil_rdata};
  const bool gone = top->s_axis_tvalid && top->s_axis_tready;
  const bool took = top->m_axis_tvalid && top->m_axis_tready;
  const uint64_t beat = top->m_axis_tdata ^ uint64_t(spoil && came == 0);
  const bool last = top->m_axis_tlast;
  top->aclk = 1;
  top->eval();
  if (gone) {
    sending.pop_front();
    sent = sending.empty();
  }
  if (took) {
    std::memcpy(receiving + came, &beat, 8);
    came += 8;
    received = last;
  }
  return edge;
}

void control(unsigned place, uint32_t value) {
  dma[place / 4] = value & ~4u;  // a reset is over at once
  if (value & 4) {
    sending.clear();
    receiving = nullptr;
    sent = received = false;
  }
}
}  // namespace

extern "C" uint32_t mock_read(uintptr_t address) {
  if (address >= kDma) {
    for (int i = 0; i < kTicks; i++) tick();
    const unsigned place = address - kDma;
    if (place == 0x04) return sent ? 2 : 0;
    if (place == 0x34) return received ? 2 : 0;
    return dma[place / 4];
  }
  top->s_axil_araddr = address & 0xfff;
  top->s_axil_arvalid = 1;
  top->s_axil_rready = 1;
  for (int i = 0; i < kPatience; i++) {
    const Edge edge = tick();
    if (edge.ar) top->s_axil_arvalid = 0;
    if (edge.r) {
      top->s_axil_rready = 0;
      return edge.word;
    }
  }
  return 0xdeadbeef;
}

extern "C" void mock_write(uintptr_t address, uint32_t value) {
  if (address >= kDma) {
    const unsigned place = address - kDma;
    if (place == 0 || place == 0x30) return control(place, value);
    dma[place / 4] = value;
    const unsigned way = place < 0x30 ? 0 : 0x30 / 4;
    if (place % 0x30 != 0x28 || !(dma[way] & 1)) return;
    auto *bytes = reinterpret_cast<uint8_t *>(dma[way + 6] | uint64_t(dma[way + 7]) << 32);
    if (way == 0) {
      for (size_t i = 0; i < value; i += 8) {
        uint64_t beat = 0;
        std::memcpy(&beat, bytes + i, 8);
        sending.push_back(beat);
      }
    } else {
      receiving = bytes;
      room = value;
      came = 0;
    }
    return;
  }
  top->s_axil_awaddr = address & 0xfff;
  top->s_axil_wdata = value;
  top->s_axil_wstrb = 15;
  top->s_axil_awvalid = top->s_axil_wvalid = top->s_axil_bready = 1;
  for (int i = 0; i < kPatience; i++) {
    const Edge edge = tick();
    if (edge.aw) top->s_axil_awvalid = 0;
    if (edge.w) top->s_axil_wvalid = 0;
    if (edge.b) break;
  }
  top->s_axil_bready = 0;
}

int main(int argc, char **argv) {
  Verilated::commandArgs(argc, argv);
  spoil = argc > 1;
  top = new Vdut;
  for (int i = 0; i < 4; i++) tick();
  top->aresetn = 1;
  tick();
  const int code = example_main();
  top->final();
  delete top;
  return code;
}
