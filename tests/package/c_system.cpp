// SPDX-License-Identifier: Apache-2.0
// The packaged module under Verilator as the system of its C driver: registers at BASE through
// AXI4-Lite, one AXI DMA on its streams. Ends with what the example returns; with an argument, a bit
// of the first result is turned on its way. CROSSED: the core has a clock of its own, of 3 to 2.
#include "c_axi_dma.h"

#include "Vdut.h"
#include "verilated.h"

extern "C" int example_main(void);

namespace {
constexpr int kTicks = 50;  // between two reads of a DMA's state
Vdut *top;
AxiDma dma(8);
bool spoil;

void fetch(uintptr_t address, uint8_t *to, size_t count) {
  std::memcpy(to, reinterpret_cast<const uint8_t *>(address), count);
}

void store(uintptr_t address, const uint8_t *from, size_t count) {
  std::memcpy(reinterpret_cast<uint8_t *>(address), from, count);
}

#define LITE(name) top->s_axil_##name
#include "c_registers.h"

#ifdef CROSSED
int phase = 0;

void core_ticks() {
  for (phase += 3; phase >= 2; phase -= 2) {
    top->core_aclk = !top->core_aclk;
    top->eval();
  }
}
#else
void core_ticks() {}
#endif

Edge tick() {
  top->s_axis_tvalid = dma.valid();
  top->s_axis_tdata = dma.data();
  top->s_axis_tkeep = 0xff;
  top->s_axis_tlast = dma.last();
  top->m_axis_tready = dma.ready();
  top->aclk = 0;
  top->eval();
  core_ticks();
  const Edge edge = handshakes();
  const bool gone = top->s_axis_tvalid && top->s_axis_tready;
  const bool took = top->m_axis_tvalid && top->m_axis_tready;
  const uint64_t beat = top->m_axis_tdata ^ uint64_t(spoil);
  const bool last = top->m_axis_tlast;
  top->aclk = 1;
  top->eval();
  core_ticks();
  if (gone) dma.taken();
  if (took) dma.take(beat, last);
  spoil = spoil && !took;
  return edge;
}
}  // namespace

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
  spoil = argc > 1;
  dma.fetch = fetch;
  dma.store = store;
  top = new Vdut;
#ifdef CROSSED
  top->core_aresetn = 1;
#endif
  for (int i = 0; i < 4; i++) tick();
  top->aresetn = 1;
  tick();
  const int code = example_main();
  top->final();
  delete top;
  return code;
}
