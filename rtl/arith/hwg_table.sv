// SPDX-License-Identifier: Apache-2.0
/// Looks up one bit.
///
/// Function:   data_o = Truth[address_i]
///             equal to a bit of hwgen.logic.nodes.Table
/// Timing:     combinational
/// Parameters: 1 to 8 address bits; Truth has the bit of address 0 in bit 0.
/// Notes:      With HWG_AMD_PRIMITIVES the same table is written as the slice holds it: tables of six
///             inputs, two of them behind MUXF7, four behind MUXF8. Open synthesis leaves those as they
///             are; of a constant it makes trees of small tables as soon as carry chains follow.
`default_nettype none

module hwg_table #(
  parameter int                 Bits  = 6,  // of the address
  parameter logic [2**Bits-1:0] Truth = '0  // the bit of every address
) (
  input  wire logic [Bits-1:0] address_i,
  output logic                 data_o
);

  if (Bits < 1 || Bits > 8) begin : gen_check_bits
    initial $fatal(1, "hwg_table: Bits must be 1 to 8");
  end

`ifdef HWG_AMD_PRIMITIVES
  localparam int PARTS = (Bits > 6) ? 2 ** (Bits - 6) : 1;

  logic [PARTS-1:0] part;
  if (Bits > 6) begin : gen_long
    for (genvar i = 0; i < PARTS; i++) begin : gen_part
      LUT6 #(.INIT(Truth[64*i+:64])) u_lut (
        .I0(address_i[0]), .I1(address_i[1]), .I2(address_i[2]),
        .I3(address_i[3]), .I4(address_i[4]), .I5(address_i[5]), .O(part[i])
      );
    end
  end else if (Bits == 6) begin : gen_six
    LUT6 #(.INIT(Truth)) u_lut (
      .I0(address_i[0]), .I1(address_i[1]), .I2(address_i[2]),
      .I3(address_i[3]), .I4(address_i[4]), .I5(address_i[5]), .O(part[0])
    );
  end else if (Bits == 5) begin : gen_five
    LUT5 #(.INIT(Truth)) u_lut (
      .I0(address_i[0]), .I1(address_i[1]), .I2(address_i[2]), .I3(address_i[3]), .I4(address_i[4]),
      .O(part[0])
    );
  end else if (Bits == 4) begin : gen_four
    LUT4 #(.INIT(Truth)) u_lut (
      .I0(address_i[0]), .I1(address_i[1]), .I2(address_i[2]), .I3(address_i[3]), .O(part[0])
    );
  end else if (Bits == 3) begin : gen_three
    LUT3 #(.INIT(Truth)) u_lut (
      .I0(address_i[0]), .I1(address_i[1]), .I2(address_i[2]), .O(part[0])
    );
  end else if (Bits == 2) begin : gen_two
    LUT2 #(.INIT(Truth)) u_lut (.I0(address_i[0]), .I1(address_i[1]), .O(part[0]));
  end else begin : gen_one
    LUT1 #(.INIT(Truth)) u_lut (.I0(address_i[0]), .O(part[0]));
  end

  if (Bits == 7) begin : gen_f7
    MUXF7 u_mux (.I0(part[0]), .I1(part[1]), .S(address_i[6]), .O(data_o));
  end else if (Bits == 8) begin : gen_f8
    logic [1:0] half;
    for (genvar i = 0; i < 2; i++) begin : gen_half
      MUXF7 u_mux (.I0(part[2*i]), .I1(part[2*i+1]), .S(address_i[6]), .O(half[i]));
    end
    MUXF8 u_mux (.I0(half[0]), .I1(half[1]), .S(address_i[7]), .O(data_o));
  end else begin : gen_whole
    assign data_o = part[0];
  end
`else
  assign data_o = Truth[address_i];
`endif

endmodule

`default_nettype wire
