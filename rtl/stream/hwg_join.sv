// SPDX-License-Identifier: Apache-2.0
/// Takes a word of each of several stream links at once, when all are there.
///
/// Function:   the n-th words of all sources leave together
/// Timing:     latency 0, interval 1; the data bypasses this unit, and stays as docs/links.md asks of
///             every source; ready and valid are combinational in those of the other sides
/// Parameters: Sources >= 1
`default_nettype none

module hwg_join #(
  parameter int Sources = 2  // number of sources
) (
  // in, one bit a source
  input  wire logic [Sources-1:0] in_valid_i,
  output logic      [Sources-1:0] in_ready_o,
  // out
  output logic                    out_valid_o,
  input  wire logic               out_ready_i
);

  if (Sources < 1) begin : gen_check_sources
    initial $fatal(1, "hwg_join: Sources must be >= 1");
  end

  assign out_valid_o = &in_valid_i;
  assign in_ready_o  = {Sources{out_valid_o & out_ready_i}};

endmodule

`default_nettype wire
