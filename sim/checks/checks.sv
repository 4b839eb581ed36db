// SPDX-License-Identifier: Apache-2.0
// How a checker tells: a rule that the unit must keep, and one that its partner must.
// A simulation stops at either; a proof takes the partner's rules for granted.
`ifndef HWG_CHECKS
`define HWG_CHECKS
`ifdef FORMAL
`define HWG_UNIT(condition, what) assert (condition)
`ifdef HWG_SWAP_SIDES
`define HWG_PARTNER(condition, what) assert (condition)
`else
`define HWG_PARTNER(condition, what) assume (condition)
`endif
`else
`define HWG_UNIT(condition, what) if (!(condition)) $error(what)
`define HWG_PARTNER(condition, what) if (!(condition)) $error(what)
`endif
`endif
