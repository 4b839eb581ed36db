// SPDX-License-Identifier: Apache-2.0
/// Rounds, saturates and rectifies N serial numbers: the requantizer, Digit bits a cycle.
///
/// Function:   data_o = clip(round_half_even(x / 2**Shift), Lo, Hi) with x = data_i, or
///             x = data_i - 2**(Shift-1) where Half is 1. The low side is clipped only if SatLo is 1,
///             the high side only if SatHi is 1. Behind its last bit the result goes on with its
///             sign.
///             equal to hwgen.logic.nodes.Requant
/// Timing:     The numbers arrive such that bit Shift is in lane 0; that digit is there in the cycle
///             of first_i[Before], Before = ceil(Shift / Digit). The first digit of the result is
///             there Digits + 2 cycles later, Digits = ceil(Width / Digit).
///             first_i[k] is high k cycles behind the digit with the lowest bit that is dropped.
/// Parameters: N, Digit, Width and OutWidth >= 1; Shift >= 0, >= 1 with Half; Lo <= Hi. Width is that
///             of the rounded number, its sign included where Signed is 1; the result is signed where
///             Lo is below zero.
/// Notes:      Half: the half step is in the sum already. Then the quotient is the bits above the
///             cut, and only a tie (no bit below the cut is set) clears the lowest one. Else a state
///             bit is sticky below the cut and the carry of the rounding above it.
///             The word waits in a delay until its sign and an overflow are known. Where the bounds
///             are those of a word of OutWidth bits, an overflow is a bit above the word that is set
///             (signed: that differs from the sign). Other bounds are compared bit by bit.
`default_nettype none

module hwg_serial_requant #(
  parameter int                       N        = 1,  // numbers side by side
  parameter int                       Digit    = 1,  // bits a cycle
  parameter int                       Shift    = 4,  // bits that are dropped
  parameter int                       Half     = 0,  // 1: half a step is in the number already
  parameter int                       Width    = 10, // bits of the rounded number
  parameter int                       Signed   = 1,  // 1: the rounded number is two's complement
  parameter int                       OutWidth = 6,  // bits of the result
  parameter int                       SatLo    = 1,  // 1: saturate at Lo
  parameter int                       SatHi    = 1,  // 1: saturate at Hi
  parameter logic signed [OutWidth:0] Lo       = '0, // lowest result
  parameter logic signed [OutWidth:0] Hi       = {2'b00, {(OutWidth-1){1'b1}}}, // highest result
  parameter int                       Span     = (Shift + Digit - 1) / Digit
                                               + (Width + Digit - 1) / Digit
                                               + (OutWidth + Digit - 1) / Digit
) (
  input  wire logic               clk_i,
  input  wire logic [Span:0]      first_i,
  input  wire logic [N*Digit-1:0] data_i,
  output logic      [N*Digit-1:0] data_o
);

  if (N < 1 || Digit < 1 || Width < 1 || OutWidth < 1) begin : gen_check_size
    initial $fatal(1, "hwg_serial_requant: N, Digit, Width and OutWidth must be >= 1");
  end
  if (Span < 1) begin : gen_check_reach
    initial $fatal(1, "hwg_serial_requant: Span must be >= 1");
  end
  if (Shift < 0) begin : gen_check_shift
    initial $fatal(1, "hwg_serial_requant: Shift must be >= 0");
  end
  if (Half < 0 || Half > 1) begin : gen_check_half
    initial $fatal(1, "hwg_serial_requant: Half must be 0 or 1");
  end
  if (Half != 0 && Shift == 0) begin : gen_check_half_step
    initial $fatal(1, "hwg_serial_requant: nothing is dropped, so there is no half step");
  end
  if (Signed < 0 || Signed > 1) begin : gen_check_signed
    initial $fatal(1, "hwg_serial_requant: Signed must be 0 or 1");
  end
  if (SatLo < 0 || SatLo > 1) begin : gen_check_sat_lo
    initial $fatal(1, "hwg_serial_requant: SatLo must be 0 or 1");
  end
  if (SatHi < 0 || SatHi > 1) begin : gen_check_sat_hi
    initial $fatal(1, "hwg_serial_requant: SatHi must be 0 or 1");
  end
  if (Lo > Hi) begin : gen_check_bounds
    initial $fatal(1, "hwg_serial_requant: Lo must be <= Hi");
  end

  // Cycles behind the first digit with dropped bits.
  localparam int BEFORE = (Shift + Digit - 1) / Digit;   // the digit with bit Shift in lane 0
  localparam int DIGITS = (Width + Digit - 1) / Digit;   // of the rounded number
  localparam int ROUND  = BEFORE + 1;                    // its first digit is in round_q
  localparam int LAST   = ROUND + DIGITS - 1;            // its last one
  localparam int OUT    = LAST + 1;                      // one before the first digit of the result
  localparam int SPARE  = BEFORE * Digit - Shift;        // lanes of another word in the first digit
  if (Span < OUT + (OutWidth + Digit - 1) / Digit - 1) begin : gen_check_span
    initial $fatal(1, "hwg_serial_requant: Span is too short for the result");
  end

  // Bounds: those of an unsigned or of a signed word of OutWidth bits are told by few bits.
  localparam int   TOP    = Width - 1;  // place of the sign
  localparam logic OUTNEG = Lo[OutWidth];
  localparam logic [OutWidth:0] ONES = {1'b0, {OutWidth{1'b1}}};
  localparam logic WORD_LO = (SatLo == 0) || (OUTNEG ? (Lo == $signed({1'b1, ~(ONES[OutWidth-1:0] >> 1)}))
                                                     : (Lo == '0));
  localparam logic WORD_HI = (SatHi == 0) || (Hi == $signed(OUTNEG ? ONES >> 1 : ONES));
  localparam logic WORD    = WORD_LO && WORD_HI && (!OUTNEG || (Signed != 0));
  // Bits from ABOVE up to BELOW tell an overflow.
  localparam int   ABOVE   = OUTNEG ? OutWidth - 1 : OutWidth;
  localparam int   BELOW   = (Signed != 0) ? Width - 2 : Width - 1;
  // The flag of an overflow is cleared a cycle before the first bit that may set it, unless the word
  // before still needs it.
  localparam int   FIRST   = ROUND + ABOVE / Digit;
  localparam logic EARLY   = (Shift >= Digit) || (ABOVE % Digit == 0);
  localparam logic EXCESS  = WORD && ((SatHi != 0) || (OUTNEG && (SatLo != 0))) && (ABOVE <= BELOW);

  // Phases that all numbers share, one a lane.
  logic [Digit-1:0] above;   // a bit that tells an overflow is in round_q
  logic [Digit-1:0] kept;  // a bit below the sign of the result comes next
  for (genvar b = 0; b < Digit; b++) begin : gen_phase
    localparam int FROM  = (ABOVE - b + Digit - 1) / Digit;
    localparam int START = (FROM < 0) ? 0 : FROM;
    localparam int STOP  = (BELOW - b < 0) ? -1 : (BELOW - b) / Digit;
    if (EXCESS && START == STOP) begin : gen_above_once
      assign above[b] = first_i[ROUND+START];
    end else if (EXCESS && START < STOP) begin : gen_above
      hwg_serial_phase u_above (
        .clk_i(clk_i), .start_i(first_i[ROUND+START-1]), .stop_i(first_i[ROUND+STOP]), .phase_o(above[b])
      );
    end else begin : gen_never
      assign above[b] = 1'b0;
    end
    localparam int BITS  = OUTNEG ? OutWidth - 1 : OutWidth;
    localparam int COUNT = (BITS - b <= 0) ? 0 : (BITS - b + Digit - 1) / Digit;
    if (COUNT == 1) begin : gen_kept_once
      assign kept[b] = first_i[OUT];
    end else if (COUNT > 1) begin : gen_kept
      hwg_serial_phase u_kept (
        .clk_i(clk_i), .start_i(first_i[OUT-1]), .stop_i(first_i[OUT+COUNT-1]), .phase_o(kept[b])
      );
    end else begin : gen_outside
      assign kept[b] = 1'b0;
    end
  end
  // A rounding without the half step in the sum: dropped bits are here.
  logic below;
  if (Half != 0 || Shift == 0) begin : gen_not_below
    assign below = 1'b0;
  end else if (BEFORE == 1) begin : gen_below_once
    assign below = first_i[0];
  end else if (BEFORE == 2) begin : gen_below_twice
    assign below = first_i[0] | first_i[1];
  end else begin : gen_below
    logic later;
    hwg_serial_phase u_below (
      .clk_i(clk_i), .start_i(first_i[0]), .stop_i(first_i[BEFORE-1]), .phase_o(later)
    );
    assign below = first_i[0] | later;
  end
  logic unused_first;
  assign unused_first = ^{first_i, above, kept, below};

  for (genvar n = 0; n < N; n++) begin : gen_number
    logic [Digit-1:0] x, round, round_q, late;
    assign x = data_i[n*Digit +: Digit];

    // Rounding
    if (Shift == 0) begin : gen_whole
      assign round = x;
    end else begin : gen_round
      logic [Digit-1:0] own;  // bits of this word in the first digit
      assign own = x & ({Digit{1'b1}} << SPARE);
      logic state_q, state_d, cut;
      assign cut = first_i[BEFORE];
      if (Half != 0) begin : gen_half
        assign state_d = first_i[0] ? (|own) : (state_q | (|x));
        if (Digit == 1) begin : gen_bit
          assign round = x & ~(cut & ~state_q);
        end else begin : gen_digit
          assign round = {x[Digit-1:1], x[0] & ~(cut & ~state_q)};
        end
      end else begin : gen_step
        // half_q is the highest bit below the cut; the others are in the state. The highest bit
        // of a digit joins the state a cycle late, when it is known not to be the one below the cut.
        logic             half_q, carry_in, sticky, rest, own_rest;
        logic [Digit:0]   carry;
        if (Digit == 1) begin : gen_bit
          assign rest     = 1'b0;
          assign own_rest = 1'b0;
        end else begin : gen_digit
          assign rest     = |x[Digit-2:0];
          assign own_rest = |own[Digit-2:0];
        end
        assign sticky   = first_i[0] ? own_rest : (state_q | half_q | rest);
        assign carry_in = cut ? (half_q & (state_q | x[0])) : state_q;
        assign carry[0] = carry_in;
        for (genvar b = 0; b < Digit; b++) begin : gen_lane
          if (b == 0) begin : gen_lowest
            assign carry[1] = carry_in & x[0];
          end else begin : gen_other
            assign carry[b+1] = carry_in & (&x[b:0]);
          end
          assign round[b] = x[b] ^ carry[b];
        end
        assign state_d = below ? sticky : carry[Digit];
        always_ff @(posedge clk_i) half_q <= x[Digit-1];
      end
      always_ff @(posedge clk_i) state_q <= state_d;
      logic unused_own;
      assign unused_own = ^own;
    end
    always_ff @(posedge clk_i) round_q <= round;

    // The word waits until all of it was seen.
    if (DIGITS < 4) begin : gen_wait
      hwg_delay #(.Width(Digit), .Cycles(DIGITS)) u_late (.clk_i(clk_i), .data_i(round_q), .data_o(late));
    end else begin : gen_wait_long
      hwg_serial_delay #(.Width(Digit), .Cycles(DIGITS), .Flop(0)) u_late (
        .clk_i(clk_i), .data_i(round_q), .data_o(late)
      );
    end
    logic negative_q;
    if (Signed != 0) begin : gen_sign
      always_ff @(posedge clk_i) negative_q <= first_i[LAST] ? round_q[TOP % Digit] : negative_q;
    end else begin : gen_no_sign
      assign negative_q = 1'b0;
    end

    if (WORD) begin : gen_word
      logic over;  // an overflow to the side of the sign
      if (EXCESS && OUTNEG) begin : gen_excess_signed
        logic one_q, zero_q;  // a one, a zero was among the bits above the word
        always_ff @(posedge clk_i) begin
          one_q  <= (|(round_q & above)) | (one_q & ~first_i[FIRST]);
          zero_q <= (|(~round_q & above)) | (zero_q & ~first_i[FIRST]);
        end
        assign over = negative_q ? zero_q : one_q;
      end else if (EXCESS) begin : gen_excess
        logic one_q;
        if (!EARLY) begin : gen_at_once
          always_ff @(posedge clk_i) one_q <= (|(round_q & above)) | (one_q & ~first_i[FIRST]);
        end else if (Digit == 1) begin : gen_enabled
          always_ff @(posedge clk_i) begin
            if (first_i[FIRST-1]) one_q <= 1'b0;
            else if (above[0])    one_q <= one_q | round_q[0];
          end
        end else begin : gen_gathered
          always_ff @(posedge clk_i) begin
            if (first_i[FIRST-1]) one_q <= 1'b0;
            else                  one_q <= one_q | (|(round_q & above));
          end
        end
        assign over = one_q;
      end else begin : gen_no_excess
        assign over = 1'b0;
      end
      for (genvar b = 0; b < Digit; b++) begin : gen_lane
        if (OUTNEG) begin : gen_signed
          always_ff @(posedge clk_i) begin
            data_o[n*Digit+b] <= (kept[b] & ~over) ? late[b] : negative_q ^ (kept[b] & over);
          end
        end else begin : gen_unsigned
          always_ff @(posedge clk_i) begin
            if (!kept[b]) data_o[n*Digit+b] <= 1'b0;
            else          data_o[n*Digit+b] <= ~negative_q & (late[b] | over);
          end
        end
      end
    end else begin : gen_compare
      // Bounds as words of Width bits, and of the result, lane by lane.
      localparam int LONG = (DIGITS + (OutWidth + Digit - 1) / Digit) * Digit + OutWidth + Width;
      localparam logic [LONG-1:0] LOWEST  = {{(LONG-OutWidth-1){Lo[OutWidth]}}, Lo};
      localparam logic [LONG-1:0] HIGHEST = {{(LONG-OutWidth-1){Hi[OutWidth]}}, Hi};
      localparam int OUT_DIGITS = (OutWidth + Digit - 1) / Digit;
      logic [Digit:0] more, less;  // so far it is above Hi, below Lo
      logic           more_q, less_q, over_q, under_q;
      assign more[0] = more_q & ~first_i[ROUND];
      assign less[0] = less_q & ~first_i[ROUND];
      for (genvar b = 0; b < Digit; b++) begin : gen_lane
        logic [DIGITS-1:0]     hi_at, lo_at, sign_at, own_at;
        logic [OUT_DIGITS-1:0] hi_out, lo_out, own_out;
        for (genvar t = 0; t < DIGITS; t++) begin : gen_digit
          assign own_at[t]  = first_i[ROUND+t] & (t*Digit + b < Width);
          assign sign_at[t] = first_i[ROUND+t] & (Signed != 0) & (t*Digit + b == Width - 1);
          assign hi_at[t]   = first_i[ROUND+t] & HIGHEST[t*Digit+b];
          assign lo_at[t]   = first_i[ROUND+t] & LOWEST[t*Digit+b];
        end
        for (genvar t = 0; t < OUT_DIGITS; t++) begin : gen_out
          assign own_out[t] = first_i[OUT+t] & (t*Digit + b < OutWidth);
          assign hi_out[t]  = first_i[OUT+t] & HIGHEST[t*Digit+b];
          assign lo_out[t]  = first_i[OUT+t] & LOWEST[t*Digit+b];
        end
        logic bit_b, hi_b, lo_b, own_b, sign;
        assign own_b = |own_at;
        assign bit_b = round_q[b] ^ (|sign_at);  // a set sign is less than one that is not
        assign hi_b  = (|hi_at) ^ (|sign_at);
        assign lo_b  = (|lo_at) ^ (|sign_at);
        assign more[b+1] = own_b ? ((bit_b & ~hi_b) | (~(bit_b ^ hi_b) & more[b])) : more[b];
        assign less[b+1] = own_b ? ((~bit_b & lo_b) | (~(bit_b ^ lo_b) & less[b])) : less[b];
        assign sign = over_q ? Hi[OutWidth] : under_q ? Lo[OutWidth] : negative_q;
        always_ff @(posedge clk_i) begin
          data_o[n*Digit+b] <= !(|own_out) ? sign
                             : over_q      ? (|hi_out)
                             : under_q     ? (|lo_out)
                             : late[b];
        end
      end
      always_ff @(posedge clk_i) begin
        more_q  <= more[Digit];
        less_q  <= less[Digit];
        over_q  <= first_i[LAST] ? (more[Digit] & (SatHi != 0)) : over_q;
        under_q <= first_i[LAST] ? (less[Digit] & (SatLo != 0)) : under_q;
      end
    end
  end

endmodule

`default_nettype wire
