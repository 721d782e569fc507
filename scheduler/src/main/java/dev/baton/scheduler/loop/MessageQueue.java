package dev.baton.scheduler.loop;

import dev.baton.scheduler.policy.HandlerClasses;
import dev.baton.scheduler.policy.Message;
import java.util.ArrayDeque;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The messages for one policy: bounded, in order, numbered as they come. What does not fit is
 * counted, its numbers are missing, and the policy is told before the next message. Any thread
 * adds; one takes.
 */
final class MessageQueue {
  private final Set<Message.Kind> heard;
  private final int capacity;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition notEmpty = lock.newCondition();

  // Guarded by lock
  private final ArrayDeque<Message> messages = new ArrayDeque<>();
  // Guarded by lock
  private long sequence;
  // Guarded by lock
  private long lostSinceTold;
  // Guarded by lock
  private boolean closed;

  private final LongAdder lost = new LongAdder();

  /**
   * An empty queue.
   *
   * @param heard the kinds that are let in
   * @param capacity the most messages that wait, at least 1
   */
  MessageQueue(Set<Message.Kind> heard, int capacity) {
    this.heard = Set.copyOf(heard);
    this.capacity = capacity;
  }

  /** Whether a message of this kind is let in. */
  boolean hears(Message.Kind kind) {
    return heard.contains(kind);
  }

  /** Whether none is. */
  boolean isDeaf() {
    return heard.isEmpty();
  }

  /** Adds a message, unless nobody hears its kind. Does not wait for who takes. */
  void add(Message.Kind kind, long atNanos, int loop, int worker, int handlerClass, long nanos) {
    if (!heard.contains(kind)) {
      return;
    }
    lock.lock();
    try {
      if (closed) {
        return;
      }
      long number = sequence++;
      if (messages.size() == capacity) {
        lost.increment();
        lostSinceTold++;
        return;
      }
      if (lostSinceTold > 0 && messages.size() + 1 < capacity) {
        messages.add(
            new Message(
                number, atNanos, Message.Kind.LOST, -1, -1, HandlerClasses.UNKNOWN, lostSinceTold));
        lostSinceTold = 0;
        number = sequence++;
      }
      messages.add(new Message(number, atNanos, kind, loop, worker, handlerClass, nanos));
      notEmpty.signal();
    } finally {
      lock.unlock();
    }
  }

  /**
   * The next message.
   *
   * @param timeoutNanos how long to wait for it
   * @return null if none has come, or the queue is closed
   */
  @Nullable Message take(long timeoutNanos) throws InterruptedException {
    lock.lock();
    try {
      long left = timeoutNanos;
      while (messages.isEmpty() && !closed) {
        if (left <= 0) {
          return lossToTell();
        }
        left = notEmpty.awaitNanos(Math.min(left, TimeUnit.HOURS.toNanos(1)));
      }
      return messages.poll();
    } finally {
      lock.unlock();
    }
  }

  /** What was lost last is told also if nothing follows. */
  private @Nullable Message lossToTell() {
    if (lostSinceTold == 0 || closed) {
      return null;
    }
    Message told =
        new Message(
            sequence++,
            System.nanoTime(),
            Message.Kind.LOST,
            -1,
            -1,
            HandlerClasses.UNKNOWN,
            lostSinceTold);
    lostSinceTold = 0;
    return told;
  }

  /** Lets nothing in any more, and wakes who takes. */
  void close() {
    lock.lock();
    try {
      closed = true;
      messages.clear();
      notEmpty.signal();
    } finally {
      lock.unlock();
    }
  }

  /** How many were lost. */
  long lost() {
    return lost.sum();
  }
}
