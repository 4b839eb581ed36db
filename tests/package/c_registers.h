// SPDX-License-Identifier: Apache-2.0
// Registers of a module under Verilator, through AXI4-Lite. Whoever includes it has `top`, a macro
// LITE(name) that is the wire of a channel, and a tick() that runs one cycle and returns handshakes().
#include <cstdint>

constexpr int kAnswer = 1000;  // cycles until registers answer, at most

// What the registers' channels do at the coming edge.
struct Edge {
  bool aw, w, b, ar, r;
  uint32_t word;
};

Edge handshakes() {
  return {LITE(awvalid) && LITE(awready), LITE(wvalid) && LITE(wready),
          LITE(bvalid) && LITE(bready),   LITE(arvalid) && LITE(arready),
          LITE(rvalid) && LITE(rready),   LITE(rdata)};
}

Edge tick();

uint32_t read_register(uintptr_t address) {
  LITE(araddr) = address & 0xfff;
  LITE(arvalid) = LITE(rready) = 1;
  for (int i = 0; i < kAnswer; i++) {
    const Edge edge = tick();
    if (edge.ar) LITE(arvalid) = 0;
    if (edge.r) {
      LITE(rready) = 0;
      return edge.word;
    }
  }
  return 0xdeadbeef;
}

void write_register(uintptr_t address, uint32_t value) {
  LITE(awaddr) = address & 0xfff;
  LITE(wdata) = value;
  LITE(wstrb) = 15;
  LITE(awvalid) = LITE(wvalid) = LITE(bready) = 1;
  for (int i = 0; i < kAnswer; i++) {
    const Edge edge = tick();
    if (edge.aw) LITE(awvalid) = 0;
    if (edge.w) LITE(wvalid) = 0;
    if (edge.b) break;
  }
  LITE(bready) = 0;
}
