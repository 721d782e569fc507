package dev.baton.server.management;

import dev.baton.scheduler.policy.TakeoverCause;
import java.lang.management.ThreadInfo;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a thread did when it was looked at.
 *
 * @param detail such as what it waits for and who holds that; may be empty
 * @param stack innermost frame first; empty if it was not looked at
 */
record Doing(Kind kind, String detail, List<StackTraceElement> stack) {
  /** Kinds of it, in the words of an operator. */
  enum Kind {
    SLEEPS("asleep"),
    LOCK("waiting for a lock"),
    WAITS("waiting for another thread"),
    FILE("in a file"),
    SOCKET("waiting for a socket"),
    NATIVE("asleep in native code"),
    CPU("waiting for a CPU"),
    COMPUTES("computing");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** Follows "is". */
    String words() {
      return words;
    }
  }

  private static final int MAX_FRAMES = 64;
  private static final Pattern LIBRARY =
      Pattern.compile(
          "(java|javax|jdk|sun|io\\.netty|io\\.vertx|com\\.fasterxml|dev\\.baton\\.scheduler"
              + "|dev\\.baton\\.stages|dev\\.baton\\.server\\.(context|connection|metrics|tracing))\\..*");

  /** Before anybody has looked: as far as the takeover tells. */
  static Doing of(TakeoverCause cause) {
    return new Doing(cause == TakeoverCause.HOG ? Kind.COMPUTES : Kind.SLEEPS, "", List.of());
  }

  /**
   * Tells from a thread's state and stack.
   *
   * @param slept whether it sleeps to the kernel; only asked if the JVM calls it runnable
   */
  static Doing of(Thread.State state, StackTraceElement[] frames, boolean slept) {
    List<StackTraceElement> stack =
        List.of(frames.length <= MAX_FRAMES ? frames : Arrays.copyOf(frames, MAX_FRAMES));
    Kind kind =
        switch (state) {
          case BLOCKED -> Kind.LOCK;
          case WAITING, TIMED_WAITING -> waiting(stack);
          default -> running(stack, slept);
        };
    return new Doing(kind, "", stack);
  }

  private static Kind waiting(List<StackTraceElement> stack) {
    if (has(stack, "java.lang.Thread", "sleep")) {
      return Kind.SLEEPS;
    }
    if (running(stack, false) == Kind.SOCKET) {
      return Kind.SOCKET; // as virtual threads wait for it
    }
    return has(stack, "java.util.concurrent.locks.ReentrantLock", "lock")
            || has(stack, "java.util.concurrent.locks.ReentrantReadWriteLock", "lock")
        ? Kind.LOCK
        : Kind.WAITS;
  }

  private static Kind running(List<StackTraceElement> stack, boolean slept) {
    for (StackTraceElement frame : stack.subList(0, Math.min(4, stack.size()))) {
      String type = frame.getClassName();
      if (type.startsWith("sun.nio.ch.Net")
          || type.startsWith("sun.nio.ch.Socket")
          || type.startsWith("sun.nio.ch.NioSocket")
          || type.startsWith("java.net.")) {
        return Kind.SOCKET;
      }
      if (type.startsWith("java.io.File")
          || type.startsWith("java.io.RandomAccessFile")
          || type.startsWith("sun.nio.ch.File")
          || type.startsWith("sun.nio.ch.UnixFile")
          || type.startsWith("sun.nio.fs.")) {
        return Kind.FILE;
      }
    }
    if (slept) {
      return Kind.NATIVE;
    }
    // It was woken and has not returned yet.
    return !stack.isEmpty() && stack.getFirst().getMethodName().startsWith("epollWait")
        ? Kind.CPU
        : Kind.COMPUTES;
  }

  private static boolean has(List<StackTraceElement> stack, String type, String method) {
    return stack.stream()
        .anyMatch(
            frame -> frame.getClassName().startsWith(type) && frame.getMethodName().equals(method));
  }

  boolean isIn(String method) {
    return stack.stream().anyMatch(frame -> frame.getMethodName().equals(method));
  }

  /** Whether another thread can tell it to go on. */
  boolean isHeldUp() {
    return kind == Kind.LOCK || kind == Kind.WAITS;
  }

  /** With what it waits for, and who holds that. */
  Doing withLock(ThreadInfo thread) {
    String lock = thread.getLockName();
    if (lock == null) {
      return this;
    }
    String owner = thread.getLockOwnerName();
    return new Doing(kind, owner == null ? lock : lock + ", held by " + owner, stack);
  }

  Doing withKind(Kind known) {
    return new Doing(known, "", stack);
  }

  /** The first frame that is the application's own; the innermost one if none is; null without. */
  @Nullable StackTraceElement culprit() {
    return stack.stream()
        .filter(frame -> !LIBRARY.matcher(frame.getClassName()).matches())
        .findFirst()
        .orElse(stack.isEmpty() ? null : stack.getFirst());
  }

  /** Such as {@code asleep in DemoService.block}. */
  String inWords() {
    StackTraceElement at = culprit();
    String type = at == null ? "" : at.getClassName();
    return kind.words()
        + (detail.isEmpty() ? "" : " (" + detail + ")")
        + (at == null
            ? ""
            : " in " + type.substring(type.lastIndexOf('.') + 1) + "." + at.getMethodName());
  }
}
