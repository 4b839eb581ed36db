// SPDX-License-Identifier: Apache-2.0
/// The CRC-32 of zlib and IEEE 802.3, Width bits a step.
///
/// Function:   crc_o = the remainder after Width more bits, lowest first; the remainder of a message
///             begins with the complement of the checksum it continues (0 for none), and the
///             checksum is the complement of the remainder. Equal to hwgen.codec.wire.checksum.
/// Timing:     combinational
/// Parameters: Width >= 1
/// Notes:      Each bit of the result is the parity of some bits of the message and the remainder
///             before; which ones, a constant function works out from the polynomial.
`default_nettype none

module hwg_codec_crc #(
  parameter int Width = 64  // bits a step
) (
  input  wire logic [31:0]      crc_i,
  input  wire logic [Width-1:0] data_i,
  output logic      [31:0]      crc_o
);

  if (Width < 1) begin : gen_check_width
    initial $fatal(1, "hwg_codec_crc: Width must be >= 1");
  end

  localparam logic [31:0] POLYNOMIAL = 32'hedb88320;

  // What bit k of the step adds to the result, in bits 32k and up.
  function automatic logic [32*Width-1:0] columns(input logic [31:0] polynomial);
    logic [31:0] column;
    column = polynomial;
    for (int k = Width - 1; k >= 0; k = k - 1) begin
      columns[32*k +: 32] = column;
      column = (column >> 1) ^ (column[0] ? polynomial : 32'd0);
    end
  endfunction
  localparam logic [32*Width-1:0] COLUMNS = columns(POLYNOMIAL);

  localparam int LONG = (Width > 32) ? Width : 32;
  logic [LONG-1:0] mixed;
  assign mixed = LONG'(data_i) ^ LONG'(crc_i);

  for (genvar i = 0; i < 32; i++) begin : gen_bit
    logic [Width-1:0] row;
    for (genvar k = 0; k < Width; k++) begin : gen_column
      assign row[k] = COLUMNS[32*k+i];
    end
    if (i + Width < 32) begin : gen_old
      assign crc_o[i] = ^(mixed[Width-1:0] & row) ^ crc_i[i+Width];
    end else begin : gen_new
      assign crc_o[i] = ^(mixed[Width-1:0] & row);
    end
  end
  if (Width < 32) begin : gen_unused
    logic unused_mixed;
    assign unused_mixed = ^mixed[LONG-1:Width];
  end

endmodule

`default_nettype wire
