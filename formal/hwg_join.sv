// SPDX-License-Identifier: Apache-2.0
// Properties of hwg_join, read as a part of it: all sources are taken with the result, or none is.

  always_comb begin
    assert (out_valid_o == &in_valid_i);
    for (int i = 0; i < Sources; i++) begin
      assert ((in_valid_i[i] & in_ready_o[i]) == (out_valid_o & out_ready_i));
    end
  end
