package dev.baton.server.main;

/**
 * Bytes that anyone can compute from a seed and a position, so that a lost, doubled or foreign byte
 * shows. The eight bytes from {@code 8 * i} on are {@code mix(seed + i * gamma)}, lowest byte
 * first.
 *
 * @see <a href="https://doi.org/10.1145/2660193.2660195">SplitMix64, OOPSLA '14</a>
 */
final class Pattern {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  private Pattern() {}

  /** Returns {@code length} bytes of the pattern, from {@code position} on. */
  static byte[] bytes(long seed, long position, int length) {
    byte[] bytes = new byte[length];
    long word = 0;
    for (int i = 0; i < length; i++) {
      int offset = (int) (position + i) & 7;
      if (i == 0 || offset == 0) {
        word = mix(seed + ((position + i) >>> 3) * GAMMA);
      }
      bytes[i] = (byte) (word >>> (offset << 3));
    }
    return bytes;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
