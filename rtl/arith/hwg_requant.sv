// SPDX-License-Identifier: Apache-2.0
/// Divides by a power of two, rounds half to even and saturates.
///
/// Function:   data_o = clip(round_half_even(data_i / 2**Shift), Lo, Hi)
///             equal to hwgen.logic.nodes.Requant; with Half = 1 of data_i - 2**(Shift-1)
/// Timing:     combinational
/// Parameters: InWidth, OutWidth >= 1; Shift >= 0; Lo <= Hi, both within the output word;
///             Half = 1 needs Shift >= 1.
///             SatLo (SatHi) = 0 promises that the rounded value is never below Lo (above Hi).
/// Notes:      Saturation looks at the quotient before rounding: with floor = data_i >> Shift,
///             floor < Lo gives Lo and floor >= Hi gives Hi, whatever the rounding would add.
///             So the comparisons run beside the increment, not behind it.
///             With Half the input is half of a step above what is meant: whoever adds it up has
///             done the increment. A tie alone was rounded up and may be odd; it loses its last bit.
///             One that was rounded up to Lo came from below, one up to Hi + 1 from Hi.
`default_nettype none

module hwg_requant #(
  parameter int InWidth   = 8,  // bits of the input
  parameter int InSigned  = 1,  // 1: input is two's complement
  parameter int Shift     = 2,  // bits dropped
  parameter int Half      = 0,  // 1: half of the last place kept is in the input already
  parameter int OutWidth  = 4,  // bits of the output
  parameter int SatLo     = 1,  // 1: saturate at Lo
  parameter int SatHi     = 1,  // 1: saturate at Hi
  // One bit more than the output, so that one signed type holds every bound of either signedness.
  parameter logic signed [OutWidth:0] Lo = '0,
  parameter logic signed [OutWidth:0] Hi = '0
) (
  input  wire logic [InWidth-1:0]  data_i,
  output logic      [OutWidth-1:0] data_o
);

  if (InWidth < 1 || OutWidth < 1) begin : gen_check_width
    initial $fatal(1, "hwg_requant: InWidth and OutWidth must be >= 1");
  end
  if (Shift < 0 || (Half != 0 && Shift == 0)) begin : gen_check_shift
    initial $fatal(1, "hwg_requant: Shift must be >= 0, and >= 1 with Half");
  end
  if (Lo > Hi) begin : gen_check_bounds
    initial $fatal(1, "hwg_requant: Lo must not exceed Hi");
  end
  if (InSigned < 0 || InSigned > 1 || Half < 0 || Half > 1 ||
      SatLo < 0 || SatLo > 1 || SatHi < 0 || SatHi > 1) begin : gen_check_flags
    initial $fatal(1, "hwg_requant: InSigned, Half, SatLo and SatHi must be 0 or 1");
  end

  // The input as a signed word that is long enough to leave a sign bit behind the shift.
  localparam int EXT_WIDTH   = ((InWidth > Shift) ? InWidth : Shift) + 1;
  localparam int FLOOR_WIDTH = EXT_WIDTH - Shift;
  localparam int CMP_WIDTH   = (FLOOR_WIDTH > OutWidth + 1) ? FLOOR_WIDTH : OutWidth + 1;

  logic signed [EXT_WIDTH-1:0] ext;
  if (InSigned != 0) begin : gen_signed
    assign ext = EXT_WIDTH'($signed(data_i));
  end else begin : gen_unsigned
    assign ext = EXT_WIDTH'(data_i);
  end

  logic signed [FLOOR_WIDTH-1:0] floor;
  assign floor = ext[EXT_WIDTH-1:Shift];

  logic signed [CMP_WIDTH-1:0] floor_ext;
  assign floor_ext = CMP_WIDTH'(floor);

  // Bounds at a power of two are told by the high bits alone; others take a comparison.
  localparam logic signed [OutWidth:0]    ONE      = (OutWidth + 1)'(1);
  localparam logic                        LO_PLAIN = Lo < 0 && (~Lo & (~Lo + ONE)) == '0;
  localparam logic                        HI_PLAIN = Hi >= 0 && (Hi & (Hi + ONE)) == '0;
  localparam logic signed [CMP_WIDTH-1:0] LO_CMP   = CMP_WIDTH'(Lo);
  localparam logic signed [CMP_WIDTH-1:0] HI_CMP   = CMP_WIDTH'(Hi);

  logic below, above;
  if (SatLo == 0) begin : gen_never_below
    assign below = 1'b0;
  end else if (Half != 0 && Lo[0]) begin : gen_below_or_at
    assign below = floor_ext <= LO_CMP;
  end else if (LO_PLAIN) begin : gen_below_power
    assign below = floor_ext[CMP_WIDTH-1] & (|(~floor_ext & LO_CMP));
  end else begin : gen_below
    assign below = floor_ext < LO_CMP;
  end
  if (SatHi == 0) begin : gen_never_above
    assign above = 1'b0;
  end else if (HI_PLAIN) begin : gen_above_power
    logic at;  // what an increment would carry beyond Hi
    assign at    = (Half == 0 && Shift != 0) & (&(floor_ext | ~HI_CMP));
    assign above = ~floor_ext[CMP_WIDTH-1] & (at | (|(floor_ext & ~HI_CMP)));
  end else if (Half != 0) begin : gen_above
    assign above = floor_ext > HI_CMP;
  end else begin : gen_above_or_at
    assign above = floor_ext >= HI_CMP;
  end

  logic [OutWidth-1:0] rounded;
  if (Half != 0) begin : gen_half
    logic [OutWidth-1:0] tie;
    assign tie     = OutWidth'(~|ext[Shift-1:0]);
    assign rounded = floor_ext[OutWidth-1:0] & ~tie;
  end else begin : gen_increment
    logic up;  // the rounding adds one
    if (Shift == 0) begin : gen_exact
      assign up = 1'b0;
    end else if (Shift == 1) begin : gen_tie_only
      assign up = ext[0] & ext[1];
    end else begin : gen_round
      assign up = ext[Shift-1] & (ext[Shift] | (|ext[Shift-2:0]));
    end
    assign rounded = floor_ext[OutWidth-1:0] + OutWidth'(up);
  end
  if (SatLo == 0 && SatHi == 0) begin : gen_drop
    logic unused_high;
    assign unused_high = ^floor_ext;
  end
  assign data_o = below ? Lo[OutWidth-1:0] : (above ? Hi[OutWidth-1:0] : rounded);

endmodule

`default_nettype wire
