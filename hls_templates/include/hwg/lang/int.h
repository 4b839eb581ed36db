// SPDX-License-Identifier: Apache-2.0
/// Integers of any width: ap_int (with HWG_AP), ac_int (with HWG_AC), or plain integers.
///
/// si<W> is two's complement of W bits, ui<W> has no sign. Generated code computes every value
/// exactly: operands in their own width, shifted ones widened first, and one conversion at the end
/// to a word that holds the result. So all three kinds give the same numbers. In particular
///   - a shift of ap_int and ac_int keeps the operand's width: shl_s and shl_u widen first;
///   - a plain int counts as 32 bits among ap_int: constants are written si<5>(9).
/// A plain word has room above W bits, so that a sum of three terms cannot overflow.
#ifndef HWG_LANG_INT_H
#define HWG_LANG_INT_H

#if defined(HWG_AP) && defined(HWG_AC)
#error "choose one of HWG_AP and HWG_AC"
#endif

#if defined(HWG_AP)

#include <ap_int.h>

namespace hwg {

template <int W> using si = ap_int<W>;
template <int W> using ui = ap_uint<W>;

// Bits LOW to LOW + BITS - 1.
template <int LOW, int BITS, class T> inline ui<BITS> bits(const T& x) {
  return ui<BITS>(x.range(LOW + BITS - 1, LOW));
}
template <class T> inline int index(const T& x) { return x.to_int(); }
template <class T> inline long long number(const T& x) { return x.to_int64(); }

}  // namespace hwg

#elif defined(HWG_AC)

#include <ac_int.h>

namespace hwg {

template <int W> using si = ac_int<W, true>;
template <int W> using ui = ac_int<W, false>;

template <int LOW, int BITS, class T> inline ui<BITS> bits(const T& x) {
  return ui<BITS>(x.template slc<BITS>(LOW));
}
template <class T> inline int index(const T& x) { return x.to_int(); }
template <class T> inline long long number(const T& x) { return x.to_int64(); }

}  // namespace hwg

#else

namespace hwg {

// Two bits stay free: three terms of a sum, each within W bits, need no more.
template <bool SHORT, bool LONG> struct plain_word {};
template <> struct plain_word<true, true> { typedef int type; };
template <> struct plain_word<false, true> { typedef long long type; };
#if defined(__SIZEOF_INT128__)
__extension__ typedef __int128 plain_wide;
template <> struct plain_word<false, false> { typedef plain_wide type; };
#endif
template <int W> struct plain {
  static_assert(W >= 1 && W <= 125, "a word of more than 125 bits needs ap_int or ac_int");
  typedef typename plain_word<(W <= 29), (W <= 61)>::type type;
};
template <int W> using si = typename plain<W>::type;
template <int W> using ui = typename plain<W>::type;

template <int LOW, int BITS, class T> inline ui<BITS> bits(const T& x) {
  return ui<BITS>((x >> LOW) & ((T(1) << BITS) - 1));
}
template <class T> inline int index(const T& x) { return int(x); }
template <class T> inline long long number(const T& x) { return static_cast<long long>(x); }

}  // namespace hwg

#endif

namespace hwg {

// Numbers in arrays of constants: words of their own width for a tool, for it makes memories of them;
// on the host the integers of the language, since thousands of class objects compile for minutes.
#if (defined(HWG_AP) || defined(HWG_AC)) && (defined(__SYNTHESIS__) || defined(HLS_SYNTHESIS))
template <int W> using rom_s = si<W>;
template <int W> using rom_u = ui<W>;
#else
template <int BYTES> struct rom_word { typedef long long s; typedef unsigned long long u; };
template <> struct rom_word<1> { typedef signed char s; typedef unsigned char u; };
template <> struct rom_word<2> { typedef short s; typedef unsigned short u; };
template <> struct rom_word<3> { typedef int s; typedef unsigned u; };
template <> struct rom_word<4> { typedef int s; typedef unsigned u; };
template <int W> struct rom_of {
  static_assert(W >= 1 && W <= 64, "a constant of more than 64 bits");
  typedef rom_word<(W + 7) / 8> word;
};
template <int W> using rom_s = typename rom_of<W>::word::s;
template <int W> using rom_u = typename rom_of<W>::word::u;
#endif

// x * 2**K in a word of W bits, with and without sign. A plain integer is multiplied: the shift of
// a negative one is undefined before C++20.
#if defined(HWG_AP) || defined(HWG_AC)
template <int W, int K, class T> inline si<W> shl_s(const T& x) { return si<W>(si<W>(x) << K); }
template <int W, int K, class T> inline ui<W> shl_u(const T& x) { return ui<W>(ui<W>(x) << K); }
#else
template <int W, int K, class T> inline si<W> shl_s(const T& x) { return si<W>(x) * (si<W>(1) << K); }
template <int W, int K, class T> inline ui<W> shl_u(const T& x) { return ui<W>(x) * (ui<W>(1) << K); }
#endif

// x shifted to the left by a number of bits that a loop counts, in a word of W bits.
template <int W, class T> inline ui<W> shl_by(const T& x, int k) { return ui<W>(ui<W>(x) << k); }

// Byte of a word, from bit k on.
template <class T> inline ui<8> low_byte(const T& x, int k) { return bits<0, 8>(T(x >> k)); }

// W bits as an element: two's complement where SIGNED.
template <class T, int W, int SIGNED> inline T element(const ui<W>& x) {
#if defined(HWG_AP) || defined(HWG_AC)
  return SIGNED != 0 ? T(si<W>(x)) : T(x);
#else
  const si<W + 2> top = si<W + 2>(x) >> (W - 1);
  return T(SIGNED != 0 ? si<W + 2>(si<W + 2>(x) - top * (si<W + 2>(1) << W)) : si<W + 2>(x));
#endif
}

}  // namespace hwg

#endif
