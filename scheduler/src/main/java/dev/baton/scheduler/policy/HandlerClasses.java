package dev.baton.scheduler.policy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What handlers of each class take: a class is a route, a stage or an event-bus address. Any
 * thread. Counts without atomic operations where loops are concerned: a sample may be lost, none is
 * made up.
 */
public final class HandlerClasses {
  /** The class of handlers that nobody has named, or of more than {@link #MAX} names. */
  public static final int UNKNOWN = 0;

  /** The most classes. */
  public static final int MAX = 1024;

  /** A mean forgets all but the last so many samples. */
  private static final int WINDOW = 32;

  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final Map<String, Integer> numbers = new ConcurrentHashMap<>();
  private final String[] names = new String[MAX];

  // Guarded by numbers for writing
  private volatile int size = 1;

  // Written by any thread, opaque
  private final long[] samples = new long[MAX];
  private final long[] serviceNanos = new long[MAX];
  private final long[] blocks = new long[MAX];
  private final long[] blockedNanos = new long[MAX];
  private final long[] sinceBlock = new long[MAX];

  /** No class but {@link #UNKNOWN}. */
  public HandlerClasses() {
    names[UNKNOWN] = "unknown";
  }

  /** The class with this name, made if there is none; {@link #UNKNOWN} if there are too many. */
  public int of(String name) {
    Integer known = numbers.get(name);
    return known != null ? known : add(name);
  }

  private int add(String name) {
    synchronized (numbers) {
      Integer known = numbers.get(name);
      if (known != null) {
        return known;
      }
      int next = size;
      if (next == MAX) {
        return UNKNOWN;
      }
      names[next] = name;
      size = next + 1;
      numbers.put(name, next);
      return next;
    }
  }

  /** How many classes there are; they are 0 … size-1. */
  public int size() {
    return size;
  }

  /** The name of a class. */
  public String name(int handlerClass) {
    return handlerClass < size ? names[handlerClass] : names[UNKNOWN];
  }

  // ---------------------------------------------------------------- learning

  /** A handler has computed for so long, and did not block. */
  public void ran(int handlerClass, long nanos) {
    add(samples, handlerClass, 1);
    mean(serviceNanos, handlerClass, nanos);
    add(sinceBlock, handlerClass, 1);
  }

  /** A handler lost its loop since it slept, and has ended. */
  public void blocked(int handlerClass, long nanos) {
    add(samples, handlerClass, 1);
    add(blocks, handlerClass, 1);
    mean(blockedNanos, handlerClass, nanos);
    LONGS.setOpaque(sinceBlock, handlerClass, 0L);
  }

  private static void add(long[] counts, int handlerClass, long more) {
    LONGS.setOpaque(counts, handlerClass, (long) LONGS.getOpaque(counts, handlerClass) + more);
  }

  private static void mean(long[] means, int handlerClass, long nanos) {
    long mean = (long) LONGS.getOpaque(means, handlerClass);
    long next = mean == 0 ? nanos : mean + (nanos - mean) / WINDOW;
    LONGS.setOpaque(means, handlerClass, Math.max(1, next));
  }

  // ---------------------------------------------------------------- readers

  /** How many handlers were looked at. */
  public long samples(int handlerClass) {
    return (long) LONGS.getOpaque(samples, handlerClass);
  }

  /** How long they compute, a moving mean in nanoseconds; 0 if none was looked at. */
  public long serviceNanos(int handlerClass) {
    return (long) LONGS.getOpaque(serviceNanos, handlerClass);
  }

  /** How many of them have blocked. */
  public long blocks(int handlerClass) {
    return (long) LONGS.getOpaque(blocks, handlerClass);
  }

  /** How long those that block do so, a moving mean in nanoseconds; 0 if none has. */
  public long blockedNanos(int handlerClass) {
    return (long) LONGS.getOpaque(blockedNanos, handlerClass);
  }

  /** How many handlers have been looked at since one has blocked; all if none ever has. */
  public long samplesSinceBlock(int handlerClass) {
    return (long) LONGS.getOpaque(sinceBlock, handlerClass);
  }
}
