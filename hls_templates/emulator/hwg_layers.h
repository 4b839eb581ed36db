// SPDX-License-Identifier: Apache-2.0
/// Layers of an emulator: matrices that slide, pools, rounding. All arrays are row-major.
///
/// T is float, double or int64_t, whichever holds every number of the network exactly: sums of
/// integers below 2**24 (2**53) are exact in float (double), in any order.
#ifndef HWG_LAYERS_H
#define HWG_LAYERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace hwg {

// Bytes of a vector, and sums that stay in registers.
#if defined(__AVX512F__)
enum { VECTOR = 64, SUMS = 16 };
#elif defined(__AVX__)
enum { VECTOR = 32, SUMS = 8 };
#elif defined(HWG_NATIVE) || !defined(__x86_64__)
enum { VECTOR = 16, SUMS = 8 };
#else  // compiled for several machines: those of shorter vectors take it in pieces
enum { VECTOR = 64, SUMS = 8 };
#endif

// Into the function that is compiled for several machines; by itself it would be for the least one.
#define HWG_INTO __attribute__((always_inline)) inline

template <class T> struct vector_of {
  typedef T type __attribute__((vector_size(VECTOR)));
  typedef T loose __attribute__((vector_size(VECTOR), aligned(sizeof(T)), may_alias));
};

#if defined(__clang__)
#define HWG_ALL_TURNS _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define HWG_ALL_TURNS _Pragma("GCC unroll 32")
#endif

// y[r] = bias + sum over segments of x[r * STEP + OFFSETS[g] + k] * weight: R windows, CHUNK outputs.
template <class T, int SEGMENT, int SEGMENTS, int CHUNK, int R>
HWG_INTO void windows(const T* x, int step, const int* offsets, const T* weight, const T* bias, T* y, int stride,
                    int wanted) {
  typedef typename vector_of<T>::type V;
  typedef typename vector_of<T>::loose L;
  enum { W = int(VECTOR / sizeof(T)), J = CHUNK / W };
  V sum[R][J];
  HWG_ALL_TURNS
  for (int r = 0; r < R; ++r) {
    HWG_ALL_TURNS
    for (int j = 0; j < J; ++j) sum[r][j] = *reinterpret_cast<const L*>(bias + j * W);
  }
  for (int g = 0; g < SEGMENTS; ++g) {
    const T* at = x + offsets[g];
    for (int k = 0; k < SEGMENT; ++k) {
      V w[J];
      HWG_ALL_TURNS
      for (int j = 0; j < J; ++j) w[j] = *reinterpret_cast<const L*>(weight + j * W);
      weight += CHUNK;
      HWG_ALL_TURNS
      for (int r = 0; r < R; ++r) {
        const V one = V{} + at[r * step + k];
        HWG_ALL_TURNS
        for (int j = 0; j < J; ++j) sum[r][j] += one * w[j];
      }
    }
  }
  HWG_ALL_TURNS
  for (int r = 0; r < R; ++r) {
    if (wanted == CHUNK) {
      HWG_ALL_TURNS
      for (int j = 0; j < J; ++j) *reinterpret_cast<L*>(y + r * stride + j * W) = sum[r][j];
    } else {
      memcpy(y + r * stride, sum[r], size_t(wanted) * sizeof(T));
    }
  }
}

// A row of COLUMNS windows, STEP apart; their outputs lie STRIDE apart.
template <class T, int SEGMENT, int SEGMENTS, int OUTPUTS, int CHUNK, int COLUMNS>
HWG_INTO void matrix(const T* x, int step, const int* offsets, const T* weight, const T* bias, T* y, int stride) {
  enum {
    W = int(VECTOR / sizeof(T)),
    J = CHUNK / W,
    MANY = int(SUMS) / int(J) > 1 ? int(SUMS) / int(J) : 1,
    R = int(MANY) < int(COLUMNS) ? int(MANY) : int(COLUMNS),
    REST = int(COLUMNS) % int(R)
  };
  for (int first = 0; first < OUTPUTS; first += CHUNK) {
    const int wanted = OUTPUTS - first < CHUNK ? OUTPUTS - first : CHUNK;
    const T* w = weight + size_t(first) * SEGMENT * SEGMENTS;
    int c = 0;
    for (; c + R <= COLUMNS; c += R)
      windows<T, SEGMENT, SEGMENTS, CHUNK, R>(x + c * step, step, offsets, w, bias + first, y + c * stride + first,
                                              stride, wanted);
    if (REST != 0)
      windows<T, SEGMENT, SEGMENTS, CHUNK, (REST > 0 ? int(REST) : 1)>(
          x + c * step, step, offsets, w, bias + first, y + c * stride + first, stride, wanted);
  }
}

// Rounding half to even of x / 2**SHIFT: one addition rounds what is small enough for it.
template <int SHIFT> inline float rounded(float x) {
  const float scaled = x * (1.0f / float(1LL << SHIFT));
  return (scaled + 12582912.0f) - 12582912.0f;
}
template <int SHIFT> inline double rounded(double x) {
  const double scaled = x * (1.0 / double(1LL << SHIFT));
  return (scaled + 6755399441055744.0) - 6755399441055744.0;
}
template <int SHIFT> inline int64_t rounded(int64_t x) {
  return (x + ((1LL << SHIFT >> 1) - 1) + ((x >> SHIFT) & 1)) >> SHIFT;
}

// Rounding down of x / 2**SHIFT.
template <int SHIFT> inline float floored(float x) {
  const float scaled = x * (1.0f / float(1LL << SHIFT));
  const float near = (scaled + 12582912.0f) - 12582912.0f;
  return near > scaled ? near - 1 : near;
}
template <int SHIFT> inline double floored(double x) {
  const double scaled = x * (1.0 / double(1LL << SHIFT));
  const double near = (scaled + 6755399441055744.0) - 6755399441055744.0;
  return near > scaled ? near - 1 : near;
}
template <int SHIFT> inline int64_t floored(int64_t x) { return x >> SHIFT; }

template <class T> inline T clipped(T x, T low, T high) {
  const T least = x < low ? low : x;
  return least > high ? high : least;
}

template <bool LEAST, class T> inline T larger(T a, T b) { return (a < b) == LEAST ? a : b; }

// Value of a step function of many steps: LIMITS ascend, VALUES is one longer.
template <class T> inline T step_of(T x, const T* limits, const T* values, int count) {
  int low = 0, high = count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (x >= limits[middle]) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return values[low];
}

// Geometry of a pool or of a convolution of single channels.
struct Plane {
  int height, width;           // of the input
  int rows, columns;           // of the output
  int kernel_y, kernel_x;
  int stride_y, stride_x;
  int dilation_y, dilation_x;
  int top, left;               // rows and columns outside of the input, before it
};

// Calls tap(out, in, tap number) for every tap that meets the input, window by window.
template <class Tap> HWG_INTO void each_tap(const Plane& p, Tap tap) {
  for (int y = 0; y < p.rows; ++y)
    for (int x = 0; x < p.columns; ++x)
      for (int j = 0; j < p.kernel_y; ++j) {
        const int v = y * p.stride_y - p.top + j * p.dilation_y;
        if (v < 0 || v >= p.height) continue;
        for (int i = 0; i < p.kernel_x; ++i) {
          const int u = x * p.stride_x - p.left + i * p.dilation_x;
          if (u < 0 || u >= p.width) continue;
          tap(y * p.columns + x, v * p.width + u, j * p.kernel_x + i);
        }
      }
}

}  // namespace hwg

#endif
