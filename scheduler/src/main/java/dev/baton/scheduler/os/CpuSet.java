package dev.baton.scheduler.os;

import java.util.BitSet;
import java.util.stream.IntStream;

/**
 * An immutable set of CPU numbers, as in {@code cpuset(7)}. Any thread.
 *
 * <p>Text form is the kernel's list format: {@code 0-3,6}.
 */
public final class CpuSet {
  /** {@code NR_CPUS}, {@code arch/x86/Kconfig}: the highest CPU number of any kernel plus one. */
  public static final int MAX_CPUS = 8192;

  private final BitSet cpus;

  private CpuSet(BitSet cpus) {
    this.cpus = cpus;
  }

  /**
   * The set of these CPUs.
   *
   * @param cpus CPU numbers, 0 … 8191
   * @throws IllegalArgumentException if a number is out of range
   */
  public static CpuSet of(int... cpus) {
    BitSet set = new BitSet();
    for (int cpu : cpus) {
      set.set(checkRange(cpu, Integer.toString(cpu)));
    }
    return new CpuSet(set);
  }

  /** The CPUs set in a copy of {@code cpus}. */
  public static CpuSet of(BitSet cpus) {
    return new CpuSet((BitSet) cpus.clone());
  }

  /**
   * Parses the kernel's list format.
   *
   * @param list for example {@code 0-3,6}
   * @throws IllegalArgumentException if {@code list} is empty, malformed or out of range; the
   *     message names the part at fault
   */
  public static CpuSet parse(String list) {
    BitSet set = new BitSet();
    for (String part : list.split(",", -1)) {
      String range = part.strip();
      int dash = range.indexOf('-');
      int first = number(dash < 0 ? range : range.substring(0, dash), range, list);
      int last = dash < 0 ? first : number(range.substring(dash + 1), range, list);
      if (last < first) {
        throw new IllegalArgumentException(
            "cpus=" + list + ": the range '" + range + "' runs backwards; write it low-high");
      }
      set.set(first, last + 1);
    }
    return new CpuSet(set);
  }

  private static int number(String digits, String part, String list) {
    try {
      return checkRange(Integer.parseInt(digits), list);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "cpus=" + list + ": '" + part + "' is not a CPU number or range; write for example 0-3,6",
          e);
    }
  }

  private static int checkRange(int cpu, String list) {
    if (cpu < 0 || cpu >= MAX_CPUS) {
      throw new IllegalArgumentException(
          "cpus=" + list + ": CPU " + cpu + " is outside 0.." + (MAX_CPUS - 1));
    }
    return cpu;
  }

  /** Whether {@code cpu} is in this set. */
  public boolean contains(int cpu) {
    return cpu >= 0 && cpus.get(cpu);
  }

  /**
   * The CPU at a position in ascending order.
   *
   * @param index 0 … size-1
   */
  public int cpuAt(int index) {
    return cpus.stream().skip(index).findFirst().orElseThrow();
  }

  /** The position of a CPU in ascending order; -1 if it is not in this set. */
  public int indexOf(int cpu) {
    return contains(cpu) ? (int) cpus.stream().takeWhile(c -> c < cpu).count() : -1;
  }

  /** The number of CPUs in this set. */
  public int size() {
    return cpus.cardinality();
  }

  public boolean isEmpty() {
    return cpus.isEmpty();
  }

  /** The CPU numbers, ascending. */
  public IntStream stream() {
    return cpus.stream();
  }

  /** The CPUs in both sets. */
  public CpuSet and(CpuSet other) {
    BitSet both = (BitSet) cpus.clone();
    both.and(other.cpus);
    return new CpuSet(both);
  }

  /** The CPUs that are not in the other set. */
  public CpuSet without(CpuSet other) {
    BitSet rest = (BitSet) cpus.clone();
    rest.andNot(other.cpus);
    return new CpuSet(rest);
  }

  /** The CPUs in any of both sets. */
  public CpuSet or(CpuSet other) {
    BitSet all = (BitSet) cpus.clone();
    all.or(other.cpus);
    return new CpuSet(all);
  }

  /** A fresh {@link BitSet} with the same CPUs. */
  public BitSet toBitSet() {
    return (BitSet) cpus.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof CpuSet other && cpus.equals(other.cpus);
  }

  @Override
  public int hashCode() {
    return cpus.hashCode();
  }

  /** The kernel's list format; the empty string if empty. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (int first = cpus.nextSetBit(0); first >= 0; ) {
      int end = cpus.nextClearBit(first);
      if (!text.isEmpty()) {
        text.append(',');
      }
      text.append(first);
      if (end - first > 1) {
        text.append('-').append(end - 1);
      }
      first = cpus.nextSetBit(end);
    }
    return text.toString();
  }
}
