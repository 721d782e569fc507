package dev.baton.server.torture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** What the demo service must answer, computed anew from its documentation. */
final class Oracle {
  static final int MAX_KILO_ITERATIONS = 2_000;
  static final int MAX_FILE_KIB = 1_024;

  private static final long FILE_SEED = 1;
  private static final String[] CPU_ANSWERS = cpuAnswers();
  private static final byte[] FILE = pattern(FILE_SEED, MAX_FILE_KIB * 1024);

  private Oracle() {}

  /** The answer of {@code /cpu/{kiloIterations}}, 0..{@value #MAX_KILO_ITERATIONS}. */
  static String cpu(int kiloIterations) {
    return CPU_ANSWERS[kiloIterations];
  }

  /** The answer of {@code /file/{kib}}, 1..{@value #MAX_FILE_KIB}. */
  static byte[] file(int kib) {
    return Arrays.copyOf(FILE, kib * 1024);
  }

  /** The answer of {@code /stream}: little-endian words of SplitMix64 in counter mode. */
  static byte[] pattern(long seed, int length) {
    var words = ByteBuffer.allocate((length + 7) & ~7).order(ByteOrder.LITTLE_ENDIAN);
    for (long z = seed; words.hasRemaining(); z += 0x9E3779B97F4A7C15L) {
      long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
      words.putLong(b ^ (b >>> 31));
    }
    return words.capacity() == length ? words.array() : Arrays.copyOf(words.array(), length);
  }

  private static String[] cpuAnswers() {
    String[] answers = new String[MAX_KILO_ITERATIONS + 1];
    long state = 0x9E3779B97F4A7C15L;
    for (int kilo = 0; kilo <= MAX_KILO_ITERATIONS; kilo++) {
      answers[kilo] = Long.toHexString(state * 0x2545F4914F6CDD1DL);
      for (int i = 0; i < 1_000; i++) {
        state ^= state >>> 12;
        state ^= state << 25;
        state ^= state >>> 27;
      }
    }
    return answers;
  }
}
