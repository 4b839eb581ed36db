// SPDX-License-Identifier: Apache-2.0
/// What the C++ of the coder's transform has in common: settings of a tensor, and a walk over its blocks.
#ifndef HWG_LANG_TRANSFORM_H
#define HWG_LANG_TRANSFORM_H

namespace hwg {

// Settings of a tensor, as they stand on the ports of hwg_codec_forward.
struct codec_transform {
  int kind;       // over patches: 0 none, 1 Haar2, 2 ICT4, 3 WHT4
  bool klt;       // over groups of eight channels
  int down;       // values are shifted right that far
  int shift;      // of the quantiser
  int scales[3];  // of the quantiser, by class of position
  int steps[3];   // back
  int bits;       // of a coefficient
  bool is_signed;
  int lo, hi;  // of values that come back
};

// A block of pixels: what there is of it at the map's edge.
struct codec_pixels {
  int height, width;  // pixels
  int channels;       // inputs of the KLT
};

// Class of a position in a patch: odd rows and columns of ICT4 count.
inline int codec_class(int kind, int i, int j) { return kind == 2 ? i % 2 + j % 2 : 0; }

}  // namespace hwg

#endif
