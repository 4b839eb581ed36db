// SPDX-License-Identifier: Apache-2.0
/// Chooses the table of each value of a block by the magnitudes round it that are known already; twin of
/// hwg_codec_context.
///
/// Covers:     hwg_codec_context_scan, hwg_codec_scan
/// Function:   values are told in scan order (y, x, c; c fastest): context() of the next one, then put()
///             its magnitude. The activity is 2 left + 2 up + up-left + up-right of the same channel,
///             zero outside of the block, plus the weight of the channel; the same sum over ones where a
///             magnitude is not 0 tells which ladder of thresholds counts
/// Parameters: Values of a block, at most; Weighted as of hwg_codec_context
#ifndef HWG_CODEC_CONTEXT_H
#define HWG_CODEC_CONTEXT_H

#include "codec_value.h"
#include "lang/codec.h"

namespace hwg {

template <int Values, int Weighted> struct codec_context {
  static_assert(Values >= 1, "Values must be >= 1");
  ui<7> sizes[unsigned(Values)];
  codec_shape shape;
  int n, x, y, channel;

  explicit codec_context(const codec_shape& block) : shape(block), n(0), x(0), y(0), channel(0) {}

  template <class W> int context(const W* Weights) const {
    const int left = known(x > 0, n - shape.channels);
    const int up = known(y > 0, n - shape.channels * shape.width);
    const int before = known(y > 0 && x > 0, n - shape.channels * (shape.width + 1));
    const int behind = known(y > 0 && x + 1 < shape.width, n - shape.channels * (shape.width - 1));
    int activity = 2 * left + 2 * up + before + behind;
    if (Weighted != 0) activity += small(Weights[channel % CODEC_WEIGHTS]);
    const int near = (left != 0 ? 2 : 0) + (up != 0 ? 2 : 0) + (before != 0 ? 1 : 0) + (behind != 0 ? 1 : 0);
    if (near < 2) return rungs(activity, 1, 3, 0, 0, 0, 0, 0, 2);
    if (near < 5) return 3 + rungs(activity, 4, 8, 16, 48, 0, 0, 0, 4);
    return 8 + rungs(activity, 8, 16, 24, 32, 48, 96, 384, 7);
  }

  void put(int size) {
    sizes[n] = ui<7>(size);
    ++n;
    channel = channel + 1 == shape.channels ? 0 : channel + 1;
    if (channel != 0) return;
    x = x + 1 == shape.width ? 0 : x + 1;
    if (x == 0) ++y;
  }

 private:
  int known(bool inside, int place) const { return inside ? small(sizes[place]) : 0; }

  // How many of the first thresholds an activity reaches.
  static int rungs(int activity, int a, int b, int c, int d, int e, int f, int g, int count) {
    const int reached = (activity >= a ? 1 : 0) + (activity >= b ? 1 : 0) + (count > 2 && activity >= c ? 1 : 0) +
                        (count > 2 && activity >= d ? 1 : 0) + (count > 4 && activity >= e ? 1 : 0) +
                        (count > 4 && activity >= f ? 1 : 0) + (count > 4 && activity >= g ? 1 : 0);
    return reached;
  }
};

}  // namespace hwg

#endif
